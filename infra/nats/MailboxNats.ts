/**
 * The mailbox on JetStream: one work-queue stream of messages, and of schedules that the server turns into messages.
 *
 * Owns publishing, scheduling and their ids. The stream is MailboxStream.ts, its subjects MailboxSubject.ts, handing
 * out MailboxReceive.ts. The contract is runtime/mailbox/Mailbox.ts.
 */
import { Clock, Effect, Layer } from "effect"
import { ACTOR_ID_TOKEN_BYTES_MAX, tokenFromId } from "../../runtime/address/ActorAddress.ts"
import { BacklogCounts } from "../../runtime/mailbox/BacklogCounts.ts"
import {
  Mailbox,
  type MailboxError,
  type MailboxService,
  type OutboundMessage,
  type ScheduledMessage,
} from "../../runtime/mailbox/Mailbox.ts"
import { purgeSubject, subjectCounts } from "./JetStreamApi.ts"
import { receiveShard } from "./MailboxReceive.ts"
import { type MailboxStreamOptions, openMailboxStream } from "./MailboxStream.ts"
import { mailboxSubjectsOf } from "./MailboxSubject.ts"
import { NatsConnection } from "./NatsConnection.ts"
import { mailboxErrorOf, messageTooLarge } from "./NatsErrors.ts"
import { headerValueOf, publishTo } from "./PubAck.ts"

/**
 * Bytes of the server's `max_payload` that are kept for headers (the longest id of the longest actor takes about
 * 3,200), and for what a dead letter adds to the message that became one.
 */
export const MESSAGE_ROOM_BYTES = 12 * 1_024

/**
 * Farthest time that the server is given, in milliseconds from now. It counts in nanoseconds and takes the year 2300
 * for the past. What is due later is delivered early after this time, and whoever receives it schedules it again.
 */
export const SCHEDULE_AHEAD_MAX_MS = 365 * 86_400_000

export interface MailboxNatsOptions extends MailboxStreamOptions {
  /** The port's {@link REDELIVERY_MS} by default. */
  readonly redeliveryMs?: number
}

const makeService = (
  connection: NatsConnection["Service"],
  stream: string,
  options: MailboxNatsOptions,
): MailboxService => {
  const { requests, client } = connection
  const { namespace, redeliveryMs } = options
  const subjects = mailboxSubjectsOf(namespace)
  const messageBytesMax = (client.info?.max_payload ?? 0) - MESSAGE_ROOM_BYTES
  const context = { connection, stream, subjects, ...(redeliveryMs === undefined ? {} : { redeliveryMs }) }

  const store = (
    { address, data }: OutboundMessage,
    subject: string,
    headers: Readonly<Record<string, string>>,
  ): Effect.Effect<void, MailboxError> => {
    if (data.length > messageBytesMax) {
      const detail = `the message to ${address.key} has ${data.length} bytes, the mailbox takes ${messageBytesMax}`
      return Effect.fail(messageTooLarge(detail))
    }
    return Effect.asVoid(Effect.mapError(publishTo(requests, subject, data, headers), mailboxErrorOf))
  }

  /** Ids are remembered for the whole stream: the same one to two actors is two. */
  const publish = (message: OutboundMessage, subject: string) =>
    store(message, subject, { "Nats-Msg-Id": `${message.address.key}:${headerValueOf(message.id)}` })

  const unschedule: MailboxService["unschedule"] = (address, slot) =>
    Effect.asVoid(
      Effect.mapError(purgeSubject(requests, stream, subjects.ofSlot(address, slot)), mailboxErrorOf),
    )

  /**
   * Without an id: a slot holds one message anyway, and one that was replaced or emptied may have to be put back.
   * What is due already does not go through the server's schedule, which would take another 250 ms.
   */
  const schedule = (message: ScheduledMessage) =>
    Effect.flatMap(Clock.currentTimeMillis, (nowMs): Effect.Effect<void, MailboxError> => {
      const { address, slot, atMs } = message
      if (tokenFromId(slot).length > ACTOR_ID_TOKEN_BYTES_MAX) {
        return Effect.fail(
          messageTooLarge(`the slot's name is longer than ${ACTOR_ID_TOKEN_BYTES_MAX} bytes`),
        )
      }
      if (!(atMs > nowMs)) {
        return Effect.andThen(unschedule(address, slot), publish(message, subjects.ofDue(address)))
      }
      const at = new Date(Math.min(Math.ceil(atMs), nowMs + SCHEDULE_AHEAD_MAX_MS))
      return store(message, subjects.ofSlot(address, slot), {
        "Nats-Schedule": `@at ${at.toISOString()}`,
        "Nats-Schedule-Target": subjects.ofDue(address),
      })
    })

  const backlog = Effect.mapError(subjectCounts(requests, stream, subjects.waiting), mailboxErrorOf).pipe(
    Effect.map((counts) => {
      const counted = new BacklogCounts()
      for (const [subject, count] of counts) {
        counted.add(subjects.shardOf(subject), subjects.keyOf(subject), count)
      }
      return counted.all
    }),
  )

  return {
    messageBytesMax,
    publish: (message) => publish(message, subjects.ofActor(message.address)),
    schedule,
    unschedule,
    receive: (shard, only) => receiveShard(context, shard, only),
    backlog,
  }
}

export const MailboxNats = {
  /** Opens or creates the namespace's mailbox. See {@link openMailboxStream} for the refusals. */
  layer: (options: MailboxNatsOptions): Layer.Layer<Mailbox, MailboxError, NatsConnection> =>
    Layer.effect(
      Mailbox,
      Effect.gen(function* () {
        const connection = yield* NatsConnection
        const stream = yield* openMailboxStream(connection, options)
        return makeService(connection, stream, options)
      }),
    ),
}
