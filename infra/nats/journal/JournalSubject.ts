/**
 * The subject of an actor's commits, `<ns>.evt.<shard>.<type>.<token>`, and from a subject back to the
 * actor's key.
 *
 * Owns that mapping alone. runtime/address/ActorAddress.ts makes the token.
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
