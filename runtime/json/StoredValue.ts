/**
 * Values that JSON does not have, written as JSON: `undefined`, dates, maps, sets, errors, special numbers and bytes.
 *
 * Owns the form ({@link encodeValue}, {@link decodeValue}) and which values have one. A value without a form
 * is refused with its path. Contexts in snapshots, and values that calls return and throw, are stored in this
 * form. Events of users are plain JSON (Json.ts).
 *
 * Form: a value of JSON is stored as it is. Any other value is an object with the single key `$`. The key's
 * value is a list: first the kind, then the data of that kind. A user's object with a key `$` or `__proto__`
 * is written as a list of entries.
 */
import { Schema } from "effect"
import { errorClass } from "../error/EverstateError.ts"
import { isThrown, thrownText } from "./Thrown.ts"

/**
 * Deepest nesting of a stored value. A value inside itself has no end, and is refused because it is too deep.
 */
export const VALUE_DEPTH_MAX = 256

/** A value that has no stored form. `path` says where, for instance `context.cart.items[3]`. */
export class NotStorable extends errorClass<NotStorable>()(
  "NotStorable",
  {
    path: Schema.String,
    reason: Schema.String,
  },
  {
    kind: "terminal",
    retry: "never",
    hint: "Keep values only: no functions, and no instances of classes of your own.",
  },
) {
  override get message(): string {
    return `${this.path === "" ? "the value" : this.path} cannot be stored: ${this.reason}`
  }
}

/** A value as JSON, in the form of this module. */
export type StoredValue = null | boolean | number | string | ReadonlyArray<unknown> | object

const TAG = "$"

type Tagged = { readonly [TAG]: ReadonlyArray<unknown> }

const tagged = (...parts: ReadonlyArray<unknown>): Tagged => ({ [TAG]: parts })

/** Error classes that decoding restores. An instance of any other class is refused. */
const ERROR_CLASSES: { readonly [name: string]: ErrorConstructor | AggregateErrorConstructor } = {
  Error,
  AggregateError,
  EvalError,
  RangeError,
  ReferenceError,
  SyntaxError,
  TypeError,
  URIError,
}

/** Name of the built-in class of the error, if it is a direct instance; `undefined` for any other class. */
export const errorClassOf = (error: object): string | undefined => {
  const prototype: unknown = Object.getPrototypeOf(error)
  for (const name in ERROR_CLASSES) if (ERROR_CLASSES[name]?.prototype === prototype) return name
  return undefined
}

/** An empty error of the class; of `Error` if the class is not built in. */
export const errorOfClass = (name: string): Error => {
  const Class = Object.hasOwn(ERROR_CLASSES, name) ? ERROR_CLASSES[name] : undefined
  return Reflect.construct(Class ?? Error, Class === AggregateError ? [[]] : [])
}

/** Why a value that is no plain object or list has no stored form; `undefined` if it has one. */
export const unstorableReason = (value: object): string | undefined => {
  const prototype: unknown = Object.getPrototypeOf(value)
  switch (prototype) {
    case Date.prototype:
    case Map.prototype:
    case Set.prototype:
    case RegExp.prototype:
    case Uint8Array.prototype:
      return undefined
    default:
      return errorClassOf(value) === undefined ? `an instance of ${classNameOf(value)}` : undefined
  }
}

const classNameOf = (value: object): string => {
  const name: unknown = (value as { readonly constructor?: { readonly name?: unknown } }).constructor?.name
  return typeof name === "string" && name !== "" ? name : "a class"
}

/** The value in its stored form. Throws {@link NotStorable}; `path` is the name of the value itself. */
export const encodeValue = (value: unknown, path = ""): StoredValue => {
  try {
    return encode(value, 0) as StoredValue
  } catch (cause) {
    throw at(path, cause)
  }
}

const UNDEFINED = tagged("undefined")

const encode = (value: unknown, depth: number): unknown => {
  switch (typeof value) {
    case "string":
    case "boolean":
      return value
    case "number":
      if (Number.isFinite(value) && !Object.is(value, -0)) return value
      return tagged("number", Object.is(value, -0) ? "-0" : String(value))
    case "undefined":
      return UNDEFINED
    case "bigint":
      return tagged("bigint", String(value))
    case "object":
      if (value === null) return value
      if (depth >= VALUE_DEPTH_MAX)
        throw refusal(`it is nested deeper than ${VALUE_DEPTH_MAX}, or inside itself`)
      return Array.isArray(value) ? encodeList(value, depth) : encodeObject(value, depth)
    default:
      throw refusal(`it is a ${typeof value}`)
  }
}

const encodeList = (list: ReadonlyArray<unknown>, depth: number): ReadonlyArray<unknown> | Tagged => {
  const prototype: unknown = Object.getPrototypeOf(list)
  if (prototype !== Array.prototype) throw refusal(`it is an instance of ${classNameOf(list)}`)
  if (Object.getOwnPropertySymbols(list).length > 0) throw refusal(SYMBOL_KEY)
  const keys = Object.keys(list)
  const last = keys.at(-1)
  // Keys that are no indexes come after the indexes.
  if (last !== undefined && String(Number(last) >>> 0) !== last) {
    throw refusal(
      `it is a list with the field ${JSON.stringify(last)}, as of a match of a pattern; copy what is needed of it`,
    )
  }
  if (keys.length < list.length) {
    const entries = keys.map((key) => [Number(key), encodeAt(`[${key}]`, list[Number(key)], depth)])
    return tagged("sparse", list.length, entries)
  }
  const parts: Array<unknown> = []
  for (let index = 0; index < list.length; index++) parts.push(encodeAt(`[${index}]`, list[index], depth))
  return parts
}

const SYMBOL_KEY = "it has a key that is a symbol"

const encodeAt = (path: string, value: unknown, depth: number): unknown => {
  try {
    return encode(value, depth + 1)
  } catch (cause) {
    throw at(path, cause)
  }
}

/** The field of an object, which may throw when it is read. */
const encodeField = (value: object, key: string, depth: number): unknown => {
  try {
    return encode((value as Fields)[key], depth + 1)
  } catch (cause) {
    throw at(keyText(key), cause)
  }
}

interface Fields {
  readonly [key: string]: unknown
}

const encodeObject = (value: object, depth: number): object => {
  const prototype: unknown = Object.getPrototypeOf(value)
  if (Object.getOwnPropertySymbols(value).length > 0) throw refusal(SYMBOL_KEY)
  if (prototype === Object.prototype) {
    const isEscaped = Object.hasOwn(value, TAG) || Object.hasOwn(value, "__proto__")
    return isEscaped ? tagged("object", entriesOf(value, depth)) : encodeFields(value, depth)
  }
  if (prototype === null) return tagged("bare", entriesOf(value, depth))
  const reason = unstorableReason(value)
  if (reason !== undefined) throw refusal(`it is ${reason}`)
  return encodeBuiltIn(value, depth)
}

const encodeFields = (value: object, depth: number): Fields => {
  const fields: Record<string, unknown> = {}
  for (const key of Object.keys(value)) {
    fields[key] = encodeField(value, key, depth)
  }
  return fields
}

const entriesOf = (value: object, depth: number): ReadonlyArray<readonly [string, unknown]> =>
  Object.keys(value).map((key) => [key, encodeField(value, key, depth)] as const)

const encodeBuiltIn = (value: object, depth: number): Tagged => {
  if (value instanceof Date) {
    const ms = value.getTime()
    return tagged("Date", Number.isNaN(ms) ? null : ms)
  }
  if (value instanceof Map) {
    const entries = [...value].map(([key, inner], index) => [
      encodeAt(`.keys()[${index}]`, key, depth),
      encodeAt(`.values()[${index}]`, inner, depth),
    ])
    return tagged("Map", entries)
  }
  if (value instanceof Set) {
    return tagged(
      "Set",
      [...value].map((inner, index) => encodeAt(`.values()[${index}]`, inner, depth)),
    )
  }
  if (value instanceof RegExp) return tagged("RegExp", value.source, value.flags, value.lastIndex)
  if (value instanceof Uint8Array) return tagged("bytes", base64Of(value))
  return encodeError(value as Error, depth)
}

/** Own fields of an error that are not enumerable and still stored. The stack is not stored. */
const HIDDEN_FIELDS = ["name", "message", "cause", "errors"] as const

const encodeError = (error: Error, depth: number): Tagged => {
  const entry = (key: string) => [key, encodeField(error, key, depth)] as const
  const own = Object.keys(error).filter((key) => key !== "stack")
  const hidden = HIDDEN_FIELDS.filter((key) => Object.hasOwn(error, key) && !own.includes(key))
  return tagged("Error", errorClassOf(error), hidden.map(entry), own.map(entry))
}

/** The value of a stored form. Throws for any other input. */
export const decodeValue = (stored: unknown): unknown => {
  if (typeof stored !== "object" || stored === null) return stored
  if (Array.isArray(stored)) return stored.map(decodeValue)
  if (Object.hasOwn(stored, TAG)) return decodeTagged((stored as Tagged)[TAG])
  const value: Record<string, unknown> = {}
  for (const key of Object.keys(stored)) value[key] = decodeValue((stored as Fields)[key])
  return value
}

const decodeTagged = (parts: ReadonlyArray<unknown>): unknown => {
  const [kind, data, more, last] = Array.isArray(parts) ? parts : []
  switch (kind) {
    case "undefined":
      return undefined
    case "number":
      return Number(data)
    case "bigint":
      return BigInt(data as string)
    case "Date":
      return new Date((data as number | null) ?? Number.NaN)
    case "RegExp":
      return Object.assign(new RegExp(data as string, more as string), { lastIndex: last as number })
    case "Map":
      return new Map(decodeEntries(data))
    case "sparse":
      return sparseList(data, more)
    case "Set":
      return new Set((data as ReadonlyArray<unknown>).map(decodeValue))
    case "bytes":
      return Uint8Array.from(atob(data as string), (unit) => unit.charCodeAt(0))
    case "Error":
      return decodeError(String(data), more, last)
    case "object":
      return filled({}, data)
    case "bare":
      return filled(Object.create(null), data)
    default:
      throw new Error(`a stored value of the kind ${thrownText(kind)}, which is not known here`)
  }
}

/** A list with holes. */
const sparseList = (length: unknown, entries: unknown): ReadonlyArray<unknown> => {
  const list = new Array<unknown>(Number(length))
  for (const [index, value] of decodeEntries(entries)) list[index as number] = value
  return list
}

const decodeEntries = (entries: unknown): ReadonlyArray<readonly [unknown, unknown]> =>
  (entries as ReadonlyArray<readonly [unknown, unknown]>).map(
    ([key, value]) => [decodeValue(key), decodeValue(value)] as const,
  )

const filled = (target: object, entries: unknown): object => {
  for (const [key, value] of decodeEntries(entries)) define(target, String(key), value, true)
  return target
}

const define = (target: object, key: string, value: unknown, enumerable: boolean): void => {
  Object.defineProperty(target, key, { value, enumerable, writable: true, configurable: true })
}

const decodeError = (className: string, hidden: unknown, own: unknown): Error => {
  const error = errorOfClass(className)
  for (const [key, value] of decodeEntries(hidden)) define(error, String(key), value, false)
  for (const [key, value] of decodeEntries(own)) define(error, String(key), value, true)
  define(error, "stack", `${error.name}: ${error.message}`, false)
  return error
}

const base64Of = (bytes: Uint8Array): string => {
  let units = ""
  for (const byte of bytes) units += String.fromCharCode(byte)
  return btoa(units)
}

/** Whether decoding gives another value than the JSON itself, because the JSON holds a tag. */
export const hasTags = (stored: unknown): boolean => {
  if (typeof stored !== "object" || stored === null) return false
  if (Array.isArray(stored)) return stored.some(hasTags)
  if (Object.hasOwn(stored, TAG)) return true
  for (const key in stored) if (hasTags((stored as Fields)[key])) return true
  return false
}

const refusal = (reason: string): NotStorable => new NotStorable({ path: "", reason })

/**
 * The refusal with the container's key added to its path. An error that reading threw becomes a refusal too.
 */
const at = (key: string, cause: unknown): NotStorable => {
  if (!isThrown(cause, NotStorable)) {
    return new NotStorable({ path: key, reason: `reading it threw ${thrownText(cause)}` })
  }
  return key === "" ? cause : new NotStorable({ path: `${key}${cause.path}`, reason: cause.reason })
}

const IDENTIFIER = /^[\p{ID_Start}_][\p{ID_Continue}]*$/u

const keyText = (key: string): string => (IDENTIFIER.test(key) ? `.${key}` : `[${JSON.stringify(key)}]`)
