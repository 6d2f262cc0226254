/**
 * Where messages live on the wire, and back from there to their receiver's key.
 *
 * `<ns>.mbx.<shard>.<type>.<token>` waits for the actor, `<ns>.sch.<shard>.<type>.<token>.<slot>` waits for its time
 * and is then moved to `<ns>.mbx.<shard>.<type>.<token>.due`. That is a subject of its own, since the server forgets a
 * schedule whose target is full until it is restarted: an actor that is flooded must not lose its timers.
 */
import { type ActorAddress, tokenFromId } from "../../runtime/address/ActorAddress.ts"

export interface MailboxSubjects {
  readonly ofActor: (address: ActorAddress) => string
  /** For what was scheduled and is due. */
  readonly ofDue: (address: ActorAddress) => string
  readonly ofSlot: (address: ActorAddress, slot: string) => string
  /** Wildcard over what waits for the actors of a shard. */
  readonly ofShard: (shard: number) => string
  /** Wildcard over what waits for the actors of a type in a shard. */
  readonly ofType: (shard: number, type: string) => string
  /** Wildcard over what waits for any actor. */
  readonly waiting: string
  /** Shard of a subject that {@link waiting} matches. */
  readonly shardOf: (subject: string) => number
  /** Wildcards over everything. */
  readonly all: ReadonlyArray<string>
  /** `type/token` of a subject of {@link ofShard}. */
  readonly keyOf: (subject: string) => string
}

export const mailboxSubjectsOf = (namespace: string): MailboxSubjects => {
  const waiting = `${namespace}.mbx.`
  const scheduled = `${namespace}.sch.`
  const actor = ({ shard, type, token }: ActorAddress) => `${shard}.${type}.${token}`
  return {
    ofActor: (address) => `${waiting}${actor(address)}`,
    ofDue: (address) => `${waiting}${actor(address)}.due`,
    ofSlot: (address, slot) => `${scheduled}${actor(address)}.${tokenFromId(slot)}`,
    ofShard: (shard) => `${waiting}${shard}.>`,
    ofType: (shard, type) => `${waiting}${shard}.${type}.>`,
    waiting: `${waiting}>`,
    shardOf: (subject) => Number(subject.slice(waiting.length, subject.indexOf(".", waiting.length))),
    all: [`${waiting}*.*.*`, `${waiting}*.*.*.due`, `${scheduled}*.*.*.*`],
    keyOf: (subject) => {
      const [type, token] = subject.slice(subject.indexOf(".", waiting.length) + 1).split(".", 2)
      return `${type}/${token}`
    },
  }
}
