/**
 * Assertions of the runtime: states that are impossible, checked where the code relies on them, in production as well.
 *
 * Owns the list of assertions, the check, and the error. What was stored by others is never asserted: a record that cannot
 * be read quarantines its actor or becomes a dead letter. A broken assertion stops one thing: a cell fails what waits for
 * its actor and starts over from the journal (../cell/Cell.ts), a follower stalls and says so, a loop goes on after a pause.
 */

/** Every assertion, by its name. A simulation counts which of them were checked. */
export const INVARIANTS = {
  appendInFlight: "one append of an actor is in flight at a time",
  recoveryAwaited: "a cell that recovers does nothing else",
  appendUnderLease: "a commit is appended under a lease",
  commitsAscend: "a commit is stored behind the one before",
  versionsAscend: "each event of an actor raises its version by one",
  commandsBounded: "an actor remembers a bounded number of commands",
  erasRemembered: "a receiver remembers a bounded number of eras of a source",
  slotHeldOnce: "a slot is taken by a node that does not have it",
  shardUnderEpoch: "a shard is opened under an epoch",
  followAscends: "a follower gets the records of its partition in ascending order",
  offsetAdvances: "a batch moves the offset of a projection forward, over its own events",
  positionAdvances: "the position of a reactor moves forward",
  itemSettledOnce: "an item of a commit leaves the outbox once",
  parkedCounted: "the parked messages of a shard are those that its lists have",
  readingAdvances: "an outbox reads its shard's records in ascending order",
  messageOpenOnce: "a message is in work once",
} as const

/** Name of an assertion. */
export type InvariantName = keyof typeof INVARIANTS

/** An impossible state was found: a defect of the runtime. */
export class BrokenInvariant extends Error {
  override readonly name = "BrokenInvariant"
  readonly invariant: InvariantName

  constructor(invariant: InvariantName, facts: object | undefined) {
    const text = INVARIANTS[invariant]
    super(facts === undefined ? text : `${text}: ${JSON.stringify(facts)}`)
    this.invariant = invariant
  }
}

/** Is told of every check, as long as the work runs that it observes. */
export interface InvariantObserver {
  readonly checked: (invariant: InvariantName) => void
  readonly broken: (error: BrokenInvariant) => void
}

let observer: InvariantObserver | undefined

/** Throws {@link BrokenInvariant} unless `holds`; `facts` gives the values that were found. */
export function invariant(holds: boolean, name: InvariantName, facts?: () => object): asserts holds {
  observer?.checked(name)
  if (holds) return
  const error = new BrokenInvariant(name, facts?.())
  observer?.broken(error)
  throw error
}

/** Tells `by` of the checks that `work` makes before it returns. */
export const observingInvariants = <A>(by: InvariantObserver, work: () => A): A => {
  const before = observer
  observer = by
  try {
    return work()
  } finally {
    observer = before
  }
}
