/**
 * The phases of a cell's life, in the order in which an actor goes through them:
 *
 *   Asleep → Recovering → Running, and Quarantined where the history cannot be read.
 *
 * Owns the types: what is known in each phase, and in no other. What a cell does in a phase is in a file of its own:
 * Asleep.ts, Recovering.ts, Running.ts, Quarantined.ts. What outlives a phase is in {@link CellCore}. Who walks from
 * phase to phase: Cell.ts.
 */
import type { ActorAddress } from "../address/ActorAddress.ts"
import type { ActorDefinition } from "../definition/Actor.ts"
import type { ActorQuarantined } from "./AskError.ts"
import type { BirthGuess } from "./BirthGuess.ts"
import type { CellContext } from "./CellContext.ts"
import type { CellQueue } from "./CellQueue.ts"
import type { Confirmed } from "./Fold.ts"
import type { JournalTrouble } from "./JournalTrouble.ts"
import type { OpenAppends } from "./OpenAppends.ts"
import type { SnapshotDue } from "./SnapshotDue.ts"
import type { SnapshotSource } from "./SnapshotWriter.ts"

/** Nothing is known of the actor: the cell is new, or what it knew is not to be trusted any more. */
export interface Asleep {
  readonly _tag: "Asleep"
  /** The guess that the actor is new; `undefined` once the actor has been in memory. */
  readonly birth: BirthGuess | undefined
}

/** The history is read from the journal. */
export interface Recovering {
  readonly _tag: "Recovering"
  /** Where the cell goes back to if the journal does not answer. */
  readonly from: Asleep | Quarantined
}

/** The actor is in memory: commands are decided on `confirmed`. */
export interface Running {
  readonly _tag: "Running"
  /** What is known to be in the journal. */
  confirmed: Confirmed
  readonly snapshotDue: SnapshotDue
  /** Looks in a row after which the state was still behind what the cell is asked about. */
  behindCount: number
}

/** The history cannot be read with this code. */
export interface Quarantined {
  readonly _tag: "Quarantined"
  readonly error: ActorQuarantined
  /** Monotonic milliseconds from which on the history is read again. */
  readonly recheckAtMs: number
  /** As in {@link Asleep}. */
  readonly birth: BirthGuess | undefined
}

export type Phase = Asleep | Recovering | Running | Quarantined

const ASLEEP_AGAIN: Asleep = { _tag: "Asleep", birth: undefined }

/** The phase of a cell that does not trust its state any more, or has lost the answer that it waited for. */
export const withoutState = (phase: Phase): Asleep | Quarantined => {
  if (phase._tag === "Running") return ASLEEP_AGAIN
  return phase._tag === "Recovering" ? phase.from : phase
}

/** What a cell has in every phase. */
export interface CellCore extends SnapshotSource {
  readonly context: CellContext
  readonly definition: ActorDefinition
  readonly address: ActorAddress
  /** Index of the actor's shard among all shards of the system. */
  readonly shardIndex: number
  readonly queue: CellQueue
  readonly trouble: JournalTrouble
  /** Appends that may still be stored. */
  readonly appends: OpenAppends
  /** Epoch of this node's lease on the shard; 0 without a lease. */
  readonly epoch: number
  phase: Phase
}
