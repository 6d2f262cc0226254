/**
 * The listener for changes of actors, because callers may follow an actor.
 *
 * Owns what a cell reports: a stored commit of its own, and a state that it has read from the journal. The
 * listener: ../watch/ChangeFeeds.ts.
 */
import type { ActorAddress } from "../address/ActorAddress.ts"
import type { CommitEntry } from "../commit/Commit.ts"
import type { Confirmed } from "./Fold.ts"

/** The state and version of an actor, and whether it is born. */
export type Standpoint = Pick<Confirmed, "state" | "version" | "sequence" | "standing">

/** A stored commit of this node. */
export interface ChangeTold {
  readonly before: Pick<Confirmed, "version" | "standing">
  readonly after: Standpoint
  readonly atMs: number
  readonly entries: ReadonlyArray<{ readonly proposal: { readonly entry: CommitEntry } }>
  /** User code threw in the round and may have changed the state in memory: nobody may see `after.state`. */
  readonly isStateSuspect: boolean
}

export interface ChangeListener {
  /** The commit that led to `after` is stored. Called before the callers of the round get their answers. */
  readonly changed: (address: ActorAddress, change: ChangeTold) => void
  /** The cell has read the actor's history up to this state. It may have skipped commits. */
  readonly caughtUp: (address: ActorAddress, now: Standpoint) => void
}
