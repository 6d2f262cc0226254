/**
 * Plain JSON at the boundary: what goes in comes out the same after storage, or is refused with the path to it.
 *
 * Owns the check ({@link plainJson}), and the fingerprint that tells two payloads apart ({@link fingerprint}). Which
 * text can be stored: StorableText.ts.
 */
import { Schema } from "effect"
import { isStorableText } from "./StorableText.ts"

/** Deepest nesting of arrays and objects that is stored. */
export const JSON_DEPTH_MAX = 64

/** A value that would not survive storage. `path` is where, for instance `lines.0.price`. */
export class NotJson extends Schema.TaggedError<NotJson>()("NotJson", {
  path: Schema.String,
  reason: Schema.String,
}) {
  override get message(): string {
    return `${this.path === "" ? "The value" : `"${this.path}"`} is not plain JSON: ${this.reason}`
  }
}

/**
 * The value itself if it is plain JSON; a copy where properties were `undefined` (left out) or numbers `-0` (made 0).
 * Throws {@link NotJson} for NaN, infinities, bigints, dates and other class instances, functions, symbols, cycles,
 * `undefined` inside arrays, text with a lone surrogate or U+0000, a `__proto__` key, and nesting over
 * {@link JSON_DEPTH_MAX}.
 */
export const plainJson = (value: unknown): unknown => plain(value, 0, isStorableText)

/**
 * The same for a copy of what is stored already: a state, an answer on its way. Takes U+0000, because journals of
 * earlier releases hold it, and a copy as JSON text escapes it.
 */
export const plainJsonOfStored = (value: unknown): unknown => plain(value, 0, isWellFormed)

type IsText = (text: string) => boolean

const isWellFormed: IsText = (text) => text.isWellFormed()

const textFault = (text: string): string => (text.isWellFormed() ? "U+0000" : "a lone surrogate")

const plain = (value: unknown, depth: number, isText: IsText): unknown => {
  switch (typeof value) {
    case "string":
      if (!isText(value)) throw new NotJson({ path: "", reason: `a string with ${textFault(value)}` })
      return value
    case "number":
      if (!Number.isFinite(value)) throw new NotJson({ path: "", reason: String(value) })
      return value === 0 ? 0 : value
    case "boolean":
      return value
    case "object":
      if (value === null) return value
      if (depth >= JSON_DEPTH_MAX) {
        throw new NotJson({ path: "", reason: `nested deeper than ${JSON_DEPTH_MAX}, or a cycle` })
      }
      return Array.isArray(value)
        ? plainArray(value, depth, isText)
        : plainObject(value as PlainObject, depth, isText)
    default:
      throw new NotJson({ path: "", reason: `a ${typeof value}` })
  }
}

interface PlainObject {
  readonly [key: string]: unknown
}

const plainArray = (array: ReadonlyArray<unknown>, depth: number, isText: IsText): ReadonlyArray<unknown> => {
  let copy: Array<unknown> | undefined
  for (let index = 0; index < array.length; index++) {
    const before = array[index]
    const after = nested(before, String(index), depth, isText)
    if (!Object.is(after, before)) {
      copy ??= array.slice()
      copy[index] = after
    }
  }
  return copy ?? array
}

const plainObject = (object: PlainObject, depth: number, isText: IsText): PlainObject => {
  const prototype = Object.getPrototypeOf(object)
  if (prototype !== Object.prototype && prototype !== null) {
    throw new NotJson({ path: "", reason: `an instance of ${prototype.constructor?.name ?? "a class"}` })
  }
  let copy: Record<string, unknown> | undefined
  for (const key of Object.keys(object)) {
    if (key === "__proto__") throw new NotJson({ path: key, reason: "a key named __proto__" })
    if (!isText(key)) throw new NotJson({ path: "", reason: `a key with ${textFault(key)}` })
    const before = object[key]
    if (before === undefined) {
      copy ??= { ...object }
      delete copy[key]
      continue
    }
    const after = nested(before, key, depth, isText)
    if (!Object.is(after, before)) {
      copy ??= { ...object }
      copy[key] = after
    }
  }
  return copy ?? object
}

const nested = (value: unknown, key: string, depth: number, isText: IsText): unknown => {
  // The common leaves, without the cost of a try.
  if (typeof value === "string" ? isText(value) : typeof value === "boolean") return value
  try {
    return plain(value, depth + 1, isText)
  } catch (cause) {
    if (!(cause instanceof NotJson)) throw cause
    throw new NotJson({ path: cause.path === "" ? key : `${key}.${cause.path}`, reason: cause.reason })
  }
}

/** A copy of plain JSON that shares nothing with it: its owner may go on changing the original. */
export const copyJson = (value: unknown): unknown => {
  if (typeof value !== "object" || value === null) return value
  if (Array.isArray(value)) return value.map(copyJson)
  const copy: Record<string, unknown> = {}
  for (const key of Object.keys(value)) copy[key] = copyJson((value as PlainObject)[key])
  return copy
}

/**
 * A 64-bit fingerprint of plain JSON as hexadecimal text, the same for every order of object keys. It tells a repeat
 * of a command from another command under the same id; it is no defence against forgery.
 * Two FNV-1a-like lanes of 32 bits; part of the wire format (`fp`).
 */
export const fingerprint = (value: unknown): string => {
  laneA = 0x811c9dc5
  laneB = 0x9e3779b9
  feed(value)
  return (laneA >>> 0).toString(16).padStart(8, "0") + (laneB >>> 0).toString(16).padStart(8, "0")
}

let laneA = 0
let laneB = 0

const feedText = (text: string): void => {
  let a = laneA
  let b = laneB
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index)
    a = Math.imul(a ^ code, 0x01000193)
    b = Math.imul(b ^ code, 0x85ebca6b) ^ (b >>> 13)
  }
  // A separator, so that ["a","b"] and ["ab"] differ.
  laneA = Math.imul(a ^ 0x1f, 0x01000193)
  laneB = Math.imul(b ^ 0x1f, 0x85ebca6b)
}

/** Keys in UTF-16 order. Few ones are sorted in place: `sort` allocates a kilobyte for a handful. */
const sortedKeys = (value: object): ReadonlyArray<string> => {
  const keys = Object.keys(value)
  if (keys.length > FEW_KEYS_MAX) return keys.sort()
  for (let end = 1; end < keys.length; end++) {
    const key = keys[end] as string
    let at = end
    for (; at > 0 && (keys[at - 1] as string) > key; at--) keys[at] = keys[at - 1] as string
    keys[at] = key
  }
  return keys
}

/** Keys up to which insertion beats the engine's sort. */
const FEW_KEYS_MAX = 16

const feed = (value: unknown): void => {
  if (typeof value === "string") {
    feedText("s")
    feedText(value)
  } else if (Array.isArray(value)) {
    feedText("[")
    for (const element of value) feed(element)
    feedText("]")
  } else if (typeof value === "object" && value !== null) {
    feedText("{")
    for (const key of sortedKeys(value)) {
      const inner = (value as PlainObject)[key]
      if (inner === undefined) continue
      feedText(key)
      feed(inner)
    }
    feedText("}")
  } else {
    feedText(String(value))
  }
}
