/**
 * The rules of CloudEvents 1.0.2 and of its JSON format, as far as an event in structured mode with JSON data meets
 * them: attribute names and types, required attributes, URIs, timestamps, and what a string may hold.
 */

/** Every rule that `event` breaks, as `attribute: what is wrong`. */
export const breachesOfCloudEvents = (event: Record<string, unknown>): ReadonlyArray<string> => {
  const breaches: Array<string> = []
  const report = (name: string, what: string) => breaches.push(`${name}: ${what}`)
  for (const name of ["id", "source", "specversion", "type"]) {
    if (event[name] === undefined) report(name, "missing")
  }
  if (event.specversion !== "1.0") report("specversion", "not 1.0")
  for (const [name, value] of Object.entries(event)) {
    if (name === "data" || value === undefined) continue
    const breach = breachOfAttribute(name, value)
    if (breach !== undefined) report(name, breach)
  }
  return breaches
}

const breachOfAttribute = (name: string, value: unknown): string | undefined => {
  if (!/^[a-z0-9]+$/.test(name)) return "a name that is not lower-case letters and digits"
  if (typeof value === "boolean") return undefined
  if (typeof value === "number") {
    return Number.isInteger(value) && Math.abs(value) < 2 ** 31 ? undefined : "no 32-bit integer"
  }
  if (typeof value !== "string") return "no attribute type"
  if (value === "") return "empty"
  if (/[\p{Cc}\p{Cs}\p{Noncharacter_Code_Point}]/u.test(value)) return "a forbidden character"
  return forms[name]?.(value)
}

const uriCharacters = /^(?:[A-Za-z0-9\-._~:/?#[\]@!$&'()*+,;=]|%[0-9A-Fa-f]{2})+$/

const forms: { readonly [name: string]: (value: string) => string | undefined } = {
  source: (value) => (uriCharacters.test(value) ? undefined : "no URI reference"),
  dataschema: (value) =>
    uriCharacters.test(value) && /^[A-Za-z][A-Za-z0-9+.-]*:/.test(value) ? undefined : "no absolute URI",
  datacontenttype: (value) => (/^[\w.+-]+\/[\w.+-]+(;.*)?$/.test(value) ? undefined : "no media type"),
  time: (value) =>
    /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/.test(value)
      ? undefined
      : "no RFC 3339 timestamp",
}
