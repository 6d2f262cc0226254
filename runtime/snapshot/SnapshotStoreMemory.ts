/**
 * Snapshots in memory, for tests and the simulation. Keeps the contract of SnapshotStore.ts and nothing beyond it.
 */
import { Effect, Layer } from "effect"
import { SnapshotStore, type SnapshotStoreService, type StoredSnapshot } from "./SnapshotStore.ts"

export interface SnapshotStoreMemory extends SnapshotStoreService {
  /** The stored snapshots by key; tests read and damage them. */
  readonly rows: Map<string, StoredSnapshot>
}

export const makeSnapshotStoreMemory = (): SnapshotStoreMemory => {
  const rows = new Map<string, StoredSnapshot>()
  return {
    rows,
    load: (key) => Effect.sync(() => rows.get(key)),
    save: (snapshots) =>
      Effect.sync(() => {
        for (const snapshot of snapshots) {
          const stored = rows.get(snapshot.key)
          if (stored === undefined || stored.sequence <= snapshot.sequence)
            rows.set(snapshot.key, { ...snapshot })
        }
      }),
    discard: (key) => Effect.sync(() => void rows.delete(key)),
  }
}

export const layerSnapshotStoreMemory: Layer.Layer<SnapshotStore> = Layer.sync(
  SnapshotStore,
  makeSnapshotStoreMemory,
)
