/**
 * The mailbox on JetStream: one stream of messages, and one of timers, which the server turns into messages.
 *
 * Owns publishing and scheduling, their ids, and the choice of the stream: those of MailboxStream.ts or, as
 * long as nodes of the first release run, the one of MailboxLegacy.ts. Subjects are in MailboxSubject.ts,
 * receiving is in MailboxReceive.ts. The contract is runtime/mailbox/Mailbox.ts.
 */
import { hash } from "node:crypto"
import { Clock, Effect, Latch, Layer, Stream } from "effect"
import {
  ACTOR_ID_TOKEN_BYTES_MAX,
  type ActorAddress,
  tokenFromId,
} from "../../../runtime/address/ActorAddress.ts"
import { shardSlot } from "../../../runtime/cluster/Slot.ts"
import { BacklogCounts } from "../../../runtime/mailbox/BacklogCounts.ts"
import {
  Mailbox,
  type MailboxError,
  type MailboxService,
  type MessageSentinels,
  type OutboundMessage,
  type ScheduledMessage,
} from "../../../runtime/mailbox/Mailbox.ts"
import {
  API_TIMEOUT_MS,
  findMessage,
  purgeSubject,
  streamInfo,
  subjectCounts,
} from "../connection/JetStreamApi.ts"
import { NatsConnection } from "../connection/NatsConnection.ts"
import {
  isCode,
  type JetStreamError,
  jetStreamCode,
  mailboxErrorOf,
  messageTooLarge,
  type NatsRequestFailed,
} from "../connection/NatsErrors.ts"
import { headerValueOf, publishTo } from "../connection/PubAck.ts"
import { findMailboxLegacy, type MailboxLegacy } from "./MailboxLegacy.ts"
import { moveSchedules } from "./MailboxMove.ts"
import { type MailboxLane, receiveLane } from "./MailboxReceive.ts"
import {
  type MailboxStreamNames,
  type MailboxStreamOptions,
  mailboxIdOf,
  openMailboxStreams,
} from "./MailboxStream.ts"
import { mailboxSubjectsOf, sentinelNameOf } from "./MailboxSubject.ts"

/**
 * Bytes of the server's `max_payload` that are kept for headers (the longest id of the longest actor takes
 * about 3,200), and for the note that a dead letter adds to its message.
 */
export const MESSAGE_ROOM_BYTES = 12 * 1_024

/**
 * Farthest time of a schedule, in milliseconds from now. The server counts in nanoseconds and takes the year
 * 2300 for the past. A message that is due later is delivered after this time, too early, and its receiver
 * schedules it again.
 */
export const SCHEDULE_AHEAD_MAX_MS = 365 * 86_400_000

/** Time of a sentinel from now, in milliseconds: a hundred years. */
const SENTINEL_AHEAD_MS = 100 * 365 * 86_400_000

/**
 * Time for which messages of the first release's mailbox delay newer ones when a shard is taken, in
 * milliseconds.
 */
const LEGACY_FIRST_MS = 10_000

/** Number of streams. The sequence of a delivery names its stream by the remainder. */
const LANE_COUNT = 2

/**
 * Base of the first release's sequences: below all sequences of the new streams, because its messages are
 * older.
 */
const LEGACY_SEQUENCE_FLOOR = -(2 ** 52)

export interface MailboxNatsOptions extends MailboxStreamOptions {
  /**
   * Time after which an unacknowledged message is delivered again; {@link REDELIVERY_MS} of the port by
   * default.
   */
  readonly redeliveryMs?: number
  /** True if the namespace has no commits, so that no schedule can have been lost; false by default. */
  readonly isNew?: Effect.Effect<boolean, MailboxError>
}

/** Where a message is stored: its subject, and the slot and target of a schedule. */
interface Destination {
  readonly ofActor: (address: ActorAddress) => string
  readonly ofDue: (address: ActorAddress) => string
  readonly ofSlot: (address: ActorAddress, slot: string) => string
}

/**
 * Runs a request to the first release's stream. Succeeds if the stream is gone, because there is nothing left
 * to do in it.
 */
const unlessGone = <A>(effect: Effect.Effect<A, NatsRequestFailed | JetStreamError>) =>
  Effect.catch(effect, (error) =>
    isCode(error, jetStreamCode.streamNotFound) ? Effect.undefined : Effect.fail(error),
  )

const makeService = (
  connection: NatsConnection["Service"],
  streams: MailboxStreamNames,
  legacy: MailboxLegacy | undefined,
  options: MailboxNatsOptions,
): MailboxService => {
  const { requests, client } = connection
  const { namespace, redeliveryMs } = options
  const { messages, due, ofSlot, sentinels, messageSentinels: ofMessages } = mailboxSubjectsOf(namespace)
  const messageBytesMax = (client.info?.max_payload ?? 0) - MESSAGE_ROOM_BYTES
  const lanes: ReadonlyArray<MailboxLane> = [
    { stream: streams.messages, subjects: messages },
    { stream: streams.timers, subjects: due },
  ].map((lane, index) => ({
    ...lane,
    isOptional: false,
    hasPositions: lane.stream === streams.messages,
    sequenceOf: (streamSequence) => streamSequence * LANE_COUNT + index,
  }))
  const legacyLane: MailboxLane | undefined = legacy && {
    stream: legacy.stream,
    subjects: legacy.subjects.waiting,
    isOptional: true,
    hasPositions: false,
    sequenceOf: (streamSequence) => LEGACY_SEQUENCE_FLOOR + streamSequence,
  }

  const allLanes = legacyLane === undefined ? lanes : [...lanes, legacyLane]

  const here: Destination = { ofActor: messages.ofActor, ofDue: due.ofActor, ofSlot }
  const there = legacy && { ...legacy.subjects, ofActor: legacy.subjects.waiting.ofActor }
  /** The mailbox that every possible owner of the receiver's shard reads. */
  const destination: Effect.Effect<Destination, MailboxError> =
    legacy === undefined || there === undefined
      ? Effect.succeed(here)
      : Effect.map(legacy.state, (state) => (state === "shared" ? there : here))

  const store = (
    { address, data }: OutboundMessage,
    subject: string,
    headers: Readonly<Record<string, string>>,
  ): Effect.Effect<number, MailboxError> => {
    if (data.length > messageBytesMax) {
      const detail = `the message to ${address.key} has ${data.length} bytes, the mailbox takes ${messageBytesMax}`
      return Effect.fail(messageTooLarge(detail))
    }
    return Effect.mapError(publishTo(requests, subject, data, headers), mailboxErrorOf)
  }

  /**
   * Publishes a message. The stream remembers ids for all actors, so the id includes the actor's key. It also
   * includes the content: a client may publish messages, too, and could use an id that a node will use, so
   * that the node's message would not be stored.
   */
  const publish = (message: OutboundMessage, subject: string) => {
    const { address, id, data } = message
    const content = hash("sha1", data, "base64url")
    return store(message, subject, { "Nats-Msg-Id": `${address.key}:${headerValueOf(id)}:${content}` })
  }

  /** Empties a slot in both mailboxes, because either release may have filled it. */
  const unschedule: MailboxService["unschedule"] = (address, slot) => {
    const purged = purgeSubject(requests, streams.timers, ofSlot(address, slot))
    const purgedThere =
      legacy === undefined
        ? Effect.void
        : unlessGone(purgeSubject(requests, legacy.stream, legacy.subjects.ofSlot(address, slot)))
    return Effect.asVoid(Effect.mapError(Effect.andThen(purged, purgedThere), mailboxErrorOf))
  }

  /**
   * Schedules a message, without an id: a slot holds one message anyway, and a replaced or emptied one may
   * have to be put back. A message that is already due is published at once, because the server's schedule
   * would add 250 ms.
   */
  const schedule = (message: ScheduledMessage) =>
    Effect.gen(function* () {
      const { address, slot, atMs } = message
      if (tokenFromId(slot).length > ACTOR_ID_TOKEN_BYTES_MAX) {
        return yield* messageTooLarge(`the slot's name is longer than ${ACTOR_ID_TOKEN_BYTES_MAX} bytes`)
      }
      const nowMs = yield* Clock.currentTimeMillis
      const to = yield* destination
      if (!(atMs > nowMs)) {
        yield* unschedule(address, slot)
        yield* publish(message, to.ofDue(address))
        return
      }
      const at = new Date(Math.min(Math.ceil(atMs), nowMs + SCHEDULE_AHEAD_MAX_MS))
      yield* store(message, to.ofSlot(address, slot), {
        "Nats-Schedule": `@at ${at.toISOString()}`,
        "Nats-Schedule-Target": to.ofDue(address),
      })
    })

  const backlog = Effect.gen(function* () {
    const counted = new BacklogCounts()
    for (const { stream, subjects, isOptional } of allLanes) {
      const counting = subjectCounts(requests, stream, subjects.all)
      const counts = (yield* isOptional ? unlessGone(counting) : counting) ?? new Map<string, number>()
      for (const [subject, count] of counts) {
        const shard = subjects.shardOf(subject)
        // A sentinel belongs to no shard.
        if (Number.isInteger(shard)) counted.add(shard, subjects.keyOf(subject), count)
      }
    }
    return counted.all
  }).pipe(Effect.mapError(mailboxErrorOf))

  /**
   * Reads the end first, then the oldest message, from the stream's leader: a message that comes in between
   * then does not count as acknowledged.
   */
  const acknowledged: MailboxService["acknowledged"] = (shard) =>
    Effect.gen(function* () {
      const { state, config } = yield* streamInfo(requests, streams.messages)
      const query = { next_by_subj: messages.ofShard(shard), seq: 1 }
      const found = yield* findMessage(requests, streams.messages, query, API_TIMEOUT_MS)
      const first = found?.message.seq
      const mailboxId = mailboxIdOf(config)
      return { first, last: state.last_seq, ...(mailboxId === undefined ? undefined : { mailboxId }) }
    }).pipe(Effect.mapError(mailboxErrorOf))

  const messageAt: MailboxService["messageAt"] = (position) =>
    findMessage(requests, streams.messages, { seq: position }, API_TIMEOUT_MS).pipe(
      Effect.map((found) => {
        if (found === undefined) return undefined
        const { subject, data = "" } = found.message
        return { key: messages.keyOf(subject), data: new Uint8Array(Buffer.from(data, "base64")) }
      }),
      Effect.mapError(mailboxErrorOf),
    )

  /** Places a sentinel far behind every timer, and before the end of the server's clock. */
  const placeSentinel: MailboxService["placeSentinel"] = (shard, name) =>
    Effect.flatMap(Clock.currentTimeMillis, (nowMs) =>
      publishTo(requests, sentinels.ofName(shard, name), new Uint8Array(), {
        "Nats-Schedule": `@at ${new Date(nowMs + SENTINEL_AHEAD_MS).toISOString()}`,
        "Nats-Schedule-Target": sentinels.due(shard),
      }),
    ).pipe(Effect.mapError(mailboxErrorOf), Effect.asVoid)

  const removeSentinel: MailboxService["removeSentinel"] = (shard, name) =>
    purgeSubject(requests, streams.timers, sentinels.ofName(shard, name)).pipe(
      Effect.mapError(mailboxErrorOf),
      Effect.asVoid,
    )

  const sentinelNames = (stream: string, subjects: string) =>
    subjectCounts(requests, stream, subjects).pipe(
      Effect.mapError(mailboxErrorOf),
      Effect.map((counts) => {
        const names = Array.from(counts.keys(), sentinelNameOf)
        return new Set(names.filter((name) => name !== undefined))
      }),
    )

  const messageSentinels: MessageSentinels = {
    place: (name) =>
      publishTo(requests, ofMessages.ofName(name), new Uint8Array(), {}).pipe(
        Effect.mapError(mailboxErrorOf),
        Effect.asVoid,
      ),
    remove: (name) =>
      purgeSubject(requests, streams.messages, ofMessages.ofName(name)).pipe(
        Effect.mapError(mailboxErrorOf),
        Effect.asVoid,
      ),
    names: sentinelNames(streams.messages, ofMessages.all),
  }

  const receive: MailboxService["receive"] = (shard, only) => {
    const from = (lane: MailboxLane, onCaughtUp?: () => void) =>
      receiveLane(
        {
          connection,
          lane,
          ...(redeliveryMs === undefined ? {} : { redeliveryMs }),
          ...(onCaughtUp === undefined ? {} : { onCaughtUp }),
        },
        shard,
        only,
      )
    const current = Stream.mergeAll(
      lanes.map((lane) => from(lane)),
      { concurrency: "unbounded" },
    )
    if (legacyLane === undefined) return current
    return Stream.unwrap(
      Effect.sync(() => {
        const isCaughtUp = Latch.makeUnsafe(false)
        const after = Effect.timeoutOption(isCaughtUp.await, LEGACY_FIRST_MS)
        const older = from(legacyLane, () => isCaughtUp.openUnsafe())
        return Stream.merge(older, Stream.unwrap(Effect.as(after, current)))
      }),
    )
  }

  return {
    messageBytesMax,
    // The mailbox of the first release tells no publisher when a message is acknowledged.
    publish: (message) =>
      Effect.flatMap(destination, (to) =>
        Effect.map(publish(message, to.ofActor(message.address)), (position) =>
          to === here ? position : undefined,
        ),
      ),
    acknowledged,
    messageAt,
    schedule,
    unschedule,
    receive,
    placeSentinel,
    removeSentinel,
    sentinels: sentinelNames(streams.timers, sentinels.all),
    messageSentinels,
    backlog,
  }
}

const open = Effect.fnUntraced(function* (options: MailboxNatsOptions) {
  const connection = yield* NatsConnection
  const streams = yield* openMailboxStreams(connection, options)
  const legacy = yield* findMailboxLegacy(connection, options.namespace)
  return { connection, streams, legacy, mailbox: makeService(connection, streams, legacy, options) }
})

/**
 * Places the first sentinels. Called if no timer was placed yet, or all timers are in the stream of the first
 * release: the empty stream of this release has then lost nothing.
 */
const placeFirstSentinels = Effect.fnUntraced(function* (
  { requests }: NatsConnection["Service"],
  { timers }: MailboxStreamNames,
  { placeSentinel }: MailboxService,
  shards: number,
) {
  const { state } = yield* Effect.mapError(streamInfo(requests, timers), mailboxErrorOf)
  if (state.last_seq > 0) return
  const all = Array.from({ length: shards }, (_, shard) => placeSentinel(shard, shardSlot(undefined, shard)))
  yield* Effect.all(all, { concurrency: "unbounded", discard: true })
})

export const MailboxNats = {
  /**
   * Opens or creates the namespace's mailbox, for a node. It also empties the mailbox of the first release if
   * there is one. {@link openMailboxStreams} has the refusals.
   */
  layer: (options: MailboxNatsOptions): Layer.Layer<Mailbox, MailboxError, NatsConnection> =>
    Layer.effect(
      Mailbox,
      Effect.gen(function* () {
        const { connection, streams, legacy, mailbox } = yield* open(options)
        const { isNew = Effect.succeed(false) } = options
        if (legacy !== undefined || (yield* isNew)) {
          yield* placeFirstSentinels(connection, streams, mailbox, options.shards)
        }
        if (legacy === undefined) return mailbox
        yield* moveSchedules(connection, legacy, options.namespace)
        return mailbox
      }),
    ),

  /** Opens the mailbox for a process that only sends. It creates nothing if there is a system. */
  layerClient: (options: MailboxNatsOptions): Layer.Layer<Mailbox, MailboxError, NatsConnection> =>
    Layer.effect(
      Mailbox,
      Effect.map(open(options), ({ mailbox }) => mailbox),
    ),
}
