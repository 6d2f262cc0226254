/**
 * Text that both the journal and Postgres accept: well-formed Unicode without U+0000.
 *
 * Owns which text that is, and the substitute for other text in places that cannot refuse it any more: events
 * of earlier releases and messages of errors. New text is refused instead, by Json.ts.
 */

/** Stands for each character that cannot be stored. */
const REPLACEMENT = "\ufffd"

export const isStorableText = (text: string): boolean => text.isWellFormed() && !text.includes("\0")

/** The text with U+FFFD in place of each U+0000 and each lone surrogate. */
export const storableText = (text: string): string =>
  isStorableText(text) ? text : text.toWellFormed().replaceAll("\0", REPLACEMENT)

/** Whether all text in arrays and plain objects, keys included, is {@link isStorableText}. */
export const isStorableJson = (value: unknown): boolean => {
  if (typeof value === "string") return isStorableText(value)
  if (typeof value !== "object" || value === null) return true
  if (Array.isArray(value)) return value.every(isStorableJson)
  for (const key in value) {
    if (!isStorableText(key) || !isStorableJson((value as Record<string, unknown>)[key])) return false
  }
  return true
}

/**
 * The value with all its text, keys included, as {@link storableText}; the value itself if all of it is
 * storable.
 */
export const storableJson = <A>(value: A): A => (isStorableJson(value) ? value : (replaced(value) as A))

const replaced = (value: unknown): unknown => {
  if (typeof value === "string") return storableText(value)
  if (typeof value !== "object" || value === null) return value
  if (Array.isArray(value)) return value.map(replaced)
  const prototype = Object.getPrototypeOf(value)
  if (prototype !== Object.prototype && prototype !== null) return value
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [storableText(key), replaced(inner)]))
}
