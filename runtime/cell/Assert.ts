/**
 * Assertions of the cell: states that are impossible, checked where the code relies on it, in production as
 * well.
 *
 * Owns the error. A cell that violates an assertion fails the items that wait for its actor and starts over
 * from the journal (Cell.ts). Only this actor is interrupted; the rest of its shard goes on.
 */

/** An impossible state was found: a defect of the runtime. */
export class BrokenInvariant extends Error {
  override readonly name = "BrokenInvariant"
}

/** Throws unless `holds`; `facts` gives the values that were found. */
export function invariant(holds: boolean, what: string, facts?: () => object): asserts holds {
  if (holds) return
  throw new BrokenInvariant(facts === undefined ? what : `${what}: ${JSON.stringify(facts())}`)
}
