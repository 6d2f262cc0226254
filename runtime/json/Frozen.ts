/**
 * Frozen values: user code cannot change what the runtime shares with it.
 *
 * Owns the deep freeze of plain objects and arrays ({@link frozen}), and copies of values that cannot be
 * frozen: dates, maps, sets, bytes, instances of classes ({@link handedOut}). If a state shares most parts
 * with the state before, only the new parts cost time. The same walk notices values that may have no stored
 * form ({@link isUnproven}).
 */
import { errorClassOf, errorOfClass, unstorableReason, VALUE_DEPTH_MAX } from "./StoredValue.ts"

/** What a walk finds in a value, as bits. */
type Traits = number

/** A part of the value can be changed although the value is frozen. */
const CHANGEABLE = 1
/** A part of the value may have no stored form; only encoding it shows whether it has one. */
const UNPROVEN = 2

/**
 * Traits of objects that were walked. Most objects live for one commit and are not worth an entry, which costs as much as
 * some walks. An object that was frozen here and has only frozen parts gets its entry when it is met again in a value
 * with many such objects.
 */
const knownTraits = new WeakMap<object, Traits>()

/** Frozen objects of a value that are walked again without an entry. */
const WALKED_AGAIN_MAX = 32

/** How many more of them there may be in the value that is walked now. */
let walkableAgain = 0

/** Freezes the plain objects and arrays of the value at every depth, and returns the value itself. */
export const frozen = <A>(value: A): A => {
  walkableAgain = WALKED_AGAIN_MAX
  freeze(value, 0)
  return value
}

/**
 * Whether a {@link frozen} value may hold something without a stored form. False: every part has a stored
 * form.
 */
export const isUnproven = (value: unknown): boolean => (traitsOf(value) & UNPROVEN) !== 0

/** Traits of a value whose plain parts are frozen already. */
const traitsOf = (value: unknown): Traits => {
  if (typeof value !== "object" || value === null) return traitsOfPrimitive(value)
  return isPlain(value) ? (knownTraits.get(value) ?? 0) : traitsOfInstance(value)
}

const traitsOfPrimitive = (value: unknown): Traits =>
  typeof value === "function" || typeof value === "symbol" ? UNPROVEN : 0

const passedOn = new WeakSet<object>()

/** Marks an instance that is never copied: user code gets it as it is, and it has no stored form. */
export const passOn = (value: object): void => {
  passedOn.add(value)
}

/** Traits of an instance of a class. The content of a map, set or error is not looked at. */
const traitsOfInstance = (value: object): Traits => {
  if (passedOn.has(value)) return UNPROVEN
  const isProven = value instanceof Date || value instanceof RegExp || value instanceof Uint8Array
  return isProven && unstorableReason(value) === undefined ? CHANGEABLE : CHANGEABLE | UNPROVEN
}

/**
 * Depth from which a value is unproven, because the stored form has a maximum depth and the state around a
 * context uses some of it.
 */
const PROVEN_DEPTH_MAX = VALUE_DEPTH_MAX / 2

/** Freezes a value at every depth, as far as it can be frozen. */
const freeze = (value: unknown, depth: number): Traits => {
  if (typeof value !== "object" || value === null) return traitsOfPrimitive(value)
  if (!isPlain(value)) return traitsOfInstance(value)
  if (!Object.isFrozen(value)) {
    Object.freeze(value)
    const traits = freezeParts(value, depth + 1)
    if (traits !== 0) knownTraits.set(value, traits)
    return traits
  }
  const known = knownTraits.get(value)
  if (known !== undefined) return known
  // The value was frozen here, or by its owner, who may not have frozen the parts.
  const isEntered = walkableAgain-- <= 0
  // The entry ends the walk of a cycle, which has no stored form.
  if (isEntered) knownTraits.set(value, CHANGEABLE | UNPROVEN)
  const traits = freezeParts(value, depth + 1)
  if (isEntered || traits !== 0) knownTraits.set(value, traits)
  return traits
}

const freezeParts = (value: object, depth: number): Traits => {
  let traits = depth > PROVEN_DEPTH_MAX ? UNPROVEN : 0
  if (Array.isArray(value)) {
    // The result of a RegExp match is a list with fields. A stored list has no fields.
    if ((value as { readonly index?: unknown }).index !== undefined) traits |= UNPROVEN
    if (Object.getPrototypeOf(value) !== Array.prototype) traits |= UNPROVEN
    // Most walks come before the engine compiles this, and then `for...of` makes an object for each element.
    for (let index = 0; index < value.length; index++) traits |= freeze(value[index], depth)
  } else {
    for (const key in value) traits |= freeze((value as PlainObject)[key], depth)
  }
  return traits
}

interface PlainObject {
  readonly [key: string]: unknown
}

const isPlain = (value: object): boolean => Array.isArray(value) || isPlainObject(value)

/** Whether the value is an object without a class. */
export const isPlainObject = (value: object): boolean => {
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === Object.prototype || prototype === null
}

/**
 * A {@link frozen} value for user code that must not change it: parts that cannot be frozen are copied. An
 * instance of a class is copied with its fields. An instance without own fields, such as a `URL`, is passed
 * on as it is.
 */
export const handedOut = <A>(value: A): A => (isChangeable(value) ? (copyOf(value, new Map()) as A) : value)

const isChangeable = (value: unknown): boolean =>
  typeof value === "object" && value !== null && (traitsOf(value) & CHANGEABLE) !== 0

const copyOf = (value: unknown, copies: Map<object, unknown>, isFrozenInside = true): unknown => {
  if (typeof value !== "object" || value === null) return value
  if ((isFrozenInside && !isChangeable(value)) || passedOn.has(value)) return value
  const known = copies.get(value)
  if (known !== undefined) return known
  const keep = <Copy extends object>(copy: Copy): Copy => {
    copies.set(value, copy)
    return copy
  }
  // The freeze does not reach into a value that cannot be frozen, so everything inside is copied too.
  const copied = (part: unknown) => copyOf(part, copies, isFrozenInside && isPlain(value))
  if (Array.isArray(value)) {
    const copy = keep([] as Array<unknown>)
    for (const element of value) copy.push(copied(element))
    return Object.freeze(copy)
  }
  if (value instanceof ArrayBuffer || ArrayBuffer.isView(value)) return keep(structuredClone(value))
  const fields = Object.getOwnPropertyDescriptors(value)
  const isEmpty = Reflect.ownKeys(fields).length === 0
  const copy = builtInCopy(value, keep, copied) ?? (isEmpty ? undefined : keep({}))
  if (copy === undefined) return value
  Object.setPrototypeOf(copy, Object.getPrototypeOf(value))
  for (const key of Reflect.ownKeys(fields)) {
    const field = fields[key as never] as PropertyDescriptor
    Object.defineProperty(copy, key, "value" in field ? { ...field, value: copied(field.value) } : field)
  }
  return isPlain(value) ? Object.freeze(copy) : copy
}

/** The copy is registered before it is filled, because its content may refer back to it. */
const builtInCopy = (
  value: object,
  keep: <Copy extends object>(copy: Copy) => Copy,
  copied: (part: unknown) => unknown,
): object | undefined => {
  if (value instanceof Date) return keep(new Date(value))
  if (value instanceof RegExp) return keep(new RegExp(value))
  if (value instanceof Error) return keep(errorOfClass(errorClassOf(value) ?? "Error"))
  if (value instanceof Map) {
    const copy = keep(new Map())
    for (const [key, inner] of value) copy.set(copied(key), copied(inner))
    return copy
  }
  if (value instanceof Set) {
    const copy = keep(new Set())
    for (const inner of value) copy.add(copied(inner))
    return copy
  }
  return undefined
}
