/** Text as the value of a header: each byte of its UTF-8 is one character, as Node and the web want it. */
export const utf8Header = (text: string): string => Buffer.from(text, "utf8").toString("latin1")
