/**
 * A value in one of two fields of a record: plain JSON as it is, or the stored form of any other value.
 *
 * Owns the choice, so that nodes of earlier releases can still read plain JSON. The forms: Json.ts,
 * StoredValue.ts.
 */
import { NotJson, plainJson } from "./Json.ts"
import { isStorableJson } from "./StorableText.ts"
import { encodeValue, NotStorable, type StoredValue } from "./StoredValue.ts"
import { isThrown } from "./Thrown.ts"

export type PlainOrStored = { readonly plain: unknown } | { readonly raw: StoredValue }

/**
 * The value in one of the two forms; `path` is its own name. Throws {@link NotStorable} for a value without
 * either form.
 */
export const plainOrStored = (value: unknown, path: string): PlainOrStored => {
  try {
    return { plain: plainJson(value) }
  } catch (cause) {
    if (!isThrown(cause, NotJson)) throw cause
  }
  const raw = encodeValue(value, path)
  if (isStorableJson(raw)) return { raw }
  throw new NotStorable({ path, reason: "it holds text with U+0000 or a lone surrogate" })
}
