/**
 * A value as one of two fields of something stored: plain JSON as it is, or the stored form of any other value.
 *
 * Owns which of the two it is, so that what is plain JSON stays readable to nodes of earlier releases. The forms: Json.ts,
 * StoredValue.ts.
 */
import { NotJson, plainJson } from "./Json.ts"
import { isStorableJson } from "./StorableText.ts"
import { encodeValue, NotStorable, type StoredValue } from "./StoredValue.ts"
import { isThrown } from "./Thrown.ts"

export type PlainOrStored = { readonly plain: unknown } | { readonly raw: StoredValue }

/** The value, whose own name is `path`, in one of the two forms. Throws {@link NotStorable} for a value that has neither. */
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
