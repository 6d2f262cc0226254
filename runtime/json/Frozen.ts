/**
 * Frozen values: what the runtime shares with user code cannot be changed by it.
 *
 * Owns the deep freeze of plain objects and arrays ({@link frozen}), and copies of what cannot be frozen: dates, maps,
 * sets, bytes, instances of classes ({@link handedOut}). A state that shares most of its parts with the one before costs
 * only what is new.
 */

/**
 * Objects whose parts were looked at: true, something inside can be changed all the same. Most objects live for one
 * commit only and are not worth an entry: those frozen here, with nothing but frozen parts, get one when met again.
 */
const isChangeableInside = new WeakMap<object, boolean>()

/** The value itself: its plain objects and arrays are frozen through and through. */
export const frozen = <A>(value: A): A => {
  freeze(value)
  return value
}

/** Freezes what can be. True: something in the value can be changed all the same. */
const freeze = (value: unknown): boolean => {
  if (typeof value !== "object" || value === null) return false
  if (!isPlain(value)) return true
  if (!Object.isFrozen(value)) {
    Object.freeze(value)
    const isChangeable = freezeParts(value)
    if (isChangeable) isChangeableInside.set(value, true)
    return isChangeable
  }
  const known = isChangeableInside.get(value)
  if (known !== undefined) return known
  // Frozen by its owner, whose freeze ends at its parts; or here. A cycle ends here: what is unknown counts as changeable.
  isChangeableInside.set(value, true)
  const isChangeable = freezeParts(value)
  if (!isChangeable) isChangeableInside.set(value, false)
  return isChangeable
}

const freezeParts = (value: object): boolean => {
  let isChangeable = false
  if (Array.isArray(value)) {
    for (const element of value) if (freeze(element)) isChangeable = true
  } else {
    for (const key in value) if (freeze((value as PlainObject)[key])) isChangeable = true
  }
  return isChangeable
}

interface PlainObject {
  readonly [key: string]: unknown
}

const isPlain = (value: object): boolean => {
  if (Array.isArray(value)) return true
  const prototype = Object.getPrototypeOf(value)
  return prototype === Object.prototype || prototype === null
}

/**
 * A {@link frozen} value for user code that must not change it: with copies in place of the parts that cannot be. An
 * instance of a class is copied with its fields. One that has none of its own, such as a `URL`, is passed on as it is.
 */
export const handedOut = <A>(value: A): A => (isChangeable(value) ? (copyOf(value, new Map()) as A) : value)

const isChangeable = (value: unknown): boolean =>
  typeof value === "object" && value !== null && (!isPlain(value) || isChangeableInside.get(value) === true)

const copyOf = (value: unknown, copies: Map<object, unknown>, isFrozenInside = true): unknown => {
  if (typeof value !== "object" || value === null) return value
  if (isFrozenInside && !isChangeable(value)) return value
  const known = copies.get(value)
  if (known !== undefined) return known
  const keep = <Copy extends object>(copy: Copy): Copy => {
    copies.set(value, copy)
    return copy
  }
  // The freeze ends at what cannot be frozen: whatever is inside of that is copied, too.
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

/** Kept before it is filled: what is inside may lead back to it. */
const builtInCopy = (
  value: object,
  keep: <Copy extends object>(copy: Copy) => Copy,
  copied: (part: unknown) => unknown,
): object | undefined => {
  if (value instanceof Date) return keep(new Date(value))
  if (value instanceof RegExp) return keep(new RegExp(value))
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
