/**
 * Names of states: as commits store them and as people read them. Also compares state values.
 *
 * Owns the texts. Who writes them into commits: ../cell/RoundCommit.ts.
 */

/** A state's name in commits: `paid`, `{payment:due,stock:held}`, `{shipping:packed}`. */
export const compactStateName = (value: unknown): string => {
  if (typeof value === "string") return value
  const parts = Object.entries(value as object).map(([key, inner]) => `${key}:${compactStateName(inner)}`)
  return `{${parts.join(",")}}`
}

/** A state's name for people: `paid`, `shipping.packed`, `(payment.due, stock.held)`. */
export const stateName = (value: unknown): string => {
  if (typeof value === "string") return value
  const parts = Object.entries(value as Record<string, unknown>).map(([key, inner]) => {
    const name = stateName(inner)
    return name === "" ? key : `${key}.${name}`
  })
  return parts.length > 1 ? `(${parts.join(", ")})` : (parts[0] ?? "")
}

/** Whether two state values of XState name the same states. */
export const isSameValue = (left: unknown, right: unknown): boolean => {
  if (typeof left !== "object" || typeof right !== "object" || left === null || right === null) {
    return left === right
  }
  const keys = Object.keys(left)
  return (
    keys.length === Object.keys(right).length &&
    keys.every((key) => isSameValue(left[key as never], right[key as never]))
  )
}
