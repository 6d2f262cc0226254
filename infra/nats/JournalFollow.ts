/**
 * The journal's live tail: everything of the given types after a sequence, in order, for ever.
 *
 * Owns an ephemeral pull consumer and its whole life: credit-based pulls (at most two pages in memory), the check
 * that consumer sequences are contiguous, and a new consumer from the last delivered sequence on any doubt: a gap,
 * silence, a lost connection, a deleted consumer, a restarted server. The state machine is `takeBatch`, one fiber.
 */
import {
  createInbox,
  errors,
  type Msg,
  type PermissionViolationError,
  type Subscription,
} from "@nats-io/transport-node"
import { Effect, Latch, Stream } from "effect"
import {
  JOURNAL_PAGE_BYTES_MAX,
  JOURNAL_PAGE_RECORDS_MAX,
  type JournalRecord,
  JournalRefused,
} from "../../runtime/journal/Journal.ts"
import { createConsumer } from "./JetStreamApi.ts"
import type { JournalGuard } from "./JournalGuard.ts"
import type { JournalSubjects } from "./JournalSubject.ts"
import type { NatsConnectionService } from "./NatsConnection.ts"
import { jetStreamCode, notPermitted, readErrorOf } from "./NatsErrors.ts"

const NANOS_PER_MS = 1e6

/** The server says that it is there this often while there is nothing to send. */
const heartbeatMs = 2_000

/** Silence after which the consumer is doubted. */
const silenceMaxMs = 5_000

/** A pull request ends unfilled after this. */
const pullExpiryMs = 60_000

/** The server removes a consumer that nobody pulled from for this long. */
const inactiveThresholdMs = 90_000

const retryPauseMsMin = 50
const retryPauseMsMax = 2_000

interface FollowContext {
  readonly connection: NatsConnectionService
  readonly guard: JournalGuard
  readonly stream: string
  readonly subjects: JournalSubjects
}

/** `$JS.ACK.[<domain>.<account>.]<stream>.<consumer>.<delivered>.<stream seq>.<consumer seq>.<time>.<pending>[.<…>]` */
const sequencesOf = (reply: string): { readonly stream: number; readonly consumer: number } => {
  const tokens = reply.split(".")
  const at = tokens.length > 9 ? 7 : 5
  return { stream: Number(tokens[at]), consumer: Number(tokens[at + 1]) }
}

const status = { heartbeat: 100, pullExpired: 408, pullEnded: 409 } as const

/** 409s that end one pull and say nothing against the consumer. */
const pullIsOver = /batch completed|exceeds maxbytes/i

class Follower {
  readonly #context: FollowContext
  readonly #filters: Array<string>
  readonly #pullBytes: number
  readonly #signal = Latch.makeUnsafe(false)
  #buffer: Array<JournalRecord> = []
  /** Sequence of the newest buffered or delivered record. */
  #last: number
  #consumer: string | undefined
  #subscription: Subscription | undefined
  #consumerSequence = 0
  /** Messages that open pulls may still bring. */
  #credit = 0
  #pauseMs = retryPauseMsMin
  /** The server's permissions forbid following: no retry changes that. */
  #denied: JournalRefused | undefined

  constructor(context: FollowContext, types: ReadonlyArray<string>, after: number) {
    this.#context = context
    this.#filters = types.map(context.subjects.ofType)
    this.#last = after
    const payloadMax = context.connection.client.info?.max_payload ?? 0
    this.#pullBytes = Math.max(JOURNAL_PAGE_BYTES_MAX, 2 * payloadMax)
  }

  /** The next records; waits for some. Fails only when the journal itself is refused. */
  readonly takeBatch: Effect.Effect<ReadonlyArray<JournalRecord>, JournalRefused> = Effect.gen(
    { self: this },
    function* () {
      while (this.#buffer.length === 0) {
        if (this.#denied !== undefined) return yield* this.#denied
        if (this.#consumer === undefined && !(yield* this.#start)) {
          yield* Effect.sleep(this.#pauseMs)
          this.#pauseMs = Math.min(this.#pauseMs * 2, retryPauseMsMax)
          continue
        }
        this.#pull()
        const heard = yield* Effect.timeoutOption(this.#signal.await, silenceMaxMs)
        this.#signal.closeUnsafe()
        if (heard._tag === "None") this.drop()
        // The signal wakes this fiber in the middle of a socket read: the rest of that read joins the batch.
        yield* Effect.yieldNow
      }
      const batch = this.#cut()
      if (this.#consumer !== undefined) this.#pull()
      return batch
    },
  )

  /** A page off the buffer. */
  #cut(): ReadonlyArray<JournalRecord> {
    let bytes = 0
    let count = 0
    for (const record of this.#buffer) {
      bytes += record.data.length
      if (count > 0 && (bytes > JOURNAL_PAGE_BYTES_MAX || count === JOURNAL_PAGE_RECORDS_MAX)) break
      count++
    }
    if (count < this.#buffer.length) return this.#buffer.splice(0, count)
    const batch = this.#buffer
    this.#buffer = []
    return batch
  }

  /** Makes a consumer that goes on after the last record. False: try again later. */
  readonly #start: Effect.Effect<boolean, JournalRefused> = Effect.gen({ self: this }, function* () {
    const { connection, guard, stream } = this.#context
    yield* guard.verify
    const inbox = createInbox()
    const name = `follow-${inbox.slice(inbox.lastIndexOf(".") + 1)}`
    const created = createConsumer(connection.requests, stream, {
      name,
      ack_policy: "none",
      deliver_policy: "by_start_sequence",
      opt_start_seq: this.#last + 1,
      filter_subjects: this.#filters,
      max_deliver: 1,
      mem_storage: true,
      num_replicas: 1,
      inactive_threshold: inactiveThresholdMs * NANOS_PER_MS,
    })
    yield* Effect.mapError(created, (error) => {
      if (error._tag === "JetStreamError" && error.code === jetStreamCode.streamNotFound) guard.suspect()
      return readErrorOf(error)
    })
    this.#consumer = name
    this.#consumerSequence = 0
    this.#credit = 0
    this.#pauseMs = retryPauseMsMin
    this.#subscription = connection.client.subscribe(inbox, {
      callback: (error, message) => {
        // A refused subscription arrives as a status, too: see `deny`.
        if (error === null) this.#onMessage(name, message)
      },
    })
    return true
  }).pipe(
    Effect.catch((error) => (error instanceof JournalRefused ? Effect.fail(error) : Effect.succeed(false))),
  )

  #pull(): void {
    const { connection, stream } = this.#context
    const room = 2 * JOURNAL_PAGE_RECORDS_MAX - this.#buffer.length - this.#credit
    if (room < JOURNAL_PAGE_RECORDS_MAX || this.#subscription === undefined) return
    const request = {
      batch: JOURNAL_PAGE_RECORDS_MAX,
      max_bytes: this.#pullBytes,
      expires: pullExpiryMs * NANOS_PER_MS,
      idle_heartbeat: heartbeatMs * NANOS_PER_MS,
    }
    this.#credit += JOURNAL_PAGE_RECORDS_MAX
    connection.client.publish(
      `$JS.API.CONSUMER.MSG.NEXT.${stream}.${this.#consumer}`,
      JSON.stringify(request),
      {
        reply: this.#subscription.getSubject(),
      },
    )
  }

  #onMessage(consumer: string, message: Msg): void {
    if (consumer !== this.#consumer) return
    const reply = message.reply ?? ""
    if (!reply.startsWith("$JS.ACK.")) {
      this.#onStatus(message)
    } else {
      const sequence = sequencesOf(reply)
      if (sequence.consumer !== this.#consumerSequence + 1 || sequence.stream <= this.#last) {
        this.drop()
      } else {
        this.#consumerSequence = sequence.consumer
        this.#last = sequence.stream
        this.#credit--
        this.#buffer.push({
          key: this.#context.subjects.keyOf(message.subject),
          sequence: sequence.stream,
          data: message.data,
        })
      }
    }
    this.#signal.openUnsafe()
  }

  #onStatus(message: Msg): void {
    const headers = message.headers
    const code = headers?.code ?? 0
    if (code === status.heartbeat) return
    const ended =
      code === status.pullExpired ||
      (code === status.pullEnded && pullIsOver.test(headers?.description ?? ""))
    if (ended) this.#credit = Math.max(0, this.#credit - Number(headers?.get("Nats-Pending-Messages") || 0))
    else this.drop()
  }

  /** A permission violation of this follower ends it; those of others are theirs. */
  deny(error: PermissionViolationError): void {
    const pulls = `$JS.API.CONSUMER.MSG.NEXT.${this.#context.stream}.${this.#consumer}`
    if (error.subject !== pulls && error.subject !== this.#subscription?.getSubject()) return
    this.#denied = notPermitted(error.subject, error.message)
    this.drop()
  }

  /** Leaves the consumer, on any doubt; the next turn makes another. */
  drop(): void {
    const { connection, stream } = this.#context
    if (this.#consumer === undefined) return
    if (!connection.client.isClosed()) {
      this.#subscription?.unsubscribe()
      // Best effort, nobody waits: the server removes an idle consumer by itself.
      connection.requests.send(
        `$JS.API.CONSUMER.DELETE.${stream}.${this.#consumer}`,
        new Uint8Array(),
        undefined,
        1_000,
        {
          onReply: () => true,
          onFailure: () => undefined,
        },
      )
    }
    this.#consumer = undefined
    this.#subscription = undefined
    this.#signal.openUnsafe()
  }
}

/** The port's `follow`. */
export const followJournal = (
  context: FollowContext,
  options: { readonly types: ReadonlyArray<string>; readonly after: number },
): Stream.Stream<ReadonlyArray<JournalRecord>, JournalRefused> => {
  if (options.types.length === 0) return Stream.never
  return Stream.unwrap(
    Effect.gen(function* () {
      const follower = new Follower(context, options.types, options.after)
      const stop = context.connection.onStatus((event) => {
        if (event.type === "disconnect" || event.type === "close") follower.drop()
        else if (event.type === "error" && event.error instanceof errors.PermissionViolationError) {
          follower.deny(event.error)
        }
      })
      yield* Effect.addFinalizer(() =>
        Effect.sync(() => {
          stop()
          follower.drop()
        }),
      )
      return Stream.fromEffectRepeat(follower.takeBatch)
    }),
  )
}
