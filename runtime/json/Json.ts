/**
 * Plain JSON at the boundary: a value comes out of storage as it went in, or is refused with the path to the
 * problem.
 *
 * Owns the check ({@link plainJson}). Which text can be stored: StorableText.ts. How payloads are compared:
 * Fingerprint.ts.
 */
import { Schema } from "effect"
import { errorClass } from "../error/EverstateError.ts"
import { isStorableText } from "./StorableText.ts"
import { isThrown, thrownText } from "./Thrown.ts"

/** Deepest nesting of arrays and objects that is stored. */
export const JSON_DEPTH_MAX = 64

/** A value that would change in storage. `path` leads to it, for instance `lines.0.price`. */
export class NotJson extends errorClass<NotJson>()(
  "NotJson",
  {
    path: Schema.String,
    reason: Schema.String,
  },
  {
    kind: "terminal",
    retry: "never",
    hint: "Use text, finite numbers, booleans, null, lists and plain objects only.",
  },
) {
  override get message(): string {
    return `${this.path === "" ? "The value" : `"${this.path}"`} is not plain JSON: ${this.reason}`
  }
}

/**
 * A copy of the value, if it is plain JSON. Properties that are `undefined` are left out, and `-0` becomes 0.
 * Every property is read once, so a getter or proxy cannot give another value later.
 * Throws {@link NotJson} for values that throw when they are read, NaN, infinities, bigints, dates and other class
 * instances, functions, symbols, cycles, `undefined` inside arrays, text with a lone surrogate or U+0000, a `__proto__`
 * key, and nesting over {@link JSON_DEPTH_MAX}.
 */
export const plainJson = (value: unknown): unknown => {
  try {
    return plain(value, 0, isStorableText)
  } catch (cause) {
    throw notJsonAt(undefined, cause)
  }
}

/**
 * Like {@link plainJson}, for a copy of a value that is stored already: a state, or an answer on its way.
 * Accepts U+0000, because journals of earlier releases hold it, and JSON text escapes it.
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
      throw new NotJson({ path: "", reason: `a ${typeof value}${remedyFor(typeof value)}` })
  }
}

/** Advice for kinds of values that callers often give although JSON has no form for them. */
const REMEDIES: { readonly [kind: string]: string } = {
  bigint: "its text",
  Date: "its ISO text or its milliseconds",
  Map: "a list of its entries",
  Set: "a list of its members",
}

const remedyFor = (kind: string): string => (Object.hasOwn(REMEDIES, kind) ? ` (give ${REMEDIES[kind]})` : "")

const plainArray = (array: ReadonlyArray<unknown>, depth: number, isText: IsText): ReadonlyArray<unknown> => {
  const copy: Array<unknown> = []
  let index = 0
  try {
    for (; index < array.length; index++) copy.push(plain(array[index], depth + 1, isText))
  } catch (cause) {
    throw notJsonAt(String(index), cause)
  }
  return copy
}

interface PlainObject {
  readonly [key: string]: unknown
}

const plainObject = (object: PlainObject, depth: number, isText: IsText): PlainObject => {
  const copy: Record<string, unknown> = {}
  let at: string | undefined
  try {
    const prototype = Object.getPrototypeOf(object)
    if (prototype !== Object.prototype && prototype !== null) {
      const name = String(prototype.constructor?.name ?? "a class")
      throw new NotJson({ path: "", reason: `an instance of ${name}${remedyFor(name)}` })
    }
    for (const key of Object.keys(object)) {
      if (!isText(key)) throw new NotJson({ path: "", reason: `a key with ${textFault(key)}` })
      at = key
      if (key === "__proto__") throw new NotJson({ path: "", reason: "a key named __proto__" })
      const value = object[key]
      if (value !== undefined) copy[key] = plain(value, depth + 1, isText)
      at = undefined
    }
  } catch (cause) {
    throw notJsonAt(at, cause)
  }
  return copy
}

/**
 * The refusal with the container's key added to its path. An error that reading threw becomes a refusal too.
 */
const notJsonAt = (key: string | undefined, cause: unknown): NotJson => {
  const isRefusal = isThrown(cause, NotJson)
  const reason = isRefusal ? cause.reason : `reading it threw ${thrownText(cause)}`
  const inner = isRefusal ? cause.path : ""
  if (key === undefined) return new NotJson({ path: inner, reason })
  return new NotJson({ path: inner === "" ? key : `${key}.${inner}`, reason })
}

/** A copy of plain JSON that shares nothing with the original, so the original's owner may change it. */
export const copyJson = (value: unknown): unknown => {
  if (typeof value !== "object" || value === null) return value
  if (Array.isArray(value)) return value.map(copyJson)
  const copy: Record<string, unknown> = {}
  for (const key of Object.keys(value)) copy[key] = copyJson((value as PlainObject)[key])
  return copy
}
