/**
 * Assertions of the cell: states that cannot be, checked where the code relies on them, in production as well.
 *
 * Owns the error. A cell that violates one fails what waits for its actor and starts over from the journal (Cell.ts):
 * one actor has a moment's trouble, its shard has none.
 */

/** A state that cannot be. A defect of the runtime. */
export class BrokenInvariant extends Error {
  override readonly name = "BrokenInvariant"
}

/** Throws unless `holds`; `facts` says what was found instead. */
export function invariant(holds: boolean, what: string, facts?: () => object): asserts holds {
  if (holds) return
  throw new BrokenInvariant(facts === undefined ? what : `${what}: ${JSON.stringify(facts())}`)
}
