/**
 * The mailbox port: durable messages to actors, one inbox per shard, each message kept until it is acknowledged.
 *
 * Owns the contract that every mailbox honours (test/contract/Mailbox.contract.ts runs it on all of them). Delivery
 * is at least once: messages repeat, and acknowledgements are not fenced, so a receiver acknowledges only what is in
 * the journal. What a message says is Message.ts; who delivers it to its actor is ../inbox/MessageDelivery.ts.
 */
import { Context, type Effect, Schema, type Stream } from "effect"
import type { ActorAddress } from "../address/ActorAddress.ts"
import { errorClass } from "../error/EverstateError.ts"

/** A message on its way to an actor. */
export interface OutboundMessage {
  readonly address: ActorAddress
  /** Names the message for ever: a mailbox that was given it within the last two minutes stores nothing twice. */
  readonly id: string
  readonly data: Uint8Array
}

/** A message that is to be delivered at a time. */
export interface ScheduledMessage extends OutboundMessage {
  /** Names the place among the receiver's schedules: a new message in it replaces the one before. */
  readonly slot: string
  /** Unix milliseconds; in the past means now. */
  readonly atMs: number
}

/** A message that was handed out and waits for its acknowledgement. */
export interface Delivery {
  /** `type/token` of the receiver. */
  readonly key: string
  /**
   * Names the delivery's message in its shard, a safe integer that may be negative. Messages of one sender to one actor
   * ascend; those that were scheduled are in an order of their own.
   */
  readonly sequence: number
  readonly data: Uint8Array
  /** What `publish` returned; absent for what was scheduled, and where the mailbox cannot tell. */
  readonly position?: number
  /** It may have been handed out before, to this or to an earlier owner of the shard. */
  readonly isRepeat: boolean
  /** When the server stored it, by the server's clock, Unix milliseconds; absent where it does not say. */
  readonly storedAtMs?: number
  /** The message is done with. Lost acknowledgements are harmless: the message comes again. */
  readonly ack: Effect.Effect<void>
  /** The message is still being worked on: it is not handed out again for another {@link REDELIVERY_MS}. */
  readonly extend: Effect.Effect<void>
}

/** Time after which a message that was neither acknowledged nor extended is handed out again, in milliseconds. */
export const REDELIVERY_MS = 30_000

/**
 * Messages of one shard that may be handed out and not acknowledged; further ones wait in the mailbox. A mailbox may
 * count what was scheduled and is due apart from the others.
 */
export const UNACKNOWLEDGED_MAX = 512

/** Messages that may wait for one actor; the next one is refused as `Full`. */
export const MESSAGES_PER_ACTOR_MAX = 100_000

/**
 * The mailbox said no and stored nothing. Terminal for this message. `Full`: too many wait for this actor, which may
 * pass. `StorageFull`: there is no room for anything, which an operator has to mend. `Missing`: the mailbox of a system
 * that was used is not there.
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

export type MailboxError = MailboxRefused | MailboxUnavailable

/** Name of the group of all types that ask for no other one. */
export const DEFAULT_GROUP = "default"

/** Actor types whose messages are received apart from the others' of their shard. */
export interface ReceiverGroup {
  /** Letters, digits, `_`, `-`. Groups of one mailbox have no type in common. */
  readonly name: string
  readonly types: ReadonlyArray<string>
  /**
   * Further types of the group, whose messages stay in the mailbox for now. A later receiver that has them in `types` is
   * handed them, as repeats where they were handed out before.
   */
  readonly leftOut?: ReadonlyArray<string>
}

/** What waits in a mailbox for the actors of a type in a shard. */
export interface Backlog {
  readonly shard: number
  readonly type: string
  /** Messages that are not acknowledged, handed out or not; what waits for its time is not counted. */
  readonly count: number
}

/** How far the messages of a shard are done with. Positions are those that `publish` returns. */
export interface Acknowledged {
  /** Position of the oldest message of the shard that is not acknowledged; `undefined` where there is none. */
  readonly first: number | undefined
  /** Highest position that the mailbox has given, whatever the shard. A higher one is not of this mailbox. */
  readonly last: number
  /** Names the mailbox: one that is made anew in its place has another name. Absent where it has none. */
  readonly mailboxId?: string
}

/** A published message that waits. */
export interface StoredMessage {
  /** `type/token` of the receiver. */
  readonly key: string
  readonly data: Uint8Array
}

/**
 * Sentinels among the published messages: small records that no receiver is handed. One stays until it is removed, or an
 * older copy takes the mailbox's place.
 */
export interface MessageSentinels {
  readonly place: (name: string) => Effect.Effect<void, MailboxError>
  /** Takes it away, where it is there. */
  readonly remove: (name: string) => Effect.Effect<void, MailboxError>
  /** Names of all that are there. */
  readonly names: Effect.Effect<ReadonlySet<string>, MailboxError>
}

export interface MailboxService {
  /** Largest `data`, in bytes. */
  readonly messageBytesMax: number
  /**
   * Stores a message; succeeds once it is stored, with its position: a number that ascends from message to message and
   * starts at 1. `undefined` where the mailbox cannot tell when the message is acknowledged.
   */
  readonly publish: (message: OutboundMessage) => Effect.Effect<number | undefined, MailboxError>
  /** How far the published messages of a shard are acknowledged. What was scheduled is not counted. */
  readonly acknowledged: (shard: number) => Effect.Effect<Acknowledged, MailboxError>
  /** The published message at a position, which is not acknowledged; `undefined` where there is none. */
  readonly messageAt: (position: number) => Effect.Effect<StoredMessage | undefined, MailboxError>
  /** Stores a message that is delivered at its time: never earlier, later when everything was down. */
  readonly schedule: (message: ScheduledMessage) => Effect.Effect<void, MailboxError>
  /** Empties a slot. What was due already may still be delivered. */
  readonly unschedule: (address: ActorAddress, slot: string) => Effect.Effect<void, MailboxError>
  /**
   * Hands out the shard's messages, oldest first, for ever. Whatever an earlier receiver left unacknowledged comes
   * first, at once. With `only`, those of some actor types, as a receiver of its own: one of the same group takes its
   * place. Ends only by failing or being interrupted; survives lost connections and deleted consumers by
   * itself (messages may then repeat).
   */
  readonly receive: (shard: number, only?: ReceiverGroup) => Stream.Stream<Delivery, MailboxRefused>
  /**
   * Puts a sentinel among what waits for its time in a shard. It stays there until that is lost: purged, or gone with
   * its stream.
   */
  readonly placeSentinel: (shard: number, name: string) => Effect.Effect<void, MailboxError>
  /** Takes a sentinel away, where it is there. */
  readonly removeSentinel: (shard: number, name: string) => Effect.Effect<void, MailboxError>
  /** Names of all sentinels that are there. */
  readonly sentinels: Effect.Effect<ReadonlySet<string>, MailboxError>
  readonly messageSentinels: MessageSentinels
  /**
   * What waits at this moment, where anything does. For operators: it costs a line for every actor that has messages.
   */
  readonly backlog: Effect.Effect<ReadonlyArray<Backlog>, MailboxError>
}

export class Mailbox extends Context.Service<Mailbox, MailboxService>()("everstate/mailbox/Mailbox") {}
