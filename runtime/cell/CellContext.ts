/**
 * What the cells of a node share: the ports that they stand on, and whom they tell.
 *
 * Owns nothing but the list. Who makes it: Cells.ts.
 */
import type { Clock, Effect } from "effect"
import type { ActorAddress } from "../address/ActorAddress.ts"
import type { CommitFormat, ShardMark } from "../commit/Commit.ts"
import type { ActorDefinition } from "../definition/Actor.ts"
import type { BeginAppend } from "../journal/BeginAppend.ts"
import type { ActorQuarantined } from "./AskError.ts"
import type { BirthEvidence } from "./BirthEvidence.ts"
import type { CellCounts } from "./CellCounts.ts"
import type { CommitListener } from "./CommitListener.ts"
import type { RecoveryPorts } from "./Recovery.ts"
import type { SnapshotWriter } from "./SnapshotWriter.ts"
import type { Fork } from "./Wait.ts"
import type { Waiting } from "./Waiting.ts"

export interface CellContext extends RecoveryPorts {
  readonly clock: Clock.Clock
  readonly beginAppend: BeginAppend
  /** Runs what a cell waits for and what takes a fiber. */
  readonly fork: Fork
  readonly snapshotWriter: SnapshotWriter
  readonly births: BirthEvidence
  readonly counts: CellCounts
  /** Format that commits are written in now: 2 once every node that may own a shard reads it. */
  readonly commitFormat: () => CommitFormat
  /** What commits of a shard, in format 2, say of it now; `undefined`: nothing. */
  readonly markOf: (shardIndex: number) => ShardMark | undefined
  /** Epoch of this node's lease on a shard, which goes into its commits; 0 without a lease. */
  readonly epochOf: (shardIndex: number) => number
  /**
   * Takes what waits for an actor whose shard this node does not have any more. `wasTaken`: a cell of this node had
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
  /** The history cannot be read here. True: another node takes the shard. */
  readonly unreadable: (definition: ActorDefinition, shardIndex: number, error: ActorQuarantined) => boolean
  /** Told of every commit of this node that is stored, in the order of each actor. */
  readonly outbox: CommitListener
  /** Gates concurrent recoveries. */
  readonly recoveryGate: <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>
}
