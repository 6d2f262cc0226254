/**
 * Writes snapshots off the hot path: actors are marked, a fiber encodes and saves them in batches.
 *
 * Owns the bounded set of marked actors. A snapshot that is dropped or fails costs a longer replay and nothing else.
 */
import { Effect, type Scope } from "effect"
import { SnapshotStore, type StoredSnapshot } from "./SnapshotStore.ts"

/** Pause between two saves, in milliseconds. */
const FLUSH_EVERY_MS = 200

/** Snapshots saved with one statement. */
const FLUSH_BATCH_COUNT = 200

/** Marked actors after which further ones are not marked (and counted as dropped). */
export const SNAPSHOTS_PENDING_MAX = 20_000

/** Anything that can write itself down at the moment of saving; `undefined` when there is nothing (any more). */
export interface SnapshotSource {
  readonly takeSnapshot: () => StoredSnapshot | undefined
}

export interface SnapshotWriter {
  readonly mark: (source: SnapshotSource) => void
  /** Saves everything that is marked now. Failures are logged and counted, never raised. */
  readonly flush: Effect.Effect<void>
  readonly counts: { savedCount: number; droppedCount: number; failedCount: number }
}

/** Starts the writing fiber; at the end of the scope it saves what is still marked. */
export const makeSnapshotWriter: Effect.Effect<SnapshotWriter, never, SnapshotStore | Scope.Scope> =
  Effect.gen(function* () {
    const store = yield* SnapshotStore
    const marked = new Set<SnapshotSource>()
    const counts = { savedCount: 0, droppedCount: 0, failedCount: 0 }

    const saveBatch = Effect.fnUntraced(function* () {
      const batch: Array<StoredSnapshot> = []
      for (const source of marked) {
        marked.delete(source)
        const snapshot = source.takeSnapshot()
        if (snapshot !== undefined) batch.push(snapshot)
        if (batch.length >= FLUSH_BATCH_COUNT) break
      }
      if (batch.length === 0) return
      yield* store.save(batch).pipe(
        Effect.andThen(
          Effect.sync(() => {
            counts.savedCount += batch.length
          }),
        ),
        Effect.catch((error) => {
          counts.failedCount += batch.length
          return Effect.logDebug("Snapshots not saved; actors will replay from older ones.", error)
        }),
      )
    })

    const flush = Effect.whileLoop({
      while: () => marked.size > 0,
      body: saveBatch,
      step: () => undefined,
    })

    yield* Effect.addFinalizer(() => flush)
    yield* Effect.forkScoped(Effect.forever(Effect.andThen(Effect.sleep(FLUSH_EVERY_MS), flush)))

    const mark = (source: SnapshotSource): void => {
      if (marked.size >= SNAPSHOTS_PENDING_MAX && !marked.has(source)) counts.droppedCount++
      else marked.add(source)
    }
    return { mark, flush, counts }
  })
