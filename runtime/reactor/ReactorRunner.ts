/**
 * Runs one reactor: from its durable position, in journal order, for ever.
 *
 * Owns the position (it moves past a record once all that the record led to is stored somewhere else), what happens
 * when a handler fails (again, with pauses, then a dead letter), and when nothing can be sent (it waits; nothing is
 * skipped). One run of a handler: Attempt.ts. How what it wants is sent: ../outbox/Dispatcher.ts.
 */
import { Clock, Effect, Latch, Option, Schedule, Schema, type Scope, Stream } from "effect"
import { Checkpoints } from "../checkpoint/Checkpoints.ts"
import { DeadLetters } from "../deadletter/DeadLetters.ts"
import { EventPublisher } from "../integration/EventPublisher.ts"
import { JOURNAL_PAGE_RECORDS_MAX, Journal, type JournalRecord } from "../journal/Journal.ts"
import { Mailbox, type MailboxService } from "../mailbox/Mailbox.ts"
import { type DispatchPorts, dispatchItem, type PlacedItem } from "../outbox/Dispatcher.ts"
import { attempt, mayPass } from "./Attempt.ts"
import { addressOfReactor, type Occurrence, occurrencesIn, reactionIdOf } from "./Reaction.ts"
import type { ReactorDefinition } from "./Reactor.ts"
import { ReactorProgress, type ReactorStatus } from "./ReactorProgress.ts"

/** How often a handler is run on one event before it becomes a dead letter. */
export const REACTION_ATTEMPTS_MAX = 5

/** Pause before the second attempt, in milliseconds; doubling. */
const ATTEMPT_PAUSE_FIRST_MS = 100

/** Records whose messages are sent together; a stop in between repeats them. */
const RECORDS_AT_ONCE_MAX = 256

/** Receivers that are sent to at the same time. */
const RECEIVERS_AT_ONCE_MAX = 256

/** How often the position is stored while it moves, in milliseconds: what a crash repeats at most, and one batch. */
const POSITION_EVERY_MS = 200

/** Longest time that a stop waits for the position to be stored, in milliseconds. */
const POSITION_AT_STOP_MS = 1_000

/** First and longest pause while a port cannot be used or the journal refuses, in milliseconds. */
const UNAVAILABLE_PAUSE_MS = { first: 100, max: 10_000 }

/** How often the journal is asked for its last sequence, from which the lag is told, in milliseconds. */
const LAG_SAMPLE_MS = 2_000

/** Longest pause between two such questions while the reactor rests, in milliseconds. */
const LAG_SAMPLE_MS_MAX = 600_000

/** Longest time for a dead letter that is handed back, in milliseconds. */
const REDRIVE_TIMEOUT_MS = 10_000

/** A place in the journal: an event of a record, or the whole record where it cannot be read. */
export interface ReactorPlace {
  readonly sequence: number
  readonly index?: number
}

/** An event that was handed back to its reactor has failed again; its dead letter stays. */
export class ReactorRedriveFailed extends Schema.TaggedError<ReactorRedriveFailed>()("ReactorRedriveFailed", {
  reactor: Schema.String,
  sequence: Schema.Number,
  detail: Schema.String,
}) {
  override get message(): string {
    return `Reactor ${this.reactor} failed again on journal record ${this.sequence}: ${this.detail}`
  }
}

/** The first failures are likely short ones, an outage is not asked every moment. */
const unavailablePauses = Schedule.min([
  Schedule.exponential(UNAVAILABLE_PAUSE_MS.first),
  Schedule.spaced(UNAVAILABLE_PAUSE_MS.max),
])

const attemptPauses = Schedule.exponential(ATTEMPT_PAUSE_FIRST_MS)

export interface ReactorRunner {
  readonly reactor: ReactorDefinition
  readonly status: () => ReactorStatus
  /** Reads the event at `place` from the journal and reacts to it once more, under the same message ids. */
  readonly redrive: (place: ReactorPlace) => Effect.Effect<void, ReactorRedriveFailed>
}

type Ports = Journal | Mailbox | Checkpoints | DeadLetters | EventPublisher

/** Starts it; the end of the scope stops it and stores its position. What is down does not fail this. */
export const makeReactorRunner = Effect.fnUntraced(function* (
  reactor: ReactorDefinition,
  settings: { readonly namespace: string; readonly shardCount: number },
): Effect.fn.Return<ReactorRunner, never, Ports | Scope.Scope> {
  const progress = new ReactorProgress(reactor.name, yield* Clock.Clock)
  const publisher = yield* EventPublisher
  const ports: DispatchPorts = {
    ...settings,
    mailbox: reporting(yield* Mailbox, progress),
    publisher: { publish: (event) => reported(progress, publisher.publish(event)) },
    deadLetters: yield* DeadLetters,
  }
  const run = new Run(reactor, ports, yield* Journal, yield* Checkpoints, progress)
  yield* Effect.addFinalizer(() => run.storePosition.pipe(Effect.timeoutOption(POSITION_AT_STOP_MS)))
  yield* Effect.forkScoped(run.sampleLag)
  yield* Effect.forkScoped(run.storePositions)
  yield* Effect.forkScoped(run.forever)
  return { reactor, status: () => progress.status(), redrive: (place) => run.redrive(place) }
})

class Run {
  readonly #reactor: ReactorDefinition
  readonly #ports: DispatchPorts
  readonly #journal: Journal["Service"]
  readonly #checkpoints: Checkpoints["Service"]
  readonly #progress: ReactorProgress
  /** Where it is taken up; unknown before the checkpoint was read. */
  #position: number | undefined
  #storedPosition = 0
  #isFollowing = false
  #isWorking = false
  /** Raised by all that happens, to tell whether anything does. */
  #turnCount = 0
  /** Open while the position is ahead of the one that is stored. */
  readonly #moved = Latch.makeUnsafe(false)

  constructor(
    reactor: ReactorDefinition,
    ports: DispatchPorts,
    journal: Journal["Service"],
    checkpoints: Checkpoints["Service"],
    progress: ReactorProgress,
  ) {
    this.#reactor = reactor
    this.#ports = ports
    this.#journal = journal
    this.#checkpoints = checkpoints
    this.#progress = progress
  }

  /** Follows the journal; when that ends, pauses and follows again from the position. */
  readonly forever: Effect.Effect<never> = Effect.suspend(() => this.#follow()).pipe(
    Effect.tapError((error) => {
      this.#isFollowing = false
      const state = error._tag === "JournalRefused" ? "stalled" : "unavailable"
      const isNews = this.#progress.failed(state, error.message)
      return isNews
        ? Effect.logWarning(`Reactor ${this.#reactor.name} is ${state}: ${error.message}`)
        : Effect.void
    }),
    Effect.retry(unavailablePauses),
    Effect.orDie,
    Effect.forever,
  )

  /** Stores the position as it moves; one that rests costs nothing. */
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
      (advanced) => Effect.ignore(reported(this.#progress, advanced)),
    )
  })

  readonly sampleLag: Effect.Effect<never> = Effect.gen({ self: this }, function* () {
    let [pauseMs, before] = [LAG_SAMPLE_MS, -1]
    while (true) {
      const turnCount = this.#turnCount
      yield* Effect.sleep(LAG_SAMPLE_MS)
      const last = yield* Effect.option(this.#journal.lastSequence(0))
      if (Option.isSome(last)) this.#progress.sawSequence(last.value)
      const isIdle = turnCount === this.#turnCount && this.#isFollowing && !this.#isWorking
      const isStored = this.#storedPosition >= (this.#position ?? 0)
      if (!isIdle || !isStored || Option.isNone(last)) continue
      // Nothing came for a whole interval: the rest of the journal is of other actor types.
      this.#progress.enter("running")
      pauseMs = last.value === before ? Math.min(pauseMs * 2, LAG_SAMPLE_MS_MAX) : LAG_SAMPLE_MS
      before = last.value
      yield* Effect.timeoutOption(this.#moved.await, pauseMs)
    }
  })

  redrive(place: ReactorPlace): Effect.Effect<void, ReactorRedriveFailed> {
    const { sequence, index } = place
    const fail = (detail: string) =>
      new ReactorRedriveFailed({ reactor: this.#reactor.name, sequence, detail })
    return Effect.gen({ self: this }, function* () {
      const [record] = yield* this.#journal.scan({ after: sequence - 1, upTo: sequence })
      if (record === undefined) return yield* Effect.fail(fail("the journal has no such record"))
      const all = yield* this.#occurrences(record)
      const wanted = index === undefined ? all : all.filter((occurrence) => occurrence.index === index)
      if (wanted.length === 0) return yield* Effect.fail(fail("it has no handler for this event any more"))
      const items = yield* Effect.forEach(wanted, (occurrence) => attempt(this.#reactor, occurrence))
      yield* this.#send(items.flat())
      this.#progress.handledCount += wanted.length
    }).pipe(
      Effect.mapError((error) => (error instanceof ReactorRedriveFailed ? error : fail(textOf(error)))),
      Effect.timeoutOrElse({
        duration: REDRIVE_TIMEOUT_MS,
        orElse: () => Effect.fail(fail(`it took longer than ${REDRIVE_TIMEOUT_MS} ms; try again`)),
      }),
    )
  }

  get #checkpoint(): string {
    return `reactor.${this.#reactor.name}`
  }

  #follow() {
    return Effect.gen({ self: this }, function* () {
      const after = this.#position ?? (yield* this.#startPosition())
      this.#moveTo(after)
      this.#turnCount++
      this.#isFollowing = true
      const types = this.#reactor.from.map(({ type }) => type)
      yield* this.#journal
        .follow({ types, after, partition: 0 })
        .pipe(Stream.runForEach((records) => this.#takeBatch(records)))
    })
  }

  /** The stored position. The note says where a reactor began that started with what was then to come. */
  #startPosition() {
    return Effect.gen({ self: this }, function* () {
      const stored = yield* this.#checkpoints.position(this.#checkpoint)
      this.#storedPosition = stored
      if (stored > 0 || this.#reactor.start === "beginning") return stored
      const noteName = `${this.#checkpoint}.start`
      const began = yield* this.#checkpoints.note(noteName)
      if (typeof began === "number") return began
      const now = yield* this.#journal.lastSequence(0)
      yield* this.#checkpoints.write(noteName, now)
      return now
    })
  }

  #takeBatch(records: ReadonlyArray<JournalRecord>): Effect.Effect<void> {
    return Effect.gen({ self: this }, function* () {
      this.#turnCount++
      this.#isWorking = true
      const fresh = records.filter(({ sequence }) => sequence > (this.#position ?? 0)) // the rest came twice
      this.#progress.sawSequence(fresh.at(-1)?.sequence ?? 0)
      for (let start = 0; start < fresh.length; start += RECORDS_AT_ONCE_MAX) {
        const together = fresh.slice(start, start + RECORDS_AT_ONCE_MAX)
        const items: Array<PlacedItem> = []
        for (const record of together) items.push(...(yield* this.#reactTo(record)))
        yield* this.#send(items)
        this.#moveTo(together.at(-1)?.sequence ?? 0)
      }
      // After a full page there is more; one that is up to date does not flicker with every burst.
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
    this.#position = position
    this.#moved.openUnsafe()
    this.#progress.moveTo(position)
  }

  /** A handler failed: said, while the reactor goes on. */
  #failed(detail: string): Effect.Effect<void> {
    return Effect.sync(() => void this.#progress.failed(this.#progress.state, detail))
  }

  /** All that a record leads to. What fails for good is a dead letter then. */
  #reactTo(record: JournalRecord): Effect.Effect<ReadonlyArray<PlacedItem>> {
    return Effect.gen({ self: this }, function* () {
      const occurrences = yield* this.#occurrences(record)
      const items: Array<PlacedItem> = []
      for (const occurrence of occurrences) items.push(...(yield* this.#react(occurrence)))
      return items
    }).pipe(
      Effect.catch((unreadable) => {
        const { key, sequence } = record
        return Effect.as(this.#giveUp({ sequence }, { key }, textOf(unreadable), 1), [])
      }),
    )
  }

  #occurrences(record: JournalRecord) {
    return Effect.try({
      try: () => occurrencesIn(this.#reactor, this.#ports.shardCount, record),
      catch: (unreadable) => unreadable,
    })
  }

  #react(occurrence: Occurrence): Effect.Effect<ReadonlyArray<PlacedItem>> {
    const { index, stored } = occurrence
    let attemptCount = 0
    return Effect.suspend(() => {
      attemptCount++
      return attempt(this.#reactor, occurrence)
    }).pipe(
      Effect.tapError((cause) => this.#failed(textOf(cause))),
      Effect.retry({ while: mayPass, times: REACTION_ATTEMPTS_MAX - 1, schedule: attemptPauses }),
      Effect.tap(() =>
        Effect.sync(() => {
          this.#progress.handledCount++
        }),
      ),
      Effect.catch((cause) => {
        const place = { sequence: stored.sequence, index }
        return Effect.as(this.#giveUp(place, stored, textOf(cause), attemptCount), [])
      }),
    )
  }

  /** Sends until all is stored; what goes to one receiver goes in order. */
  #send(items: ReadonlyArray<PlacedItem>): Effect.Effect<void> {
    const groups = Map.groupBy(items, ({ item }) => (item.k === "tell" ? item.to : item.k))
    return Effect.forEach(
      groups.values(),
      (group) => Effect.forEach(group, (placed) => dispatchItem(this.#ports, placed), { discard: true }),
      { discard: true, concurrency: RECEIVERS_AT_ONCE_MAX },
    ).pipe(
      Effect.tap(() =>
        Effect.sync(() => {
          this.#progress.sentCount += items.length
        }),
      ),
    )
  }

  /** A dead letter that says what the event was and where it is; waits until it is stored. */
  #giveUp(place: ReactorPlace, original: object, detail: string, attemptCount: number): Effect.Effect<void> {
    return Effect.gen({ self: this }, function* () {
      const messageId = reactionIdOf(this.#reactor, place.sequence, place.index)
      const letter = {
        key: addressOfReactor(this.#reactor).key,
        reason: "ReactorFailed",
        detail,
        attemptCount,
        atMs: yield* Clock.currentTimeMillis,
        messageId,
        original: JSON.stringify({ ...original, ...place }),
      } as const
      yield* reported(this.#progress, this.#ports.deadLetters.add(letter)).pipe(
        Effect.retry(unavailablePauses),
        Effect.orDie,
      )
      this.#progress.failedCount++
      yield* this.#failed(detail)
      yield* Effect.logWarning(`Reactor ${this.#reactor.name} gave up on ${messageId}: ${detail}`)
    })
  }
}

const textOf = (cause: unknown): string => (cause instanceof Error ? cause.message : String(cause))

/** Whoever sends goes on until it works; the status says why it takes so long. */
const reported = <A, E extends { readonly message: string }>(
  progress: ReactorProgress,
  work: Effect.Effect<A, E>,
): Effect.Effect<A, E> =>
  Effect.tapError(work, ({ message }) => Effect.sync(() => progress.failed("unavailable", message)))

const reporting = (mailbox: MailboxService, progress: ReactorProgress): MailboxService => ({
  messageBytesMax: mailbox.messageBytesMax,
  publish: (message) => reported(progress, mailbox.publish(message)),
  schedule: (message) => reported(progress, mailbox.schedule(message)),
  unschedule: (address, slot) => mailbox.unschedule(address, slot),
  receive: (shard) => mailbox.receive(shard),
})
