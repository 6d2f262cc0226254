/**
 * Where an actor's commits live on the wire: `<ns>.evt.<shard>.<type>.<token>`, and back from there to its key.
 *
 * Owns that mapping and nothing else; the token is made by runtime/address/ActorAddress.ts.
 */
import type { ActorAddress } from "../../../runtime/address/ActorAddress.ts"

export interface JournalSubjects {
  readonly ofActor: (address: ActorAddress) => string
  /** Wildcard over all actors of a type, in all shards. */
  readonly ofType: (type: string) => string
  /** Wildcard over all actors of a shard. */
  readonly ofShard: (shard: number) => string
  /** Wildcard over all actors. */
  readonly all: string
  /** `type/token` of a subject. */
  readonly keyOf: (subject: string) => string
}

export const journalSubjectsOf = (namespace: string): JournalSubjects => {
  const prefix = `${namespace}.evt.`
  return {
    ofActor: (address) => `${prefix}${address.shard}.${address.type}.${address.token}`,
    ofType: (type) => `${prefix}*.${type}.*`,
    ofShard: (shard) => `${prefix}${shard}.>`,
    all: `${prefix}>`,
    keyOf: (subject) => subject.slice(subject.indexOf(".", prefix.length) + 1).replace(".", "/"),
  }
}
