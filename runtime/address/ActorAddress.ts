/**
 * Address of an actor: `type/id`, its shard, and the token that its id becomes in a subject.
 *
 * Owns the encoding that is written to the wire (docs/ARCHITECTURE.md, "Data on the wire"): a change here
 * would move actors to other subjects. Does not know NATS; the adapter builds the subject.
 */
import { Schema } from "effect"
import { errorClass } from "../error/EverstateError.ts"

/** Longest actor id, in UTF-16 code units, that is accepted. */
export const ACTOR_ID_LENGTH_MAX = 256

/** Longest subject token that an id may become, in bytes, after percent-encoding. */
export const ACTOR_ID_TOKEN_BYTES_MAX = 768

/** Allowed names of actor types: lower case, starting with a letter, at most 64 characters. */
export const ACTOR_TYPE_PATTERN = /^[a-z][a-z0-9_-]{0,63}$/

/** An actor id that cannot be stored. Terminal: the same id is refused every time. */
export class InvalidActorId extends errorClass<InvalidActorId>()(
  "InvalidActorId",
  {
    actorType: Schema.String,
    reason: Schema.Literals(["Empty", "TooLong", "LoneSurrogate", "Nul", "NotText"]),
    hint: Schema.String,
  },
  { kind: "terminal", retry: "never" },
) {
  override get message(): string {
    return `Actor id of type "${this.actorType}" refused (${this.reason}). ${this.hint}`
  }
}

/** One actor's identity. `key` is `type/token`, unique in a system; `token` is the id as a subject token. */
export interface ActorAddress {
  readonly type: string
  readonly id: string
  readonly token: string
  readonly key: string
  readonly shard: number
}

/**
 * The id as one subject token, reversible with {@link idFromToken}: percent-encoded UTF-8 of everything
 * except `A-Z a-z 0-9 - _ ~ ! ' ( )`. So `.`, `*`, `>`, white space and control characters never reach a
 * subject.
 */
export const tokenFromId = (id: string): string =>
  encodeURIComponent(id).replace(/[.*]/g, (character) => (character === "." ? "%2E" : "%2A"))

/** Inverse of {@link tokenFromId}. */
export const idFromToken = (token: string): string => decodeURIComponent(token)

/**
 * FNV-1a, 32 bits, over the code units of a text. Of an ASCII key it is part of the wire format: other languages compute the
 * same shard.
 */
export const fnv1a32 = (text: string): number => {
  let hash = 0x811c9dc5
  for (let index = 0; index < text.length; index++) {
    hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193)
  }
  return hash >>> 0
}

/** The type of an actor's key. */
export const typeOfKey = (key: string): string => key.slice(0, key.indexOf("/"))

/** The shard of `type/token`: FNV-1a 32 modulo the system's fixed number of shards. */
export const shardOf = (key: string, shardCount: number): number => fnv1a32(key) % shardCount

const invalid = (actorType: string, reason: InvalidActorId["reason"], hint: string): InvalidActorId =>
  new InvalidActorId({ actorType, reason, hint })

/**
 * Checks an id and computes its shard. Throws {@link InvalidActorId}, which callers put in their error
 * channel.
 */
export const addressOf = (type: string, id: string, shardCount: number): ActorAddress => {
  // Callers without types may pass anything: a missing route parameter is `undefined`.
  if (typeof id !== "string") throw invalid(type, "NotText", `Give the actor's id as text, not ${typeof id}.`)
  if (id.length === 0) throw invalid(type, "Empty", "Give the actor a non-empty id.")
  if (id.length > ACTOR_ID_LENGTH_MAX) {
    throw invalid(
      type,
      "TooLong",
      `Ids have at most ${ACTOR_ID_LENGTH_MAX} characters; hash longer keys first.`,
    )
  }
  if (!id.isWellFormed())
    throw invalid(type, "LoneSurrogate", "The id is not valid Unicode (a lone surrogate).")
  if (id.includes("\0")) throw invalid(type, "Nul", "The id holds U+0000, which Postgres cannot store.")
  const token = tokenFromId(id)
  if (token.length > ACTOR_ID_TOKEN_BYTES_MAX) {
    throw invalid(
      type,
      "TooLong",
      `The id takes over ${ACTOR_ID_TOKEN_BYTES_MAX} bytes in a subject; hash it first.`,
    )
  }
  const key = `${type}/${token}`
  return { type, id, token, key, shard: shardOf(key, shardCount) }
}

/** No actor can have this key. Terminal: this system never writes it. */
export class InvalidActorKey extends errorClass<InvalidActorKey>()(
  "InvalidActorKey",
  {
    key: Schema.String,
  },
  { kind: "terminal", retry: "never", hint: "Remove the record: this system never writes such a key." },
) {
  override get message(): string {
    return `No actor can be called ${JSON.stringify(this.key.slice(0, SHOWN_KEY_LENGTH_MAX))}: a key is type/id, the id percent-encoded`
  }
}

/** Characters of a refused key that an error shows. */
const SHOWN_KEY_LENGTH_MAX = 200

/** An id that equals its token. */
const PLAIN_TOKEN = /^[A-Za-z0-9\-_~!'()]{1,256}$/

/**
 * The address that a `key` names. Throws {@link InvalidActorKey} for a key that {@link addressOf} never
 * makes, because another spelling of an id would be another actor, and wildcards, dots or line breaks would
 * reach a subject.
 */
export const addressFromKey = (key: string, shardCount: number): ActorAddress => {
  const address = addressNamed(key, shardCount)
  if (address === undefined) throw new InvalidActorKey({ key: String(key) })
  return address
}

/** Like {@link addressFromKey}, for a key of unknown source; `undefined` if no actor can have this key. */
export const addressNamed = (key: string, shardCount: number): ActorAddress | undefined => {
  if (typeof key !== "string") return undefined
  const slash = key.indexOf("/")
  const type = key.slice(0, slash)
  const token = key.slice(slash + 1)
  if (slash < 0 || !ACTOR_TYPE_PATTERN.test(type)) return undefined
  if (PLAIN_TOKEN.test(token)) return { type, id: token, token, key, shard: shardOf(key, shardCount) }
  try {
    const address = addressOf(type, idFromToken(token), shardCount)
    return address.key === key ? address : undefined
  } catch {
    return undefined
  }
}
