/**
 * Text that is not ASCII in headers: each byte of its UTF-8 is one character of the value, as Node and the web
 * have it.
 */

const utf8 = new TextDecoder("utf-8", { fatal: true })

/** Text of a header's value. Most names of people are sent as UTF-8; what is no UTF-8 is Latin-1. */
export const utf8Text = (value: string): string => {
  try {
    return utf8.decode(Buffer.from(value, "latin1"))
  } catch {
    return value
  }
}

/** The text as the value of a header. */
export const utf8Header = (text: string): string => Buffer.from(text, "utf8").toString("latin1")
