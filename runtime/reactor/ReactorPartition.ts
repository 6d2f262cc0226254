/**
 * Runs one reactor in one partition: from its durable position, in journal order.
 *
 * Owns the position: it moves past a record once everything that the record led to is stored. What a record
 * leads to: Reacting.ts. ReactorRunner.ts starts it.
 */
import { Effect, Latch, Option, Stream } from "effect"
import { Checkpoints } from "../checkpoint/Checkpoints.ts"
import type { PlacedItem } from "../commit/PlacedItem.ts"
import { freshRecords } from "../follower/FreshRecords.ts"
import { LAG_SAMPLE_MS, LAG_SAMPLE_MS_MAX, RestPause } from "../follower/RestPause.ts"
import { invariant } from "../invariant/Invariant.ts"
import { JOURNAL_PAGE_RECORDS_MAX, Journal, type JournalRecord } from "../journal/Journal.ts"
import { thrownText } from "../json/Thrown.ts"
import { type Reacting, unavailablePauses } from "./Reacting.ts"
import type { ReactorDefinition } from "./Reactor.ts"
import type { ReactorProgress } from "./ReactorProgress.ts"
import { positionName, readStoredPosition, startNoteName } from "./StoredPosition.ts"

/** Records whose messages are sent together. A stop in between repeats them. */
const RECORDS_AT_ONCE_MAX = 256

/**
 * Interval at which a moving position is stored, in milliseconds. A crash repeats at most this time and one
 * batch.
 */
const POSITION_EVERY_MS = 200

/** Longest time that a stop waits until the position is stored, in milliseconds. */
const POSITION_AT_STOP_MS = 1_000

/**
 * Runs the reactor in the partition of `progress` until it is interrupted, then stores its position. Failures
 * are shown in the progress and tried again.
 */
export const runReactorPartition = (
  reactor: ReactorDefinition,
  reacting: Reacting,
  progress: ReactorProgress,
): Effect.Effect<never, never, Journal | Checkpoints> =>
  Effect.gen(function* () {
    const run = new Run(reactor, reacting, yield* Journal, yield* Checkpoints, progress)
    progress.enter("catching-up")
    yield* Effect.addFinalizer(() => run.storePosition.pipe(Effect.timeoutOption(POSITION_AT_STOP_MS)))
    yield* Effect.forkScoped(run.sampleLag)
    yield* Effect.forkScoped(run.storePositions)
    return yield* run.forever
  }).pipe(Effect.scoped, Effect.ensuring(Effect.sync(() => progress.enter("elsewhere"))))

class ReactorDefect extends Error {
  readonly _tag = "ReactorDefect"
}

class Run {
  readonly #reactor: ReactorDefinition
  readonly #reacting: Reacting
  readonly #journal: Journal["Service"]
  readonly #checkpoints: Checkpoints["Service"]
  readonly #progress: ReactorProgress
  /** Position in the journal; `undefined` before the checkpoint was read. */
  #position: number | undefined
  #storedPosition = 0
  #isFollowing = false
  #isWorking = false
  /** Counter that every activity raises, to detect idle intervals. */
  #turnCount = 0
  /** Open while the position is ahead of the stored one. */
  readonly #moved = Latch.makeUnsafe(false)

  constructor(
    reactor: ReactorDefinition,
    reacting: Reacting,
    journal: Journal["Service"],
    checkpoints: Checkpoints["Service"],
    progress: ReactorProgress,
  ) {
    this.#reactor = reactor
    this.#reacting = reacting
    this.#journal = journal
    this.#checkpoints = checkpoints
    this.#progress = progress
  }

  /** Follows the journal. When that ends, pauses and follows again from the position. */
  readonly forever: Effect.Effect<never> = Effect.suspend(() => this.#follow()).pipe(
    // A defect at one record is logged and met again after a pause, so that the reactor does not stop
    // silently.
    Effect.catchDefect((defect) => Effect.fail(new ReactorDefect(thrownText(defect)))),
    Effect.tapError((error) => {
      this.#isFollowing = false
      const needsSomebody = error._tag === "JournalRefused" || error._tag === "ReactorDefect"
      const state = needsSomebody ? "stalled" : "unavailable"
      const isNews = this.#progress.failed(state, error.message)
      return isNews
        ? Effect.logWarning(`Reactor ${this.#reactor.name} is ${state}: ${error.message}`)
        : Effect.void
    }),
    Effect.retry(unavailablePauses),
    Effect.orDie,
    Effect.forever,
  )

  /** Stores the position as it moves. A position that does not move costs nothing. */
  readonly storePositions: Effect.Effect<never> = Effect.gen({ self: this }, function* () {
    while (true) {
      yield* this.#moved.await
      yield* Effect.sleep(POSITION_EVERY_MS)
      yield* this.storePosition
      if (this.#storedPosition >= (this.#position ?? 0)) this.#moved.closeUnsafe()
    }
  })

  readonly storePosition: Effect.Effect<void> = Effect.suspend(() => {
    const position = this.#position ?? 0
    if (position <= this.#storedPosition) return Effect.void
    return this.#checkpoints.advance(this.#checkpoint, position).pipe(
      Effect.tap(() =>
        Effect.sync(() => {
          this.#storedPosition = position
        }),
      ),
      (advanced) => Effect.ignore(this.#progress.reported(advanced)),
    )
  })

  readonly sampleLag: Effect.Effect<never> = Effect.gen({ self: this }, function* () {
    const pause = new RestPause(LAG_SAMPLE_MS, LAG_SAMPLE_MS_MAX)
    while (true) {
      const turnCount = this.#turnCount
      yield* Effect.sleep(LAG_SAMPLE_MS)
      const last = yield* Effect.option(this.#journal.lastSequence(this.#progress.partition))
      if (Option.isSome(last)) this.#progress.sawSequence(last.value)
      const isIdle = turnCount === this.#turnCount && this.#isFollowing && !this.#isWorking
      const isStored = this.#storedPosition >= (this.#position ?? 0)
      if (!isIdle || !isStored || Option.isNone(last)) continue
      this.#progress.idle(last.value)
      yield* Effect.timeoutOption(this.#moved.await, pause.after(last.value))
    }
  })

  get #checkpoint(): string {
    return positionName(this.#reactor.name, this.#progress.partition, this.#journal.partitionCount)
  }

  #follow() {
    return Effect.gen({ self: this }, function* () {
      const after = this.#position ?? (yield* this.#startPosition())
      this.#moveTo(after)
      this.#turnCount++
      this.#isFollowing = true
      const types = this.#reactor.from.map(({ type }) => type)
      yield* this.#journal
        .follow({ types, after, partition: this.#progress.partition })
        .pipe(Stream.runForEach((records) => this.#takeBatch(records)))
    })
  }

  /** The stored position. For `start: "now"`, the note keeps where the reactor began. */
  #startPosition() {
    return Effect.gen({ self: this }, function* () {
      const { stored, after } = yield* readStoredPosition(this.#checkpoints, this.#reactor, this.#checkpoint)
      this.#storedPosition = stored
      if (after !== undefined) return after
      const now = yield* this.#journal.lastSequence(this.#progress.partition)
      yield* this.#checkpoints.write(startNoteName(this.#checkpoint), now)
      return now
    })
  }

  #takeBatch(records: ReadonlyArray<JournalRecord>): Effect.Effect<void> {
    return Effect.gen({ self: this }, function* () {
      this.#turnCount++
      this.#isWorking = true
      const { partition } = this.#progress
      const within = { partition, partitionCount: this.#journal.partitionCount }
      const fresh = freshRecords(records, this.#position ?? 0, within)
      this.#progress.sawSequence(fresh.at(-1)?.sequence ?? 0)
      for (let start = 0; start < fresh.length; start += RECORDS_AT_ONCE_MAX) {
        const together = fresh.slice(start, start + RECORDS_AT_ONCE_MAX)
        const items: Array<PlacedItem> = []
        for (const record of together) items.push(...(yield* this.#reacting.reactTo(record)))
        yield* this.#reacting.send(items, together)
        this.#moveTo(together.at(-1)?.sequence ?? 0)
      }
      // After a full page there may be more. A reactor that is up to date keeps its state at each burst.
      const isBehind = this.#progress.state === "catching-up" && records.length >= JOURNAL_PAGE_RECORDS_MAX
      if (!isBehind) this.#progress.enter("running")
    }).pipe(
      Effect.ensuring(
        Effect.sync(() => {
          this.#isWorking = false
        }),
      ),
    )
  }

  #moveTo(position: number): void {
    const before = this.#position ?? 0
    invariant(position >= before, "positionAdvances", () => ({
      reactor: this.#reactor.name,
      before,
      position,
    }))
    this.#position = position
    this.#moved.openUnsafe()
    this.#progress.moveTo(position)
  }
}
