/**
 * The phases of a cell's life, in the order in which an actor goes through them:
 *
 *   Asleep → Recovering → Running, and Quarantined where the history cannot be read.
 *
 * Owns the types: what is known in each phase, and in no other phase. A cell's work in a phase is in a file
 * of its own: Asleep.ts, Recovering.ts, Running.ts, Quarantined.ts. {@link CellCore} holds what outlives a
 * phase. Cell.ts walks from phase to phase.
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

/** Nothing is known of the actor: the cell is new, or it does not trust what it knew. */
export interface Asleep {
  readonly _tag: "Asleep"
  /** Guess that the actor is new; `undefined` once the actor has been in memory. */
  readonly birth: BirthGuess | undefined
}

/** The cell reads the history from the journal. */
export interface Recovering {
  readonly _tag: "Recovering"
  /** Phase to return to if the journal does not answer. */
  readonly from: Asleep | Quarantined
}

/** The actor is in memory: commands are decided on `confirmed`. */
export interface Running {
  readonly _tag: "Running"
  /** State that the journal is known to hold. */
  confirmed: Confirmed
  readonly snapshotDue: SnapshotDue
  /** Reads in a row that left the state behind the sequence that a waiting item needs. */
  behindCount: number
}

/** This code cannot read the history. */
export interface Quarantined {
  readonly _tag: "Quarantined"
  readonly error: ActorQuarantined
  /** Monotonic milliseconds from which the history is read again. */
  readonly recheckAtMs: number
  /** As in {@link Asleep}. */
  readonly birth: BirthGuess | undefined
}

export type Phase = Asleep | Recovering | Running | Quarantined

const ASLEEP_AGAIN: Asleep = { _tag: "Asleep", birth: undefined }

/** The phase of a cell that does not trust its state any more, or has lost the answer of a recovery. */
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
