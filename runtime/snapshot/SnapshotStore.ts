/**
 * The snapshot port: the newest snapshot of an actor, which shortens a replay and is never the truth.
 *
 * Owns the contract of every store. A store may lose, delay or refuse anything, because the cell can replay
 * from the journal. Next: ../cell/Snapshot.ts (the content), ../cell/SnapshotWriter.ts (when it is written).
 */
import { Context, type Effect, Schema } from "effect"
import { errorClass } from "../error/EverstateError.ts"

/** The store is unreachable or refused the request. Transient; the caller goes on without it. */
export class SnapshotStoreUnavailable extends errorClass<SnapshotStoreUnavailable>()(
  "SnapshotStoreUnavailable",
  { detail: Schema.String },
  {
    kind: "transient",
    retry: "later",
    hint: "Look at Postgres; actors are replayed from the journal meanwhile.",
  },
) {
  override get message(): string {
    return `Snapshot store unavailable: ${this.detail}`
  }
}

/**
 * One stored snapshot. `key` is the actor's `type/token`. `codec` identifies the format and the definition
 * that wrote `state`; a reader that does not know it ignores the snapshot. `state` is JSON text.
 */
export interface StoredSnapshot {
  readonly key: string
  readonly version: number
  readonly sequence: number
  readonly codec: string
  readonly state: string
}

/** The newest snapshot of each actor. */
export interface SnapshotStoreService {
  /** The newest snapshot of one actor. Concurrent look-ups are batched by the store. */
  readonly load: (key: string) => Effect.Effect<StoredSnapshot | undefined, SnapshotStoreUnavailable>
  /** Stores all of them. A snapshot with a lower `sequence` than the stored one is ignored. */
  readonly save: (snapshots: ReadonlyArray<StoredSnapshot>) => Effect.Effect<void, SnapshotStoreUnavailable>
  /** Removes the snapshot of an actor, if there is one. It was found corrupt, or ahead of the journal. */
  readonly discard: (key: string) => Effect.Effect<void, SnapshotStoreUnavailable>
}

/** The port for snapshots, as a service. */
export class SnapshotStore extends Context.Service<SnapshotStore, SnapshotStoreService>()(
  "everstate/snapshot/SnapshotStore",
) {}
