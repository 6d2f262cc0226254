/**
 * A reactor's work on an event: runs its handler, sends the reaction, and abandons events that keep failing.
 *
 * Owns the failures: a handler that fails (retries with pauses, then a dead letter), items that cannot be
 * sent (they wait; no item is skipped), and an event that is redriven. One run of a handler: Attempt.ts. How
 * items are sent: ../outbox/Dispatcher.ts. Which events there are: ReactorPartition.ts.
 */
import { Clock, Effect, Schedule, Schema } from "effect"
import type { PlacedItem } from "../commit/PlacedItem.ts"
import { errorClass } from "../error/EverstateError.ts"
import { type SkipOrder, skipReason } from "../follower/RecordSkip.ts"
import type { JournalRecord, JournalService } from "../journal/Journal.ts"
import { thrownMessage } from "../json/Thrown.ts"
import { about, type LogSubject } from "../log/LogSubject.ts"
import { logSampled } from "../log/SampledLog.ts"
import type { MailboxService } from "../mailbox/Mailbox.ts"
import { type DispatchPorts, dispatchItem } from "../outbox/Dispatcher.ts"
import type { ProjectedEvent } from "../projection/Projection.ts"
import { attempt, mayPass } from "./Attempt.ts"
import { addressOfReactor, type Occurrence, occurrencesIn, reactionIdOf } from "./Reaction.ts"
import type { ReactorDefinition } from "./Reactor.ts"
import type { ReactorProgress } from "./ReactorProgress.ts"

/** Runs of a handler on one event before the event becomes a dead letter. */
export const REACTION_ATTEMPTS_MAX = 5

/** Pause before the second attempt, in milliseconds; doubling. */
const ATTEMPT_PAUSE_FIRST_MS = 100

/** Receivers to which items are sent at once. */
const RECEIVERS_AT_ONCE_MAX = 256

/** First and longest pause while a port cannot be used or the journal refuses, in milliseconds. */
const UNAVAILABLE_PAUSE_MS = { first: 100, max: 10_000 }

/** Longest time for a redriven dead letter, in milliseconds. */
const REDRIVE_TIMEOUT_MS = 10_000

/** An event of a record in the journal; the whole record if it cannot be read. */
export interface EventPosition {
  readonly sequence: number
  readonly index?: number
}

/** An event that was handed back to its reactor has failed again; its dead letter stays. */
export class ReactorRedriveFailed extends errorClass<ReactorRedriveFailed>()(
  "ReactorRedriveFailed",
  {
    reactor: Schema.String,
    sequence: Schema.Number,
    detail: Schema.String,
  },
  { kind: "transient", retry: "later", hint: "Mend what detail names, and redrive the dead letter again." },
) {
  override get message(): string {
    return `Reactor ${this.reactor} failed again on journal record ${this.sequence}: ${this.detail}`
  }
}

/**
 * Pauses that start short, because the first failures are mostly short, and then grow to spare a server that
 * is down.
 */
export const unavailablePauses = Schedule.min([
  Schedule.exponential(UNAVAILABLE_PAUSE_MS.first),
  Schedule.spaced(UNAVAILABLE_PAUSE_MS.max),
])

const attemptPauses = Schedule.exponential(ATTEMPT_PAUSE_FIRST_MS)

/** A reactor's work on events of one partition. */
export class Reacting {
  readonly #reactor: ReactorDefinition
  readonly #ports: DispatchPorts
  readonly #progress: ReactorProgress
  /** Records in work, or items that are still to be sent for them. */
  #unsent: Iterable<number | PlacedItem> = []

  constructor(reactor: ReactorDefinition, ports: DispatchPorts, progress: ReactorProgress) {
    const { mailbox, publisher } = ports
    this.#reactor = reactor
    this.#ports = {
      ...ports,
      mailbox: reporting(mailbox, this.#reported),
      publisher: { publish: (event) => this.#reported(publisher.publish(event)) },
    }
    this.#progress = progress
  }

  /**
   * The items that a record leads to. A record that fails for good, or that an operator skips, becomes a dead
   * letter.
   */
  reactTo(record: JournalRecord): Effect.Effect<ReadonlyArray<PlacedItem>> {
    const { key, sequence } = record
    return Effect.gen({ self: this }, function* () {
      this.#unsent = [sequence]
      const occurrences = yield* this.#occurrences(record)
      return occurrences.length === 0 ? [] : yield* this.#reactToAll(record, occurrences)
    }).pipe(
      Effect.catch((unreadable) =>
        Effect.as(this.#abandon({ sequence }, { key }, thrownMessage(unreadable), 1), []),
      ),
    )
  }

  #reactToAll(
    record: JournalRecord,
    occurrences: ReadonlyArray<Occurrence>,
  ): Effect.Effect<ReadonlyArray<PlacedItem>> {
    const reacting = Effect.map(
      Effect.forEach(occurrences, (occurrence) => this.#react(occurrence)),
      (items) => items.flat(),
    )
    const instead = Effect.suspend(() => {
      const order = this.#progress.skip.orderFor(record.sequence)
      return order === undefined
        ? this.#reactToAll(record, occurrences)
        : Effect.as(this.#skip(record, order), [])
    })
    return this.#unlessOrdered(reacting, instead)
  }

  /**
   * Sends until all items are stored, except those that an operator skips. Items to one receiver are sent in
   * order.
   */
  send(items: ReadonlyArray<PlacedItem>, records: ReadonlyArray<JournalRecord>): Effect.Effect<void> {
    const unsent = new Set(items)
    this.#unsent = unsent
    const skip = Effect.suspend(() => {
      for (const { sequence } of unsent) {
        const order = this.#progress.skip.orderFor(sequence)
        const record = records.find((record) => record.sequence === sequence)
        if (order === undefined || record === undefined) continue
        for (const placed of unsent) if (placed.sequence === sequence) unsent.delete(placed)
        return this.#skip(record, order)
      }
      return Effect.void
    })
    const sending: Effect.Effect<void> = this.#unlessOrdered(
      this.#sendAll(unsent),
      Effect.andThen(
        skip,
        Effect.suspend(() => sending),
      ),
    )
    return sending
  }

  /** Sends the items, and removes those that are stored from `unsent`. */
  #sendAll(unsent: Set<PlacedItem>): Effect.Effect<void> {
    return Effect.suspend(() => {
      const groups = Map.groupBy(unsent, ({ item }) => (item.k === "tell" ? item.to : item.k))
      const sent = (placed: PlacedItem) =>
        Effect.sync(() => {
          unsent.delete(placed)
          this.#progress.sentCount++
        })
      const send = (placed: PlacedItem) => Effect.andThen(dispatchItem(this.#ports, placed), sent(placed))
      return Effect.forEach(groups.values(), (group) => Effect.forEach(group, send, { discard: true }), {
        discard: true,
        concurrency: RECEIVERS_AT_ONCE_MAX,
      })
    })
  }

  /** Does `work`. An operator's order stops it and runs `instead`. */
  #unlessOrdered<A>(work: Effect.Effect<A>, instead: Effect.Effect<A>): Effect.Effect<A> {
    const ordered = Effect.as(this.#progress.skip.ordered, undefined)
    return Effect.flatMap(
      Effect.raceFirst(
        Effect.map(work, (done) => ({ done })),
        ordered,
      ),
      (outcome) => (outcome === undefined ? instead : Effect.succeed(outcome.done)),
    )
  }

  #skip({ sequence, key }: JournalRecord, order: SkipOrder): Effect.Effect<void> {
    const why = this.#progress.skip.stopped?.reason ?? "nothing"
    return Effect.andThen(
      this.#abandon({ sequence }, { key }, skipReason(order, why), 1),
      Effect.sync(() => this.#progress.skip.buried(sequence, 1)),
    )
  }

  /** Reports failures in the status, with the first record that is delayed by them. */
  readonly #reported = <A, E extends { readonly message: string }>(
    work: Effect.Effect<A, E>,
  ): Effect.Effect<A, E> =>
    Effect.tapError(this.#progress.reported(work), ({ message }) => Effect.sync(() => this.#stopped(message)))

  #stopped(reason: string): void {
    let first: number | undefined
    for (const unsent of this.#unsent) {
      const sequence = typeof unsent === "number" ? unsent : unsent.sequence
      first = Math.min(first ?? sequence, sequence)
    }
    if (first !== undefined) this.#progress.skip.stop(first, reason)
  }

  /** Reads the event at `place` and reacts to it again. */
  redrive(journal: JournalService, position: EventPosition): Effect.Effect<void, ReactorRedriveFailed> {
    const { sequence, index } = position
    const fail = (detail: string) =>
      new ReactorRedriveFailed({ reactor: this.#reactor.name, sequence, detail })
    return Effect.gen({ self: this }, function* () {
      const [record] = yield* journal.scan({ after: sequence - 1, upTo: sequence })
      if (record === undefined) return yield* Effect.fail(fail("the journal has no such record"))
      const all = yield* this.#occurrences(record)
      const wanted = index === undefined ? all : all.filter((occurrence) => occurrence.index === index)
      if (wanted.length === 0) return yield* Effect.fail(fail("it has no handler for this event any more"))
      const items = yield* Effect.forEach(wanted, (occurrence) => attempt(this.#reactor, occurrence))
      yield* this.#sendAll(new Set(items.flat()))
      this.#progress.handledCount += wanted.length
    }).pipe(
      Effect.mapError((error) =>
        error instanceof ReactorRedriveFailed ? error : fail(thrownMessage(error)),
      ),
      Effect.timeoutOrElse({
        duration: REDRIVE_TIMEOUT_MS,
        orElse: () => Effect.fail(fail(`it took longer than ${REDRIVE_TIMEOUT_MS} ms; try again`)),
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
      Effect.tapError((cause) => this.#failed(thrownMessage(cause))),
      Effect.retry({ while: mayPass, times: REACTION_ATTEMPTS_MAX - 1, schedule: attemptPauses }),
      Effect.tap(() =>
        Effect.sync(() => {
          this.#progress.handledCount++
        }),
      ),
      Effect.catch((cause) => {
        const position = { sequence: stored.sequence, index }
        return Effect.as(this.#abandon(position, stored, thrownMessage(cause), attemptCount), [])
      }),
    )
  }

  /** Logs that a handler failed; the reactor goes on. */
  #failed(detail: string): Effect.Effect<void> {
    return Effect.sync(() => {
      this.#progress.failed(this.#progress.state, detail)
      this.#stopped(detail)
    })
  }

  /** Stores a dead letter with the event and its position. Returns when it is stored. */
  #abandon(
    position: EventPosition,
    original: AbandonedEvent,
    detail: string,
    attemptCount: number,
  ): Effect.Effect<void> {
    return Effect.gen({ self: this }, function* () {
      const messageId = reactionIdOf(this.#reactor, position.sequence, position.index)
      const letter = {
        key: addressOfReactor(this.#reactor).key,
        reason: "ReactorFailed",
        detail,
        attemptCount,
        atMs: yield* Clock.currentTimeMillis,
        messageId,
        original: JSON.stringify({ ...original, ...position }),
      } as const
      yield* this.#reported(this.#ports.deadLetters.add(letter)).pipe(
        Effect.retry(unavailablePauses),
        Effect.orDie,
      )
      this.#progress.failedCount++
      this.#progress.failed(this.#progress.state, detail)
      const { name } = this.#reactor
      const line = `Reactor ${name} gave up on ${messageId}: ${detail}`
      yield* logSampled(`reactor ${name} gave up`, line).pipe(about(subjectOf(original)))
    })
  }
}

/** What is abandoned: an event, or a record of which only the key is known. */
type AbandonedEvent = ProjectedEvent | { readonly key: string }

const subjectOf = (original: AbandonedEvent): LogSubject => {
  if ("key" in original) return { actor: original.key }
  const { actorType: type, id, commandId, metadata } = original
  return { actor: { type, id }, commandId, metadata }
}

type Reported = <A, E extends { readonly message: string }>(work: Effect.Effect<A, E>) => Effect.Effect<A, E>

const reporting = (mailbox: MailboxService, reported: Reported): MailboxService => ({
  ...mailbox,
  publish: (message) => reported(mailbox.publish(message)),
  schedule: (message) => reported(mailbox.schedule(message)),
})
