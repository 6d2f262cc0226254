/**
 * Pulls the messages of one consumer, with credit. JournalFollow.ts and MailboxReceive.ts share it.
 *
 * Owns the subscription, the pulls (at most two batches in memory or on their way), heartbeats, and the
 * pauses between attempts. It leaves a consumer on any doubt: silence, a heartbeat that names a message which
 * never came, a lost connection, a deleted consumer, a restarted server. The source says which consumer it is
 * and what a message means. The state machine is `takeBatch`, one fiber.
 */
import {
  errors,
  type Msg,
  type PermissionViolationError,
  type Status,
  type Subscription,
} from "@nats-io/transport-node"
import { Effect, Latch, type Scope } from "effect"
import { JOURNAL_PAGE_BYTES_MAX } from "../../../runtime/journal/Journal.ts"
import type { NatsConnectionService } from "./NatsConnection.ts"

export const NANOS_PER_MS = 1e6

/** Bytes at which a batch is cut, and that a pull asks for, unless one message alone is larger. */
const batchBytesMax = JOURNAL_PAGE_BYTES_MAX

/** Interval in which the server sends a heartbeat while it has no message. */
const heartbeatMs = 2_000

/**
 * Interval of the looks at a consumer. One that was silent from one look to the next is left: after once to
 * twice this time.
 */
const silenceCheckMs = 4_000

/** Time after which a pull request ends, even if unfilled. */
export const PULL_EXPIRY_MS = 60_000

const retryPauseMsMin = 50
const retryPauseMsMax = 2_000

/** Where a delivered message is in its stream and consumer. */
export interface DeliveryPlace {
  readonly deliveryCount: number
  readonly streamSequence: number
  /** Rises by one with every delivery of the consumer, to any subscriber. */
  readonly consumerSequence: number
  /** Time at which the stream stored it, Unix milliseconds. */
  readonly storedAtMs: number
}

/**
 * `$JS.ACK.[<domain>.<account>.]<stream>.<consumer>.<delivered>.<stream seq>.<consumer
 * seq>.<time>.<pending>[.<…>]`
 */
const placeOf = (reply: string): DeliveryPlace => {
  const tokens = reply.split(".")
  const at = tokens.length > 9 ? 6 : 4
  return {
    deliveryCount: Number(tokens[at]),
    streamSequence: Number(tokens[at + 1]),
    consumerSequence: Number(tokens[at + 2]),
    storedAtMs: Number(tokens[at + 3]) / NANOS_PER_MS,
  }
}

const status = { heartbeat: 100, pullExpired: 408, pullEnded: 409 } as const

/** Statuses 409 that end one pull and say nothing against the consumer. */
const pullIsOver = /batch completed|exceeds maxbytes/i

/** The source of pulled messages. `E` is an error that no retry changes. */
export interface PullSource<Item extends { readonly data: Uint8Array }, E> {
  readonly stream: string
  /** Name of the receiver for operators. */
  readonly name: string
  /** Messages of one pull, and largest batch. */
  readonly batchCountMax: number
  /** Finds or makes the consumer; `undefined`: try again later. */
  readonly attach: Effect.Effect<string | undefined, E>
  /** Turns a message into an item; `undefined` if a message before it is missing, so the consumer is left. */
  readonly read: (message: Msg, place: DeliveryPlace) => Item | undefined
  /** Called when the consumer was left and the connection is open. */
  readonly leave?: (consumer: string) => void
  /** Error for a subject that the permissions deny. */
  readonly denied: (subject: string, detail: string) => E
}

class Puller<Item extends { readonly data: Uint8Array }, E> {
  readonly #connection: NatsConnectionService
  readonly #source: PullSource<Item, E>
  readonly #pullBytes: number
  readonly #signal = Latch.makeUnsafe(false)
  #buffer: Array<Item> = []
  #consumer: string | undefined
  #subscription: Subscription | undefined
  /** Messages that open pulls may still bring. */
  #credit = 0
  #isWaiting = false
  #wasHeard = false
  /** Consumer sequence of the newest message. */
  #consumerSequence = 0
  #pauseMs = retryPauseMsMin
  /** Violation that forbids pulling, which no retry changes. */
  #denied: PermissionViolationError | undefined

  constructor(connection: NatsConnectionService, source: PullSource<Item, E>) {
    this.#connection = connection
    this.#source = source
    this.#pullBytes = Math.max(batchBytesMax, 2 * (connection.client.info?.max_payload ?? 0))
  }

  /** The next items; waits until there is one. */
  readonly takeBatch: Effect.Effect<ReadonlyArray<Item>, E> = Effect.gen({ self: this }, function* () {
    while (this.#buffer.length === 0) {
      if (this.#denied !== undefined) {
        return yield* Effect.fail(this.#source.denied(this.#denied.subject, this.#denied.message))
      }
      if (this.#consumer === undefined && !(yield* this.#start)) {
        yield* Effect.sleep(this.#pauseMs)
        this.#pauseMs = Math.min(this.#pauseMs * 2, retryPauseMsMax)
        continue
      }
      this.#pull()
      this.#isWaiting = true
      this.#wasHeard = true
      yield* this.#signal.await
      this.#isWaiting = false
      this.#signal.closeUnsafe()
      // The signal wakes this fiber in the middle of a socket read. After the yield, the rest of that read is
      // in the batch.
      yield* Effect.yieldNow
    }
    const batch = this.#cut()
    if (this.#consumer !== undefined) this.#pull()
    return batch
  })

  /**
   * Leaves a consumer that is silent. It runs in its own fiber, because a time-out around every wait costs
   * far more.
   */
  readonly watch: Effect.Effect<never> = Effect.gen({ self: this }, function* () {
    while (true) {
      yield* Effect.sleep(silenceCheckMs)
      if (this.#isWaiting && !this.#wasHeard) this.drop()
      this.#wasHeard = false
    }
  })

  /** Takes a batch off the buffer. */
  #cut(): ReadonlyArray<Item> {
    let bytes = 0
    let count = 0
    for (const { data } of this.#buffer) {
      bytes += data.length
      if (count > 0 && (bytes > batchBytesMax || count === this.#source.batchCountMax)) break
      count++
    }
    if (count < this.#buffer.length) return this.#buffer.splice(0, count)
    const batch = this.#buffer
    this.#buffer = []
    return batch
  }

  readonly #start: Effect.Effect<boolean, E> = Effect.gen({ self: this }, function* () {
    const { troubles } = this.#connection.requests
    const { stream, name, attach } = this.#source
    const consumer = yield* attach
    if (consumer === undefined) {
      troubles.detached(this, stream, name)
      return false
    }
    troubles.attached(this)
    this.#consumer = consumer
    this.#consumerSequence = 0
    this.#credit = 0
    this.#pauseMs = retryPauseMsMin
    const inbox = this.#connection.newInbox()
    this.#subscription = this.#connection.client.subscribe(inbox, {
      callback: (error, message) => {
        // A refused subscription is handled in `#deny`, because it also arrives as a status.
        if (error === null && this.#subscription?.getSubject() === inbox) this.#onMessage(message)
      },
    })
    return true
  })

  #pull(): void {
    const { batchCountMax, stream } = this.#source
    const room = 2 * batchCountMax - this.#buffer.length - this.#credit
    if (room < batchCountMax || this.#subscription === undefined) return
    const request = {
      batch: batchCountMax,
      max_bytes: this.#pullBytes,
      expires: PULL_EXPIRY_MS * NANOS_PER_MS,
      idle_heartbeat: heartbeatMs * NANOS_PER_MS,
    }
    this.#credit += batchCountMax
    this.#connection.client.publish(
      `$JS.API.CONSUMER.MSG.NEXT.${stream}.${this.#consumer}`,
      JSON.stringify(request),
      { reply: this.#subscription.getSubject() },
    )
  }

  #onMessage(message: Msg): void {
    this.#wasHeard = true
    // An idle consumer sends mostly heartbeats. They wake no fiber, unless the newest message was lost.
    if (message.headers?.code === status.heartbeat) {
      if (Number(message.headers.get("Nats-Last-Consumer") || 0) > this.#consumerSequence) this.drop()
      return
    }
    const reply = message.reply ?? ""
    if (!reply.startsWith("$JS.ACK.")) {
      this.#onStatus(message)
    } else {
      const place = placeOf(reply)
      this.#consumerSequence = place.consumerSequence
      const item = this.#source.read(message, place)
      if (item === undefined) {
        this.drop()
      } else {
        this.#credit--
        this.#buffer.push(item)
      }
    }
    this.#signal.openUnsafe()
  }

  #onStatus(message: Msg): void {
    const headers = message.headers
    const code = headers?.code ?? 0
    const ended =
      code === status.pullExpired ||
      (code === status.pullEnded && pullIsOver.test(headers?.description ?? ""))
    if (ended) this.#credit = Math.max(0, this.#credit - Number(headers?.get("Nats-Pending-Messages") || 0))
    else this.drop()
  }

  readonly onConnectionStatus = (event: Status): void => {
    if (event.type === "disconnect" || event.type === "close") this.drop()
    else if (event.type === "error" && event.error instanceof errors.PermissionViolationError) {
      this.#deny(event.error)
    }
  }

  /** Ends this puller if the permission violation is its own. */
  #deny(error: PermissionViolationError): void {
    if (this.#consumer === undefined) return
    const own = `${this.#source.stream}.${this.#consumer}`
    const isOurs =
      error.subject === `$JS.API.CONSUMER.MSG.NEXT.${own}` ||
      error.subject.startsWith(`$JS.ACK.${own}.`) ||
      error.subject === this.#subscription?.getSubject()
    if (!isOurs) return
    this.#denied = error
    this.drop()
  }

  /** Leaves the consumer, on any doubt; the next turn attaches again. */
  drop(): void {
    if (this.#consumer === undefined) return
    if (!this.#connection.client.isClosed()) {
      this.#subscription?.unsubscribe()
      this.#source.leave?.(this.#consumer)
    }
    this.#consumer = undefined
    this.#subscription = undefined
    this.#signal.openUnsafe()
  }
}

/**
 * Batches of a source, never empty, each made when the reader asks for it. The consumer is left with the
 * scope.
 */
export const pullFrom = <Item extends { readonly data: Uint8Array }, E>(
  connection: NatsConnectionService,
  source: PullSource<Item, E>,
): Effect.Effect<{ readonly takeBatch: Effect.Effect<ReadonlyArray<Item>, E> }, never, Scope.Scope> =>
  Effect.gen(function* () {
    const puller = new Puller(connection, source)
    const stop = connection.onStatus(puller.onConnectionStatus)
    yield* Effect.forkScoped(puller.watch)
    yield* Effect.addFinalizer(() =>
      Effect.sync(() => {
        stop()
        puller.drop()
        connection.requests.troubles.attached(puller)
      }),
    )
    return puller
  })
