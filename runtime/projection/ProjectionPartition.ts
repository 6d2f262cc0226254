/**
 * Runs one projection in one partition: from its stored offset, in journal order, batch by batch.
 *
 * Owns the handling of failures. If the database does not answer: pause, then continue from the STORED
 * offset. If another runner runs the same projection: continue from the offset of that runner. If an event
 * fails: find it, then apply the policy. Reads from ProjectionFeed.ts, writes through the port ReadModel.ts,
 * reports to ProjectionProgress.ts. ProjectionRunner.ts starts it.
 */
import { Cause, Effect, Exit, Latch, Option, type Scope } from "effect"
import type { SkipOrder } from "../follower/RecordSkip.ts"
import { LAG_SAMPLE_MS, LAG_SAMPLE_MS_MAX, RestPause } from "../follower/RestPause.ts"
import { invariant } from "../invariant/Invariant.ts"
import { JOURNAL_PAGE_BYTES_MAX, Journal, type JournalRefused } from "../journal/Journal.ts"
import { thrownText } from "../json/Thrown.ts"
import type { DecodedRecord } from "./DecodedRecord.ts"
import { lookAtOffset } from "./OffsetLook.ts"
import type { ProjectionDefinition } from "./Projection.ts"
import { type BatchLimit, makeProjectionFeed, type ProjectionFeed } from "./ProjectionFeed.ts"
import type { ProjectionProgress } from "./ProjectionProgress.ts"
import { aside, logAside, logUnreadable } from "./PutAside.ts"
import {
  type OffsetMoved,
  type ProjectionDeadLetter,
  ProjectionFailed,
  ReadModel,
  type ReadModelUnavailable,
} from "./ReadModel.ts"
import type { Rebuild, RebuildRefused } from "./Rebuild.ts"

/** Events in one transaction, unless a single commit has more. */
export const PROJECTION_BATCH_EVENTS_MAX = 1_000

/** First and longest pause while the database does not answer, in milliseconds. */
const UNAVAILABLE_PAUSE_MS = { first: 100, max: 10_000 }
/** First and longest pause at an event that fails, or while the journal refuses, in milliseconds. */
const STALLED_PAUSE_MS = { first: 1_000, max: 60_000 }
/** First and longest pause when the stored offset was moved by another process, in milliseconds. */
const MOVED_PAUSE_MS = { first: 10, max: 1_000 }
/**
 * Events of one failing commit that are applied without each in turn, before all of them become dead letters.
 */
const SUSPECTS_MAX = 32

/**
 * Runs the projection in the partition of `progress` until it is interrupted; the current batch is finished
 * first. Failures are shown in the progress and tried again.
 */
export const runProjectionPartition = (
  projection: ProjectionDefinition,
  progress: ProjectionProgress,
  settings: { readonly shardCount: number },
): Effect.Effect<never, never, Journal | ReadModel> =>
  Effect.gen(function* () {
    const run = new Run(projection, settings.shardCount, yield* Journal, yield* ReadModel, progress)
    progress.enter("catching-up")
    return yield* Effect.raceFirst(run.forever, run.sampleLag)
  }).pipe(
    Effect.ensuring(
      Effect.sync(() => {
        progress.enter("elsewhere")
        const { rebuild } = progress
        rebuild.end(rebuild.waiting(), Effect.fail(rebuild.refusal("NotHere", "this node has given it up")))
      }),
    ),
  )

/** An operator has ordered something that concerns the stored offset. */
class Ordered {
  readonly _tag = "Ordered"
}

type RebuildOrders = ReturnType<Rebuild["waiting"]>

type Interruption = ReadModelUnavailable | OffsetMoved | ProjectionFailed | JournalRefused | Ordered

class Run {
  readonly #projection: ProjectionDefinition
  readonly #shardCount: number
  readonly #journal: Journal["Service"]
  readonly #readModel: ReadModel["Service"]
  readonly #progress: ProjectionProgress
  readonly #partition: number
  /** Opens when records come. */
  readonly #busy = Latch.makeUnsafe(false)
  #feed: ProjectionFeed | undefined
  /** Records in the next batch: halved when one fails, doubled when one succeeds. */
  #recordsMax = PROJECTION_BATCH_EVENTS_MAX
  /** Failures in a row, without a batch applied in between. */
  #failureCount = 0
  /** Sequence of the record that is applied by itself. */
  #alone: number | undefined

  constructor(
    projection: ProjectionDefinition,
    shardCount: number,
    journal: Journal["Service"],
    readModel: ReadModel["Service"],
    progress: ProjectionProgress,
  ) {
    this.#projection = projection
    this.#shardCount = shardCount
    this.#journal = journal
    this.#readModel = readModel
    this.#progress = progress
    this.#partition = progress.partition
  }

  /** Attaches, works until an interruption, pauses, and attaches again. */
  readonly forever: Effect.Effect<never> = Effect.suspend(() =>
    Effect.exit(Effect.scoped(this.#attach())),
  ).pipe(
    Effect.flatMap((exit) => this.#pauseAfter(exit)),
    Effect.forever,
  )

  readonly sampleLag: Effect.Effect<never> = Effect.gen({ self: this }, function* () {
    const pause = new RestPause(LAG_SAMPLE_MS, LAG_SAMPLE_MS_MAX)
    while (true) {
      const feed = this.#feed
      const wasWaiting = feed?.isWaiting() ?? false
      const last = yield* Effect.option(this.#journal.lastSequence(this.#partition))
      if (Option.isSome(last)) this.#progress.sawSequence(last.value)
      const pauseMs = pause.after(Option.getOrUndefined(last), wasWaiting)
      this.#busy.closeUnsafe()
      yield* Effect.sleep(LAG_SAMPLE_MS)
      if (pauseMs > LAG_SAMPLE_MS) yield* Effect.timeoutOption(this.#busy.await, pauseMs)
      // No record came for a whole interval, so the trouble is over.
      const isWaiting = feed === this.#feed && feed?.isWaiting() === true
      if (wasWaiting && isWaiting && Option.isSome(last)) this.#progress.idle(last.value)
    }
  })

  /** Works from the stored offset on. Never succeeds. */
  #attach(): Effect.Effect<never, Interruption, Scope.Scope> {
    return Effect.gen({ self: this }, function* () {
      const orders = this.#progress.rebuild.waiting()
      // Use `prepare` instead of `offset`, because after a fail-over even the tables may be missing.
      const stored = yield* this.#readModel.prepare(this.#projection, this.#partition)
      const sequence = yield* this.#begin(stored.sequence, orders)
      const feed = yield* makeProjectionFeed({
        projection: this.#projection,
        shardCount: this.#shardCount,
        partition: this.#partition,
        after: sequence,
      }).pipe(Effect.provideService(Journal, this.#journal))
      this.#feed = feed
      return yield* Effect.raceFirst(
        Effect.raceFirst(
          this.#applyForever(feed),
          lookAtOffset(this.#projection, this.#readModel, this.#progress, feed.isWaiting),
        ),
        Effect.andThen(this.#progress.rebuild.ordered, Effect.fail(new Ordered())),
      )
    })
  }

  /**
   * Carries out the orders that came before `found` was read. Returns the offset from which the projection goes
   * on. It cannot be interrupted: a stop waits for the transaction.
   */
  #begin(found: number, orders: RebuildOrders): Effect.Effect<number, ReadModelUnavailable | OffsetMoved> {
    const { rebuild } = this.#progress
    const goOnAt = (sequence: number, outcome?: Effect.Effect<void, RebuildRefused>) =>
      Effect.sync(() => {
        if (sequence < this.#progress.offset) {
          this.#failureCount = 0
          this.#progress.enter("catching-up")
        }
        this.#progress.moveTo(sequence)
        rebuild.end(orders, outcome)
        return sequence
      })
    if (!orders.some(({ step }) => step === "empty")) return goOnAt(found)
    return this.#readModel.startOver(this.#projection, { partition: this.#partition, from: found }).pipe(
      Effect.andThen(goOnAt(0)),
      Effect.catchTag("ProjectionFailed", ({ detail }) =>
        goOnAt(found, Effect.fail(rebuild.refusal("Refused", detail))),
      ),
      Effect.uninterruptible,
    )
  }

  #applyForever(feed: ProjectionFeed): Effect.Effect<never, Interruption> {
    return Effect.suspend(() => feed.take(this.#limit())).pipe(
      Effect.flatMap((records) => {
        this.#busy.openUnsafe()
        this.#progress.sawSequence(feed.newestSequence())
        return this.#applyRecords(feed, records)
      }),
      Effect.forever,
    )
  }

  #limit(): BatchLimit {
    return { records: this.#recordsMax, events: PROJECTION_BATCH_EVENTS_MAX, bytes: JOURNAL_PAGE_BYTES_MAX }
  }

  /** Applies one batch, or its first part. Records that are not applied go back to the feed. */
  #applyRecords(
    feed: ProjectionFeed,
    taken: ReadonlyArray<DecodedRecord>,
  ): Effect.Effect<void, Interruption> {
    const from = this.#progress.offset
    const ahead = taken.filter(({ sequence }) => sequence > from) // the rest was applied by another runner
    const records = this.#upToUnreadable(ahead)
    const [first] = records
    const last = records.at(-1)
    if (first === undefined || last === undefined) return Effect.void
    feed.putBack(ahead.slice(records.length))
    this.#alone = records.length === 1 ? first.sequence : undefined
    const order = this.#orderFor(records)
    if (this.#stalls(order) && first.unreadable.length > 0) return Effect.fail(this.#unreadable(first))
    const unreadable = records.flatMap((record) => record.unreadable)
    return this.#applyEvents(
      records.flatMap(({ events }) => events),
      aside(unreadable, order),
      from,
      last.sequence,
    ).pipe(
      Effect.tap(logUnreadable(this.#projection.name, unreadable)),
      (applied) => (order === undefined ? applied : Effect.catchDefect(applied, this.#asFailed(first))),
      Effect.tap(() =>
        Effect.sync(() => {
          this.#recordsMax = Math.min(this.#recordsMax * 2, PROJECTION_BATCH_EVENTS_MAX)
        }),
      ),
      Effect.catchTag("ProjectionFailed", (failure) => {
        feed.putBack(records)
        return this.#narrow(feed, records.length, failure, order)
      }),
      Effect.catchTag("OffsetMoved", (moved) => {
        if (moved.found <= from) return Effect.fail(moved)
        feed.putBack(records)
        this.#progress.moveTo(moved.found)
        return Effect.void
      }),
    )
  }

  /** The operator's order to step past the record, if there is exactly one record. */
  #orderFor(records: ReadonlyArray<DecodedRecord>): SkipOrder | undefined {
    const [first] = records
    if (first === undefined || records.length > 1) return undefined
    return this.#progress.skip.orderFor(first.sequence)
  }

  /** Whether the projection stops at a failure. An operator's order to step past it overrides that. */
  #stalls(order: SkipOrder | undefined): boolean {
    return this.#projection.onError === "stall" && order === undefined
  }

  /** The records to apply first: if unreadable events stall, the records before them. */
  #upToUnreadable(records: ReadonlyArray<DecodedRecord>): ReadonlyArray<DecodedRecord> {
    if (this.#projection.onError === "deadLetter") return records
    const index = records.findIndex(({ unreadable }) => unreadable.length > 0)
    return index === -1 ? records : records.slice(0, Math.max(1, index))
  }

  /**
   * A batch failed: the next one is half as large, until it is one record. That record is abandoned or
   * stalls.
   */
  #narrow(
    feed: ProjectionFeed,
    recordCount: number,
    failure: ProjectionFailed,
    order: SkipOrder | undefined,
  ): Effect.Effect<void, Interruption> {
    if (recordCount > 1) {
      this.#recordsMax = Math.ceil(recordCount / 2)
      return Effect.void
    }
    if (this.#stalls(order)) return Effect.fail(failure)
    return feed
      .take({ ...this.#limit(), records: 1 })
      .pipe(
        Effect.flatMap(([record]) =>
          record === undefined ? Effect.void : this.#putAside(record, failure, order),
        ),
      )
  }

  /**
   * Makes a dead letter of the failing event of a record; of all its events, if no single event is the cause.
   */
  #putAside(
    record: DecodedRecord,
    failure: ProjectionFailed,
    order: SkipOrder | undefined,
  ): Effect.Effect<void, Interruption> {
    const from = this.#progress.offset
    const { events, unreadable, sequence } = record
    const applyWithout = (suspects: DecodedRecord["events"], others: DecodedRecord["events"]) => {
      const failed = suspects.map((event) => ({ event, reason: failure.detail }))
      const letters = [...unreadable, ...failed]
      return this.#applyEvents(others, aside(letters, order), from, sequence).pipe(
        Effect.andThen(logAside(letters, failure)),
        Effect.andThen(logUnreadable(this.#projection.name, unreadable)),
      )
    }
    const without = (index: number): Effect.Effect<void, Interruption> => {
      const suspect = events[index]
      return suspect === undefined || events.length === 1 || index === SUSPECTS_MAX
        ? applyWithout(events, [])
        : applyWithout(
            [suspect],
            events.filter((event) => event !== suspect),
          ).pipe(Effect.catchTag("ProjectionFailed", () => without(index + 1)))
    }
    return without(0)
  }

  /** Runs one transaction. It cannot be interrupted: a stop waits for it. */
  #applyEvents(
    events: DecodedRecord["events"],
    deadLetters: ReadonlyArray<ProjectionDeadLetter>,
    from: number,
    to: number,
  ): Effect.Effect<void, ReadModelUnavailable | OffsetMoved | ProjectionFailed> {
    const batch = { partition: this.#partition, events, deadLetters, from, to }
    const [first, last] = [events[0]?.sequence ?? to, events.at(-1)?.sequence ?? to]
    invariant(from < first && last <= to, "offsetAdvances", () => ({
      projection: this.#projection.name,
      ...{ from, first, last, to },
    }))
    return this.#readModel.apply(this.#projection, batch).pipe(
      Effect.tap(() =>
        Effect.sync(() => {
          this.#failureCount = 0
          this.#progress.putAside(deadLetters.length)
          this.#alone = undefined
          this.#progress.skip.buried(to, deadLetters.length)
          this.#progress.skip.passed(to)
          this.#progress.moveTo(to)
          this.#progress.enter(this.#progress.lag === 0 ? "running" : this.#stateBehind())
        }),
      ),
      Effect.uninterruptible,
    )
  }

  /** A runner that is up to date keeps its state at each new commit. */
  #stateBehind(): "running" | "catching-up" {
    return this.#progress.state === "running" ? "running" : "catching-up"
  }

  /** An order applies whatever keeps the record from being applied. */
  #asFailed({ sequence }: DecodedRecord) {
    const projection = this.#projection.name
    return (defect: unknown) =>
      Effect.fail(new ProjectionFailed({ projection, sequence, detail: thrownText(defect) }))
  }

  #unreadable({ sequence, unreadable }: DecodedRecord): ProjectionFailed {
    const detail = unreadable
      .map(({ event, reason }) => `${event.actorType}/${event.id} v${event.version}: ${reason}`)
      .join("; ")
    return new ProjectionFailed({ projection: this.#projection.name, sequence, detail })
  }

  #pauseAfter(exit: Exit.Exit<never, Interruption>): Effect.Effect<void> {
    if (Exit.isSuccess(exit)) return Effect.void
    if (Cause.hasInterruptsOnly(exit.cause)) return Effect.interrupt
    this.#feed = undefined
    const error = Option.getOrUndefined(Cause.findErrorOption(exit.cause))
    if (error?._tag === "Ordered") return Effect.void
    const alone = this.#alone
    this.#alone = undefined
    const count = this.#failureCount++
    const pause = (pauses: { readonly first: number; readonly max: number }) =>
      Effect.sleep(Math.min(pauses.first * 2 ** count, pauses.max))
    if (error?._tag === "OffsetMoved") return pause(MOVED_PAUSE_MS)
    const state = error?._tag === "ReadModelUnavailable" ? "unavailable" : "stalled"
    const text = error === undefined ? Cause.pretty(exit.cause) : error.message
    const isNews = this.#progress.failed(state, text)
    // Stalled: only the record at the offset failed. Unavailable: the batch may have been too large.
    this.#recordsMax = state === "stalled" ? 1 : Math.ceil(this.#recordsMax / 2)
    const { skip } = this.#progress
    if (state === "stalled" && alone !== undefined) skip.stop(alone, text)
    else skip.go()
    return Effect.andThen(
      isNews ? Effect.logWarning(`Projection ${this.#projection.name} is ${state}: ${text}`) : Effect.void,
      state === "stalled"
        ? Effect.raceAllFirst([pause(STALLED_PAUSE_MS), skip.ordered, this.#progress.rebuild.ordered])
        : pause(UNAVAILABLE_PAUSE_MS),
    )
  }
}
