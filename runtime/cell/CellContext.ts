/**
 * What the cells of a node share: the ports that they use and the listeners that they call.
 *
 * Owns only this list. Cells.ts makes it.
 */
import type { Clock, Effect } from "effect"
import type { ActorAddress } from "../address/ActorAddress.ts"
import type { CommitFormat, ShardMark } from "../commit/Commit.ts"
import type { ActorDefinition } from "../definition/Actor.ts"
import type { BeginAppend } from "../journal/BeginAppend.ts"
import type { ActorQuarantined } from "./AskError.ts"
import type { BirthEvidence } from "./BirthEvidence.ts"
import type { CellCounts } from "./CellCounts.ts"
import type { ChangeListener } from "./ChangeListener.ts"
import type { CommitListener } from "./CommitListener.ts"
import type { RecoveryPorts } from "./Recovery.ts"
import type { SnapshotWriter } from "./SnapshotWriter.ts"
import type { TransitionListener } from "./TransitionListener.ts"
import type { Fork } from "./Wait.ts"
import type { Waiting } from "./Waiting.ts"

export interface CellContext extends RecoveryPorts {
  readonly clock: Clock.Clock
  readonly beginAppend: BeginAppend
  /** Runs the effects that a cell waits for. */
  readonly fork: Fork
  readonly snapshotWriter: SnapshotWriter
  readonly births: BirthEvidence
  readonly counts: CellCounts
  /** Format that commits are written in now: 2 once every node that may own a shard reads it. */
  readonly commitFormat: () => CommitFormat
  /** Mark that commits of a shard in format 2 carry now; `undefined` if there is none. */
  readonly markOf: (shardIndex: number) => ShardMark | undefined
  /** Epoch of this node's lease on a shard, which goes into its commits; 0 without a lease. */
  readonly epochOf: (shardIndex: number) => number
  /**
   * Takes an item that waits for an actor whose shard this node has lost. `wasTaken`: a cell of this node had
   * taken the item.
   */
  readonly elsewhere: (
    definition: ActorDefinition,
    address: ActorAddress,
    waiting: Waiting,
    wasTaken: boolean,
  ) => void
  /** Hands an item to its actor, wherever its cell is. */
  readonly offer: (definition: ActorDefinition, address: ActorAddress, waiting: Waiting) => void
  /** The history cannot be read here. Returns true if another node takes the shard. */
  readonly unreadable: (definition: ActorDefinition, shardIndex: number, error: ActorQuarantined) => boolean
  /** Listener for every stored commit of this node, in order for each actor. */
  readonly outbox: CommitListener
  /** Listener for every change of an actor, in order for each actor. */
  readonly changes: ChangeListener
  /** Listener for the transitions of stored commits of this node. */
  readonly transitions: TransitionListener | undefined
  /** Limits concurrent recoveries. */
  readonly recoveryGate: <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>
}
