/**
 * Writes snapshots off the hot path: actors are marked, a fiber encodes and saves them in batches.
 *
 * Owns the bounded set of marked actors. A snapshot that is dropped or fails costs a longer replay and
 * nothing else.
 */
import { Clock, Effect, Fiber, Latch, Option, type Scope, Semaphore } from "effect"
import type { ActorAddress } from "../address/ActorAddress.ts"
import { thrownText } from "../json/Thrown.ts"
import { about } from "../log/LogSubject.ts"
import { SnapshotStore, type StoredSnapshot } from "../snapshot/SnapshotStore.ts"
import { monotonicMs } from "../time/MonotonicTime.ts"

/** Pause between two saves, in milliseconds. */
const FLUSH_EVERY_MS = 200

/** Snapshots saved with one statement. */
const FLUSH_BATCH_COUNT = 200

/** Marked actors at which further actors are not marked, but counted as dropped. */
export const SNAPSHOTS_PENDING_MAX = 20_000

/** Time that the end of the scope waits for the store, in milliseconds. */
const LAST_FLUSH_MAX_MS = 5_000

/** Different reasons why a state cannot be written that are logged; further reasons are only counted. */
const REASONS_LOGGED_MAX = 100

/**
 * A source that returns its state as a row when it is saved; `undefined` if there is nothing to save. It may
 * throw if the state cannot be encoded.
 */
export interface SnapshotSource {
  readonly address: ActorAddress
  readonly takeSnapshot: () => StoredSnapshot | undefined
}

/**
 * Pause in milliseconds during which a store that has just failed is not tried, and one that was too slow is
 * not waited for.
 */
const FAILED_PAUSE_MS = 1_000

export interface SnapshotWriter {
  readonly mark: (source: SnapshotSource) => void
  /** Saves everything that is marked, up to the first batch that the store refuses. Never fails. */
  readonly flush: Effect.Effect<void>
  /**
   * Like `flush`, but waits at most `ms` milliseconds; the saving goes on. Shortly after one caller has
   * waited in vain, no other caller waits.
   */
  readonly flushWithin: (ms: number) => Effect.Effect<void>
  readonly counts: { savedCount: number; droppedCount: number; failedCount: number }
}

/** Starts the writing fiber; at the end of the scope it saves what is still marked. */
export const makeSnapshotWriter: Effect.Effect<SnapshotWriter, never, SnapshotStore | Scope.Scope> =
  Effect.gen(function* () {
    const store = yield* SnapshotStore
    const clock = yield* Clock.Clock
    const turn = yield* Semaphore.make(1)
    const marked = new Set<SnapshotSource>()
    const counts = { savedCount: 0, droppedCount: 0, failedCount: 0 }

    const reasonsLogged = new Set<string>()

    const take = (source: SnapshotSource): StoredSnapshot | string | undefined => {
      try {
        return source.takeSnapshot()
      } catch (cause) {
        return thrownText(cause)
      }
    }

    const takeBatch = Effect.fnUntraced(function* () {
      const batch: Array<StoredSnapshot> = []
      for (const source of marked) {
        marked.delete(source)
        const taken = take(source)
        if (typeof taken === "string") {
          counts.failedCount++
          if (reasonsLogged.has(taken) || reasonsLogged.size >= REASONS_LOGGED_MAX) continue
          reasonsLogged.add(taken)
          yield* Effect.logWarning(
            `The state of ${source.address.key} cannot be kept in a snapshot and is replayed each time: ${taken}`,
          ).pipe(about({ actor: source.address }))
        } else if (taken !== undefined) batch.push(taken)
        if (batch.length >= FLUSH_BATCH_COUNT) break
      }
      return batch
    })

    /** Saves one batch. Returns whether the store takes snapshots. */
    const saveBatch = Effect.fnUntraced(function* () {
      const batch = yield* takeBatch()
      if (batch.length === 0) return true
      return yield* store.save(batch).pipe(
        Effect.andThen(
          Effect.sync(() => {
            counts.savedCount += batch.length
            return true
          }),
        ),
        Effect.catch((error) => {
          counts.failedCount += batch.length
          return Effect.as(
            Effect.logDebug("Snapshots not saved; actors will replay from older ones.", error),
            false,
          )
        }),
      )
    })

    // Actors that are still marked when the store fails stay marked for the next time. A failed store is left
    // alone for a while, so that callers one after the other do not each wait for it.
    let failedAtMs = Number.NEGATIVE_INFINITY
    const flush = turn.withPermit(
      Effect.gen(function* () {
        while (marked.size > 0 && monotonicMs(clock) - failedAtMs >= FAILED_PAUSE_MS) {
          if (!(yield* saveBatch())) failedAtMs = monotonicMs(clock)
        }
      }),
    )

    const scope = yield* Effect.scope
    let slowAtMs = Number.NEGATIVE_INFINITY
    const flushWithin = (ms: number): Effect.Effect<void> =>
      Effect.gen(function* () {
        if (marked.size === 0 || monotonicMs(clock) - slowAtMs < FAILED_PAUSE_MS) return
        const saving = yield* Effect.forkIn(flush, scope)
        const saved = yield* Effect.timeoutOption(Fiber.await(saving), ms)
        if (Option.isNone(saved)) slowAtMs = monotonicMs(clock)
      })

    yield* Effect.addFinalizer(() => Effect.timeoutOption(Effect.interruptible(flush), LAST_FLUSH_MAX_MS))
    // Closed while no actor is marked, so that an idle node sets no timer for snapshots.
    const someMarked = Latch.makeUnsafe(false)
    const rest = Effect.sync(() => {
      if (marked.size === 0) someMarked.closeUnsafe()
    })
    yield* Effect.forkScoped(
      Effect.forever(
        someMarked.await.pipe(
          Effect.andThen(Effect.sleep(FLUSH_EVERY_MS)),
          Effect.andThen(flush),
          Effect.andThen(rest),
        ),
      ),
    )

    const mark = (source: SnapshotSource): void => {
      if (marked.size >= SNAPSHOTS_PENDING_MAX && !marked.has(source)) {
        counts.droppedCount++
        return
      }
      marked.add(source)
      someMarked.openUnsafe()
    }
    return { mark, flush, flushWithin, counts }
  })
