/**
 * Subjects and their wildcards, as nats-server compares them: `*` stands for one token, `>` for one or more at
 * the end.
 */

/** True if every subject that `inner` matches is matched by `outer`. */
export const covers = (outer: string, inner: string): boolean => {
  const wide = outer.split(".")
  const narrow = inner.split(".")
  for (const [index, token] of wide.entries()) {
    const other = narrow[index]
    if (other === undefined) return false
    if (token === ">") return true
    if (other === ">" || (token !== "*" && token !== other)) return false
  }
  return wide.length === narrow.length
}

/** True if some subject is matched by both. */
export const overlaps = (one: string, other: string): boolean => {
  const [left, right] = [one.split("."), other.split(".")]
  for (let index = 0; index < Math.max(left.length, right.length); index++) {
    const [a, b] = [left[index], right[index]]
    if (a === undefined || b === undefined) return false
    if (a === ">" || b === ">") return true
    if (a !== b && a !== "*" && b !== "*") return false
  }
  return true
}
