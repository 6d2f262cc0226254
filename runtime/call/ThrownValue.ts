/**
 * An error that the function of a call threw, in the form in which it is stored and reaches the machine as
 * `event.error`.
 *
 * Owns which parts are kept: an error keeps its name, message, code, cause and own fields, an object its
 * fields. Every thrown value gets a stored form, because the actor must learn that its call has ended.
 * Functions are left out, instances of classes become plain objects, and long texts, long lists and deep
 * parts are cut.
 */
import { storableText } from "../json/StorableText.ts"
import {
  decodeValue,
  encodeValue,
  errorClassOf,
  errorOfClass,
  type StoredValue,
  unstorableReason,
} from "../json/StoredValue.ts"
import { isThrown, thrownText } from "../json/Thrown.ts"

/** Number of characters of text, keys included, that are kept of a thrown value; the rest is cut. */
export const THROWN_TEXT_LENGTH_MAX = 16_384

/** Number of values that are kept of a thrown value: fields, elements and causes; the rest is left out. */
export const THROWN_VALUES_MAX = 1_000

/** Deepest nesting that is kept; causes count. */
export const THROWN_DEPTH_MAX = 16

/** The stored form of any thrown value. */
export const thrownValue = (thrown: unknown): StoredValue => {
  const kept = { textLength: 0, valueCount: 0 }
  try {
    return encodeValue(keptOf(thrown, 0, kept))
  } catch {
    return storableText(thrownText(thrown)).slice(0, THROWN_TEXT_LENGTH_MAX)
  }
}

/** The thrown value as it comes back from its stored form. */
export const thrownAsStored = (thrown: unknown): unknown => decodeValue(thrownValue(thrown))

interface Kept {
  textLength: number
  valueCount: number
}

/** Stands for a value that is not kept. */
const LEFT_OUT: unique symbol = Symbol("left out")

const keptOf = (value: unknown, depth: number, kept: Kept): unknown => {
  if (kept.valueCount >= THROWN_VALUES_MAX || depth > THROWN_DEPTH_MAX) return LEFT_OUT
  kept.valueCount++
  switch (typeof value) {
    case "string":
      return keptText(value, kept)
    case "bigint":
      return keptBigInt(value, kept)
    case "function":
    case "symbol":
      // At the top its text is stored instead; inside another value it is left out.
      return depth === 0 ? keptText(thrownText(value), kept) : LEFT_OUT
    case "object":
      return value === null ? value : keptObject(value, depth, kept)
    default:
      return value
  }
}

/** Digits count as text. A number with more digits than all text may have is not converted at all. */
const keptBigInt = (value: bigint, kept: Kept): unknown => {
  if (BigInt.asIntN(BIGINT_BITS_MAX, value) !== value) return LEFT_OUT
  const { length } = String(value)
  if (kept.textLength + length > THROWN_TEXT_LENGTH_MAX) return LEFT_OUT
  kept.textLength += length
  return value
}

/** A digit has more than three bits. */
const BIGINT_BITS_MAX = 4 * THROWN_TEXT_LENGTH_MAX

const keptText = (text: string, kept: Kept): string => {
  const cut = storableText(text.slice(0, THROWN_TEXT_LENGTH_MAX - kept.textLength))
  kept.textLength += cut.length
  return cut
}

const keptObject = (value: object, depth: number, kept: Kept): unknown => {
  if (isThrown(value, Error)) return keptError(value, depth, kept)
  if (Array.isArray(value)) return keptList(value, depth, kept)
  if (value instanceof Map) return keptEntries(value, depth, kept)
  if (value instanceof Set) return new Set(keptList(value, depth, kept))
  const isPlain = Object.getPrototypeOf(value) === Object.prototype
  if (!isPlain && unstorableReason(value) === undefined) return keptBuiltIn(value, kept)
  return Object.fromEntries(keptFields(value, Object.keys(value), depth, kept))
}

/** Stored forms of dates, patterns and bytes. */
const keptBuiltIn = (value: object, kept: Kept): unknown => {
  const length = value instanceof Uint8Array ? value.length : String(value).length
  if (kept.textLength + length > THROWN_TEXT_LENGTH_MAX) return LEFT_OUT
  kept.textLength += length
  return value
}

const keptList = (list: Iterable<unknown>, depth: number, kept: Kept): Array<unknown> => {
  const parts: Array<unknown> = []
  for (const element of list) {
    // A list may have a billion elements and nothing in them.
    if (kept.valueCount >= THROWN_VALUES_MAX) break
    const part = keptOf(element, depth + 1, kept)
    if (part !== LEFT_OUT) parts.push(part)
  }
  return parts
}

/** Entries of a map. An entry whose key is left out is left out too. */
const keptEntries = (
  map: ReadonlyMap<unknown, unknown>,
  depth: number,
  kept: Kept,
): Map<unknown, unknown> => {
  const entries = new Map<unknown, unknown>()
  for (const [key, value] of map) {
    const [keptKey, keptValue] = [keptOf(key, depth + 2, kept), keptOf(value, depth + 2, kept)]
    if (kept.valueCount >= THROWN_VALUES_MAX) break
    if (keptKey !== LEFT_OUT && keptValue !== LEFT_OUT) entries.set(keptKey, keptValue)
  }
  return entries
}

const keptFields = (
  value: object,
  keys: Iterable<string>,
  depth: number,
  kept: Kept,
): ReadonlyArray<readonly [string, unknown]> => {
  const fields: Array<readonly [string, unknown]> = []
  for (const key of keys) {
    if (kept.textLength + key.length > THROWN_TEXT_LENGTH_MAX) break
    const name = keptText(key, kept)
    const field = keptOf(partOf(value, key), depth + 1, kept)
    if (field !== LEFT_OUT) fields.push([name, field])
  }
  return fields
}

const partOf = (value: object, key: string): unknown => {
  try {
    return value[key as never]
  } catch (cause) {
    return `(reading it threw ${thrownText(cause)})`
  }
}

/** Fields of an error that are kept even if the class has them and not the error itself. */
const NAMED_FIELDS = ["name", "message", "code", "_tag", "cause", "errors"] as const

/**
 * An error of the nearest class of JavaScript, because some readers of the journal do not know classes of
 * users.
 */
const keptError = (error: Error, depth: number, kept: Kept): Error => {
  const own = Object.keys(error).filter((key) => key !== "stack")
  const named = NAMED_FIELDS.filter((key) => !own.includes(key) && partOf(error, key) !== undefined)
  const copy: Error = errorOfClass(errorClassOf(error) ?? nearestClassOf(error))
  for (const [key, value] of keptFields(error, [...named, ...own], depth, kept)) {
    const enumerable = own.includes(key) || key === "code" || key === "_tag"
    if (copy[key as never] !== value) {
      Object.defineProperty(copy, key, { value, enumerable, writable: true, configurable: true })
    }
  }
  return copy
}

const nearestClassOf = (error: Error): string => {
  let prototype: object | null = Object.getPrototypeOf(error)
  while (prototype !== null) {
    const name = errorClassOf(Object.create(prototype))
    if (name !== undefined) return name
    prototype = Object.getPrototypeOf(prototype)
  }
  return "Error"
}
