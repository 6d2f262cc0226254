/** Text as one word of a command line, for commands that users copy into their shell. */

/** The text between double quotes. */
export const quoted = (text: string): string => `"${text.replaceAll(/["\\$`]/g, "\\$&")}"`

/** The text, between quotes only if a shell would read it in another way. */
export const shellWord = (text: string): string => (/^[\w./@+-]+$/.test(text) ? text : quoted(text))
