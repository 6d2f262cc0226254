/**
 * The subjects of messages, and from a subject back to the receiver's key.
 *
 * A message under `<ns>.msg.<shard>.<type>.<token>` waits for the actor. A timer under
 * `<ns>.tmr.<shard>.<type>.<token>.<slot>` waits for its time; the server then moves it to
 * `<ns>.due.<shard>.<type>.<token>`. Messages and timers are kept in two streams, because a stream with
 * schedules cannot refuse messages above an actor's bound (MailboxStream.ts). The subjects of the first
 * release are in MailboxLegacy.ts.
 */
import { type ActorAddress, idFromToken, tokenFromId } from "../../../runtime/address/ActorAddress.ts"

/** Subjects of the messages that wait for actors, below one prefix. */
export interface WaitingSubjects {
  readonly ofActor: (address: ActorAddress) => string
  /** Wildcard over the messages for the actors of a shard. */
  readonly ofShard: (shard: number) => string
  /** Wildcard over the messages for the actors of a type in a shard. */
  readonly ofType: (shard: number, type: string) => string
  /** Wildcard over the messages for all actors. */
  readonly all: string
  /** Shard of a subject that {@link all} matches. */
  readonly shardOf: (subject: string) => number
  /** `type/token` of a subject that {@link all} matches. */
  readonly keyOf: (subject: string) => string
}

const actorTokens = ({ shard, type, token }: ActorAddress): string => `${shard}.${type}.${token}`

export const waitingSubjectsOf = (prefix: string): WaitingSubjects => ({
  ofActor: (address) => `${prefix}.${actorTokens(address)}`,
  ofShard: (shard) => `${prefix}.${shard}.>`,
  ofType: (shard, type) => `${prefix}.${shard}.${type}.>`,
  all: `${prefix}.>`,
  shardOf: (subject) => Number(subject.slice(prefix.length + 1, subject.indexOf(".", prefix.length + 1))),
  keyOf: (subject) => {
    const [type, token] = subject.slice(subject.indexOf(".", prefix.length + 1) + 1).split(".", 2)
    return `${type}/${token}`
  },
})

/** Subject of a slot, in which one message waits for its time. */
export const slotSubjectOf =
  (prefix: string) =>
  (address: ActorAddress, slot: string): string =>
    `${prefix}.${actorTokens(address)}.${tokenFromId(slot)}`

/** Subjects of sentinels. A sentinel is a schedule of no actor; no actor type has its name. */
export interface SentinelSubjects {
  readonly ofName: (shard: number, name: string) => string
  readonly due: (shard: number) => string
  /** Wildcard over all sentinels. */
  readonly all: string
}

const sentinelSubjectsOf = (namespace: string): SentinelSubjects => ({
  ofName: (shard, name) => `${namespace}.tmr.${shard}._.sentinel.${tokenFromId(name)}`,
  due: (shard) => `${namespace}.due.${shard}._.sentinel`,
  all: `${namespace}.tmr.*._.sentinel.*`,
})

/** Name of the sentinel of a subject; `undefined` for a token that is no name. */
export const sentinelNameOf = (subject: string): string | undefined => {
  try {
    return idFromToken(subject.slice(subject.lastIndexOf(".") + 1))
  } catch {
    return undefined
  }
}

/** Subjects of sentinels among the messages. They belong to no shard, so that no receiver gets one. */
export interface MessageSentinelSubjects {
  readonly ofName: (name: string) => string
  /** Wildcard over all sentinels. */
  readonly all: string
}

export interface MailboxSubjects {
  readonly sentinels: SentinelSubjects
  readonly messageSentinels: MessageSentinelSubjects
  readonly messages: WaitingSubjects
  /** Subjects of scheduled messages that are due. */
  readonly due: WaitingSubjects
  readonly ofSlot: (address: ActorAddress, slot: string) => string
}

export const mailboxSubjectsOf = (namespace: string): MailboxSubjects => ({
  messages: waitingSubjectsOf(`${namespace}.msg`),
  due: waitingSubjectsOf(`${namespace}.due`),
  ofSlot: slotSubjectOf(`${namespace}.tmr`),
  sentinels: sentinelSubjectsOf(namespace),
  messageSentinels: {
    ofName: (name) => `${namespace}.msg._._.${tokenFromId(name)}`,
    all: `${namespace}.msg._._.*`,
  },
})
