/**
 * The mailbox port: durable messages to actors, one inbox for each shard. A message is kept until it is
 * acknowledged.
 *
 * Owns the contract of every mailbox (test/contract/Mailbox.contract.ts runs it on all of them). Delivery is
 * at least once: messages repeat, and acknowledgements are not fenced, so a receiver acknowledges a message
 * only when it is in the journal. Content of messages: Message.ts. Who delivers them to actors:
 * ../inbox/MessageDelivery.ts.
 */
import { Context, type Effect, Schema, type Stream } from "effect"
import type { ActorAddress } from "../address/ActorAddress.ts"
import { errorClass } from "../error/EverstateError.ts"

/** A message on its way to an actor. */
export interface OutboundMessage {
  readonly address: ActorAddress
  /** Id of the message for ever. A mailbox stores a repeat of an id within two minutes only once. */
  readonly id: string
  readonly data: Uint8Array
}

/** A message that is to be delivered at a certain time. */
export interface ScheduledMessage extends OutboundMessage {
  /** Name of the schedule at the receiver: a new message under this name replaces the one before. */
  readonly slot: string
  /** Time of the delivery, Unix milliseconds; a time in the past means now. */
  readonly atMs: number
}

/** A message that was handed out and needs an acknowledgement. */
export interface Delivery {
  /** `type/token` of the receiver. */
  readonly key: string
  /**
   * Number of the message in its shard, a safe integer that may be negative. Messages from one sender to one
   * actor ascend; scheduled messages have an order of their own.
   */
  readonly sequence: number
  readonly data: Uint8Array
  /** Position that `publish` returned; absent for a scheduled message, and if the mailbox cannot tell. */
  readonly position?: number
  /** Whether the message may have been handed out before, to this or to an earlier owner of the shard. */
  readonly isRepeat: boolean
  /**
   * Time at which the server stored the message, by the server's clock, Unix milliseconds; absent if unknown.
   */
  readonly storedAtMs?: number
  /** Acknowledges the message. A lost acknowledgement is harmless, because the message comes again. */
  readonly ack: Effect.Effect<void>
  /**
   * Tells that the message is still in work, so it is not handed out again for another `REDELIVERY_MS`.
   */
  readonly extend: Effect.Effect<void>
}

/** Time after which a message that was neither acknowledged nor extended is handed out again, in milliseconds. */
export const REDELIVERY_MS = 30_000

/**
 * Largest number of messages of one shard that are handed out and not acknowledged; further messages wait in
 * the mailbox. A mailbox may count scheduled messages that are due separately.
 */
export const UNACKNOWLEDGED_MAX = 512

/** Largest number of messages that wait for one actor; the next one is refused as `Full`. */
export const MESSAGES_PER_ACTOR_MAX = 100_000

/**
 * The mailbox refused a message and stored nothing. Terminal for this message. `Full`: too many messages wait
 * for this actor, which may pass. `StorageFull`: there is no room for any message; an operator has to make
 * room. `Missing`: the mailbox of a system that was in use does not exist.
 */
export class MailboxRefused extends errorClass<MailboxRefused>()(
  "MailboxRefused",
  {
    reason: Schema.Literals([
      "Full",
      "StorageFull",
      "TooLarge",
      "NotPermitted",
      "Unsafe",
      "Foreign",
      "Missing",
    ]),
    detail: Schema.String,
    hint: Schema.String,
  },
  { kind: "terminal", retry: { later: ["Full", "StorageFull"], otherwise: "never" } },
) {
  override get message(): string {
    return `Mailbox refused (${this.reason}): ${this.detail}. ${this.hint}`
  }
}

/** It is not known whether the message was stored. Send it again with the same id. */
export class MailboxUnavailable extends errorClass<MailboxUnavailable>()(
  "MailboxUnavailable",
  {
    reason: Schema.Literals(["Timeout", "NoResponders", "Disconnected", "Other"]),
    detail: Schema.String,
  },
  {
    kind: "transient",
    retry: "same command id",
    hint: "Send it again with the same commandId: the mailbox stores it once.",
  },
) {
  override get message(): string {
    return `Mailbox unavailable (${this.reason}): ${this.detail}`
  }
}

/** All errors of the mailbox. */
export type MailboxError = MailboxRefused | MailboxUnavailable

/** Name of the group of all types that are in no other group. */
export const DEFAULT_GROUP = "default"

/** Actor types whose messages a receiver gets separately from those of other types of the shard. */
export interface ReceiverGroup {
  /** Name of the group: letters, digits, `_`, `-`. No type is in two groups of one mailbox. */
  readonly name: string
  readonly types: ReadonlyArray<string>
  /**
   * Further types of the group, whose messages stay in the mailbox for now. A later receiver that has them in
   * `types` gets their messages, as repeats if they were handed out before.
   */
  readonly leftOut?: ReadonlyArray<string>
}

/** Number of messages that wait for the actors of a type in a shard. */
export interface Backlog {
  readonly shard: number
  readonly type: string
  /**
   * Number of messages that are not acknowledged, handed out or not. Scheduled messages count from the time
   * when they are due.
   */
  readonly count: number
}

/** How far the messages of a shard are acknowledged. Positions are those that `publish` returns. */
export interface Acknowledged {
  /** Position of the oldest unacknowledged message of the shard; `undefined` if there is none. */
  readonly first: number | undefined
  /**
   * Highest position that the mailbox has given in any shard. A higher position belongs to another mailbox.
   */
  readonly last: number
  /** Id of the mailbox: a mailbox that replaces it has another id. Absent if the mailbox has none. */
  readonly mailboxId?: string
}

/** A published message that is not acknowledged. */
export interface StoredMessage {
  /** `type/token` of the receiver. */
  readonly key: string
  readonly data: Uint8Array
}

/**
 * Sentinels among the published messages: small records that no receiver gets. A sentinel stays until it is
 * removed, or until an older copy replaces the mailbox.
 */
export interface MessageSentinels {
  /** Stores a sentinel. */
  readonly place: (name: string) => Effect.Effect<void, MailboxError>
  /** Removes the sentinel, if it exists. */
  readonly remove: (name: string) => Effect.Effect<void, MailboxError>
  /** Names of all sentinels that exist. */
  readonly names: Effect.Effect<ReadonlySet<string>, MailboxError>
}

/** Durable messages to actors: publish, schedule, and receive by shard. */
export interface MailboxService {
  /** Largest `data` of a message, in bytes. */
  readonly messageBytesMax: number
  /**
   * Stores a message. Succeeds when it is stored, with its position: a number that starts at 1 and ascends
   * from message to message. `undefined` if the mailbox cannot tell when the message is acknowledged.
   */
  readonly publish: (message: OutboundMessage) => Effect.Effect<number | undefined, MailboxError>
  /** How far the published messages of a shard are acknowledged. Scheduled messages are not counted. */
  readonly acknowledged: (shard: number) => Effect.Effect<Acknowledged, MailboxError>
  /** The unacknowledged published message at a position; `undefined` if there is none. */
  readonly messageAt: (position: number) => Effect.Effect<StoredMessage | undefined, MailboxError>
  /**
   * Stores a message for delivery at its time: never earlier, and later only if servers or nodes were down.
   */
  readonly schedule: (message: ScheduledMessage) => Effect.Effect<void, MailboxError>
  /** Removes a schedule. A message that was due already may still be delivered. */
  readonly unschedule: (address: ActorAddress, slot: string) => Effect.Effect<void, MailboxError>
  /**
   * Hands out the shard's messages for ever, oldest first. Messages that an earlier receiver left
   * unacknowledged come first, at once. With `only` it gets the messages of some actor types, separately from
   * other groups; a new receiver of the same group replaces it. Ends only by failing or being interrupted. It
   * survives lost connections and deleted consumers by itself; messages may then repeat.
   */
  readonly receive: (shard: number, only?: ReceiverGroup) => Stream.Stream<Delivery, MailboxRefused>
  /**
   * Puts a sentinel among the schedules of a shard. It stays there until they are lost: purged, or gone with
   * their stream.
   */
  readonly placeSentinel: (shard: number, name: string) => Effect.Effect<void, MailboxError>
  /** Removes the sentinel, if it exists. */
  readonly removeSentinel: (shard: number, name: string) => Effect.Effect<void, MailboxError>
  /** Names of all sentinels that exist. */
  readonly sentinels: Effect.Effect<ReadonlySet<string>, MailboxError>
  readonly messageSentinels: MessageSentinels
  /**
   * The messages that wait at this moment. For operators, because it costs a line for every actor that has
   * messages.
   */
  readonly backlog: Effect.Effect<ReadonlyArray<Backlog>, MailboxError>
}

/** The port for the mailbox, as a service. */
export class Mailbox extends Context.Service<Mailbox, MailboxService>()("everstate/mailbox/Mailbox") {}
