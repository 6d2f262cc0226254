/**
 * Frozen values: what the runtime shares with user code cannot be changed by it.
 *
 * Owns the deep freeze of plain objects and arrays. It stops at what is frozen already, so a state that shares most
 * of its parts with the one before costs only what is new. Other objects (dates, maps, classes) are left alone.
 */

/** The value itself, frozen through and through. Cycles end where they meet a frozen part. */
export const frozen = <A>(value: A): A => {
  if (typeof value !== "object" || value === null || Object.isFrozen(value)) return value
  if (Array.isArray(value)) {
    Object.freeze(value)
    for (const element of value) frozen(element)
    return value
  }
  const prototype = Object.getPrototypeOf(value)
  if (prototype !== Object.prototype && prototype !== null) return value
  Object.freeze(value)
  for (const key in value) frozen(value[key])
  return value
}
