/**
 * The receiver of a shard in one stream of the mailbox: a durable pull consumer that hands out the waiting
 * messages, oldest first, until they are acknowledged. MailboxNats.ts knows the streams.
 *
 * Owns the choice of the consumer's receiver. A receiver takes the consumer by making it anew: the messages
 * that an earlier receiver left unacknowledged then come at once and in order, not after the redelivery time
 * and behind newer messages. A receiver does so when it starts, and later on any doubt (a lost connection, a
 * gap) as long as the consumer is its own or gone. If another receiver took the consumer, this one steps
 * aside and comes back only once no receiver pulls from it, so two receivers never fight.
 *
 * The consumer's metadata hold the receiver's id and the sequence up to which messages were handed out
 * before; for each left-out type, the same sequence at the time when it began to be left out. The metadata
 * are lost if the process is killed between removing the consumer and making it again, or if somebody deletes
 * the consumer while no receiver runs. Messages that were handed out before are then not marked as repeats.
 *
 * Pulls are in PullConsumer.ts. Acknowledgements are published without waiting; a late one is never wrong,
 * because only messages that are in the journal are acknowledged.
 */
import { type Msg, nuid } from "@nats-io/transport-node"
import { Effect, Stream } from "effect"
import { typeOfKey } from "../../../runtime/address/ActorAddress.ts"
import {
  DEFAULT_GROUP,
  type Delivery,
  MailboxRefused,
  REDELIVERY_MS,
  type ReceiverGroup,
  UNACKNOWLEDGED_MAX,
} from "../../../runtime/mailbox/Mailbox.ts"
import {
  type ConsumerInfo,
  consumerInfo,
  createConsumer,
  deleteConsumer,
} from "../connection/JetStreamApi.ts"
import type { NatsConnectionService } from "../connection/NatsConnection.ts"
import {
  isCode,
  type JetStreamError,
  jetStreamCode,
  mailboxErrorOf,
  mailboxNotPermitted,
  type NatsRequestFailed,
} from "../connection/NatsErrors.ts"
import { type DeliveryPlace, NANOS_PER_MS, type PullSource, pullFrom } from "../connection/PullConsumer.ts"
import { MAILBOX_LAYOUT_VERSION } from "./MailboxStream.ts"
import type { WaitingSubjects } from "./MailboxSubject.ts"

/** Time for which a receiver stays aside before it looks whether the other receiver still pulls. */
const asidePauseMs = 5_000

/** Time before a missing consumer is looked for again: another receiver may be about to make it anew. */
const missingPauseMs = 500

/** Time before an optional stream that is gone is looked for again. */
const gonePauseMs = 30_000

/** Key of the consumer's metadata with the mailbox's layout, which tells which release received last. */
export const LAYOUT_KEY = "everstate.mailbox"
const receiverKey = "everstate.receiver"
const handedOutKey = "everstate.handedOut"
const leftOutKey = "everstate.leftOut"

const acknowledged = "+ACK"
const inProgress = "+WPI"

/** One stream of the mailbox, as receivers see it. */
export interface MailboxLane {
  readonly stream: string
  readonly subjects: WaitingSubjects
  /** Turns a sequence of the stream into {@link Delivery.sequence}. */
  readonly sequenceOf: (streamSequence: number) => number
  /** True if the stream's sequences are positions of published messages. */
  readonly hasPositions: boolean
  /** True if the stream may be gone for good: its receivers then wait without an error. */
  readonly isOptional: boolean
}

export interface ReceiveContext {
  readonly connection: NatsConnectionService
  readonly lane: MailboxLane
  readonly redeliveryMs?: number
  /** Called once, when all messages that waited at the start were handed out. */
  readonly onCaughtUp?: () => void
}

const unlessNotFound = <A>(effect: Effect.Effect<A, NatsRequestFailed | JetStreamError>) =>
  Effect.catch(effect, (error) =>
    isCode(error, jetStreamCode.consumerNotFound) ? Effect.undefined : Effect.fail(error),
  )

type LeftOutRow = readonly [type: string, handedOutUpTo: number]

/** The rows in a consumer's metadata; none if they have another form. */
const leftOutRows = (stored = "[]"): ReadonlyArray<LeftOutRow> => {
  try {
    const rows: unknown = JSON.parse(stored)
    return Array.isArray(rows) ? rows.filter(isLeftOutRow) : []
  } catch {
    return []
  }
}

const isLeftOutRow = (row: unknown): row is LeftOutRow =>
  Array.isArray(row) && typeof row[0] === "string" && Number.isSafeInteger(row[1])

class Receiver implements PullSource<Delivery, MailboxRefused> {
  readonly stream: string
  /** At most two batches may be unacknowledged. */
  readonly batchCountMax = UNACKNOWLEDGED_MAX / 2
  readonly denied = mailboxNotPermitted
  readonly #context: ReceiveContext
  readonly #id = nuid.next()
  readonly #consumer: string
  readonly #filters: Array<string>
  readonly #leftOut: ReadonlyArray<string>
  #hasStarted = false
  /** Stream sequence up to which an earlier consumer may have handed messages out. */
  #repeatsUpTo = 0
  /** The same for each type that is left out, or that the earlier consumer left out. */
  readonly #repeatsUpToByType = new Map<string, number>()
  /** Messages that waited when the consumer was made and are not handed out yet. */
  #backlogCount = 0
  #handedOutUpTo = 0
  #consumerSequence = 0

  constructor(context: ReceiveContext, shard: number, only: ReceiverGroup | undefined) {
    const { stream, subjects } = context.lane
    this.#context = context
    this.stream = stream
    // A work queue hands a message to one consumer, so the filters of its consumers must not overlap.
    this.#consumer =
      only === undefined || only.name === DEFAULT_GROUP ? `shard-${shard}` : `shard-${shard}-${only.name}`
    this.#leftOut = only?.leftOut ?? []
    this.#filters = only?.types.map((type) => subjects.ofType(shard, type)) ?? [subjects.ofShard(shard)]
  }

  get name(): string {
    return this.#consumer
  }

  readonly attach: Effect.Effect<string | undefined, MailboxRefused> = Effect.gen(
    { self: this },
    function* () {
      let found = yield* this.#info
      if (this.#hasStarted && !this.#isOwn(found)) {
        yield* Effect.sleep(found === undefined ? missingPauseMs : asidePauseMs)
        found = yield* this.#info
        if (found !== undefined && !this.#isOwn(found) && found.num_waiting > 0) return undefined
      }
      yield* this.#take(found)
      return this.#consumer
    },
  ).pipe(
    Effect.catchIf(
      (error) => this.#context.lane.isOptional && isCode(error, jetStreamCode.streamNotFound),
      () =>
        Effect.as(
          Effect.andThen(
            Effect.sync(() => this.#caughtUp()),
            Effect.sleep(gonePauseMs),
          ),
          undefined,
        ),
    ),
    Effect.mapError(mailboxErrorOf),
    Effect.catch((error) => (error instanceof MailboxRefused ? Effect.fail(error) : Effect.undefined)),
  )

  get #info(): Effect.Effect<ConsumerInfo | undefined, NatsRequestFailed | JetStreamError> {
    return unlessNotFound(consumerInfo(this.#context.connection.requests, this.stream, this.#consumer))
  }

  #isOwn(found: ConsumerInfo | undefined): boolean {
    return found?.config.metadata?.[receiverKey] === this.#id
  }

  /** Makes the consumer anew. */
  #take(found: ConsumerInfo | undefined) {
    const { connection, redeliveryMs = REDELIVERY_MS } = this.#context
    const repeatsUpTo = Math.max(
      this.#handedOutUpTo,
      found?.delivered.stream_seq ?? 0,
      Number(found?.config.metadata?.[handedOutKey] ?? 0),
    )
    // Kept here, too, because the consumer may be removed and the first attempt to make it again may fail.
    this.#handedOutUpTo = repeatsUpTo
    this.#learnLeftOut(found?.config.metadata?.[leftOutKey], repeatsUpTo)
    const leftOut = this.#leftOut.map((type) => [type, this.#repeatsUpToByType.get(type)])
    const remove = unlessNotFound(deleteConsumer(connection.requests, this.stream, this.#consumer))
    const make = createConsumer(connection.requests, this.stream, {
      name: this.#consumer,
      durable_name: this.#consumer,
      filter_subjects: this.#filters,
      deliver_policy: "all",
      ack_policy: "explicit",
      ack_wait: redeliveryMs * NANOS_PER_MS,
      max_deliver: -1,
      max_ack_pending: UNACKNOWLEDGED_MAX,
      metadata: {
        [receiverKey]: this.#id,
        [handedOutKey]: String(repeatsUpTo),
        [leftOutKey]: JSON.stringify(leftOut),
        [LAYOUT_KEY]: String(MAILBOX_LAYOUT_VERSION),
      },
    })
    return Effect.andThen(found === undefined ? Effect.void : remove, make).pipe(
      Effect.tap(({ num_pending: waitingCount }) =>
        Effect.sync(() => {
          this.#hasStarted = true
          this.#repeatsUpTo = repeatsUpTo
          this.#consumerSequence = 0
          this.#backlogCount = waitingCount
          if (waitingCount === 0) this.#caughtUp()
        }),
      ),
      Effect.uninterruptible,
    )
  }

  /** Learns up to which sequence messages of left-out types were handed out. */
  #learnLeftOut(stored: string | undefined, handedOutUpTo: number): void {
    const known = this.#repeatsUpToByType
    if (this.#hasStarted) {
      for (const type of known.keys()) if (!this.#leftOut.includes(type)) known.delete(type)
    } else {
      for (const [type, upTo] of leftOutRows(stored)) known.set(type, upTo)
    }
    for (const type of this.#leftOut) if (!known.has(type)) known.set(type, handedOutUpTo)
  }

  #isHandedOut(key: string, streamSequence: number): boolean {
    return streamSequence <= (this.#repeatsUpToByType.get(typeOfKey(key)) ?? this.#repeatsUpTo)
  }

  readonly read = (message: Msg, place: DeliveryPlace): Delivery | undefined => {
    if (place.consumerSequence !== this.#consumerSequence + 1) return undefined
    this.#consumerSequence = place.consumerSequence
    const { deliveryCount, streamSequence, storedAtMs } = place
    this.#handedOutUpTo = Math.max(this.#handedOutUpTo, streamSequence)
    if (--this.#backlogCount === 0) this.#caughtUp()
    const { subjects, sequenceOf, hasPositions } = this.#context.lane
    const key = subjects.keyOf(message.subject)
    return {
      key,
      sequence: sequenceOf(streamSequence),
      data: message.data,
      storedAtMs,
      ...(hasPositions ? { position: streamSequence } : undefined),
      isRepeat: deliveryCount > 1 || this.#isHandedOut(key, streamSequence),
      ack: this.#say(message, acknowledged),
      extend: this.#say(message, inProgress),
    }
  }

  #caughtUp(): void {
    this.#context.onCaughtUp?.()
  }

  #say({ reply = "" }: Msg, word: string): Effect.Effect<void> {
    const { client } = this.#context.connection
    return Effect.sync(() => {
      // Without a connection there is no acknowledgement, and the message is delivered again.
      if (!client.isClosed() && !client.isDraining()) client.publish(reply, word)
    })
  }
}

/** Messages of a shard in one stream: the port's `receive` for that stream alone. */
export const receiveLane = (
  context: ReceiveContext,
  shard: number,
  only?: ReceiverGroup,
): Stream.Stream<Delivery, MailboxRefused> =>
  Stream.unwrap(
    Effect.map(
      Effect.suspend(() => pullFrom(context.connection, new Receiver(context, shard, only))),
      ({ takeBatch }) => Stream.fromIterableEffectRepeat(takeBatch),
    ),
  )
