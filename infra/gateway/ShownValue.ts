/**
 * Values of contexts, replies and events as plain JSON, for people and programs that read them over HTTP.
 *
 * Owns the form of values that JSON does not have: a date is its ISO text, a map a list of entries, a set a
 * list, a bigint its digits, bytes are base64, an error is its name and message. Values without any form are
 * left out. The form in storage, which can be read back, is runtime/json/StoredValue.ts.
 */

/** Deepest nesting that is shown; deeper values are left out. */
const DEPTH_MAX = 256

/** The value as plain JSON; `undefined` if there is nothing to show. Never throws. */
export const shown = (value: unknown): unknown => show(value, 0)

const show = (value: unknown, depth: number): unknown => {
  switch (typeof value) {
    case "string":
    case "boolean":
      return value
    case "number":
      return Number.isFinite(value) ? value : String(value)
    case "bigint":
      return String(value)
    case "object":
      return value === null ? null : depth >= DEPTH_MAX ? undefined : showObject(value, depth + 1)
    default:
      return undefined
  }
}

const showObject = (value: object, depth: number): unknown => {
  if (Array.isArray(value)) return value.map((item) => show(item, depth) ?? null)
  if (value instanceof Date) return Number.isFinite(value.getTime()) ? value.toISOString() : null
  if (value instanceof Map) return [...value].map((entry) => showObject(entry, depth))
  if (value instanceof Set) return showObject([...value], depth)
  if (value instanceof Error) return { name: value.name, message: value.message }
  if (value instanceof Uint8Array) return Buffer.from(value).toString("base64")
  if (value instanceof RegExp) return String(value)
  const fields: Record<string, unknown> = {}
  for (const [key, field] of Object.entries(value)) {
    const visible = show(field, depth)
    if (visible !== undefined && key !== "__proto__") fields[key] = visible
  }
  return fields
}
