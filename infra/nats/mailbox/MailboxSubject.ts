/**
 * Where messages live on the wire, and back from there to their receiver's key.
 *
 * `<ns>.msg.<shard>.<type>.<token>` waits for the actor. `<ns>.tmr.<shard>.<type>.<token>.<slot>` waits for its time,
 * and the server then moves it to `<ns>.due.<shard>.<type>.<token>`. Messages and timers are kept in two streams,
 * because a stream with schedules cannot refuse what is too much for an actor (MailboxStream.ts). The subjects of the
 * first release are in MailboxLegacy.ts.
 */
import { type ActorAddress, idFromToken, tokenFromId } from "../../../runtime/address/ActorAddress.ts"

/** Subjects of what waits for actors, below one prefix. */
export interface WaitingSubjects {
  readonly ofActor: (address: ActorAddress) => string
  /** Wildcard over what waits for the actors of a shard. */
  readonly ofShard: (shard: number) => string
  /** Wildcard over what waits for the actors of a type in a shard. */
  readonly ofType: (shard: number, type: string) => string
  /** Wildcard over what waits for any actor. */
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

/** Subjects of a slot, in which one message waits for its time. */
export const slotSubjectOf =
  (prefix: string) =>
  (address: ActorAddress, slot: string): string =>
    `${prefix}.${actorTokens(address)}.${tokenFromId(slot)}`

/** Subjects of sentinels: schedules of no actor, since no actor type is called so. */
export interface SentinelSubjects {
  readonly ofName: (shard: number, name: string) => string
  readonly due: (shard: number) => string
  /** Wildcard over all of them. */
  readonly all: string
}

const sentinelSubjectsOf = (namespace: string): SentinelSubjects => ({
  ofName: (shard, name) => `${namespace}.tmr.${shard}._.sentinel.${tokenFromId(name)}`,
  due: (shard) => `${namespace}.due.${shard}._.sentinel`,
  all: `${namespace}.tmr.*._.sentinel.*`,
})

/** Name of the sentinel of a subject; `undefined` for a token that no name becomes. */
export const sentinelNameOf = (subject: string): string | undefined => {
  try {
    return idFromToken(subject.slice(subject.lastIndexOf(".") + 1))
  } catch {
    return undefined
  }
}

/** Subjects of sentinels among the messages: of no shard, so that no receiver is handed one. */
export interface MessageSentinelSubjects {
  readonly ofName: (name: string) => string
  /** Wildcard over all of them. */
  readonly all: string
}

export interface MailboxSubjects {
  readonly sentinels: SentinelSubjects
  readonly messageSentinels: MessageSentinelSubjects
  readonly messages: WaitingSubjects
  /** What was scheduled and is due. */
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
