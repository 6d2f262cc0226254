/**
 * Asks, reads and messages on their way as they travel between nodes: JSON in both directions.
 *
 * Owns the form (docs/ARCHITECTURE.md, "Data on the wire"). The command travels as its caller gave it: the owner checks
 * it against its own schemas, which may be newer. Who sends: Router.ts. Who answers: AskServer.ts.
 */
import { Exit, Schema } from "effect"
import { InvalidActorId } from "../address/ActorAddress.ts"
import {
  ActorExists,
  ActorQuarantined,
  ActorUnborn,
  type AskError,
  AskTimeout,
  Busy,
  CommandFailed,
  CommandIdReused,
  CommandRejected,
  InvalidCommand,
  PayloadTooLarge,
  SystemStopped,
  Unavailable,
  UnknownActorType,
  VersionConflict,
} from "../cell/AskError.ts"
import type { Accepted, CurrentState } from "../cell/Waiting.ts"
import type { Metadata } from "../commit/Commit.ts"
import type { ActorDefinition } from "../definition/Actor.ts"
import type { AnyEvent } from "../event/Event.ts"
import { decodeValue, encodeValue, hasTags, type StoredValue } from "../json/StoredValue.ts"
import { thrownMessage } from "../json/Thrown.ts"
import { type DirectMessage, isDirect, messageIn } from "../mailbox/Message.ts"
import { NOTHING_SEEN, type Position } from "../watch/Change.ts"
import type { WatchKind } from "../watch/ChangeFeed.ts"

/** What a request says of a command or a spawn. */
interface CommandFields {
  /** `type/token`. */
  readonly to: string
  readonly ms: number
  readonly id: string
  readonly m?: Metadata
  readonly ifVersion?: number
  /** It was sent before and may be stored. */
  readonly again?: true
  /** Nodes that had it and went silent. */
  readonly lost?: number
  /** A client sent it. Nodes of earlier releases ignore it. */
  readonly cl?: true
}

/** A request to the owner of an actor's shard. `ms`: how long its caller still waits. */
export type AskRequest =
  | (CommandFields & { readonly k: "ask"; readonly c: AnyEvent })
  /**
   * A spawn, or with `c` a command with the input that its actor is born with. Nodes of earlier releases do not answer it:
   * they would leave the input alone.
   */
  | (CommandFields & { readonly k: "birth"; readonly c?: AnyEvent; readonly in?: unknown })
  | { readonly k: "read"; readonly to: string; readonly ms: number }
  /** A message, as it would be in the mailbox. Nodes of earlier releases do not answer it. */
  | {
      readonly k: "deliver"
      readonly to: string
      readonly ms: number
      readonly msg: DirectMessage
      readonly lost?: number
    }
  /**
   * What comes behind a position of the actor; the owner answers once there is something, or after `ms`. The answer is in
   * WatchWire.ts. `after`: journal sequence up to which the watcher has all events. Nodes of earlier releases do not
   * answer it.
   */
  | {
      readonly k: "watch"
      readonly to: string
      readonly ms: number
      readonly what: WatchKind
      readonly at: Position
      readonly after?: number
    }

/** `moved`: the node that was asked does not have the shard; `why`: because it has nothing at all now. */
export type AskReply =
  | { readonly moved: true; readonly why?: string }
  | { readonly accepted: Accepted }
  /** Nodes of earlier releases do not say whether the actor is born. */
  | {
      readonly state: Omit<CurrentState, "state" | "isBorn"> & PersistedState & { readonly isBorn?: boolean }
    }
  | { readonly error: unknown }

/** A machine's state: as it is where it is plain JSON, else in the form of ../json/StoredValue.ts. */
type PersistedState = { readonly state: unknown } | { readonly tagged: unknown }

/** `done`: the message's effect is in the receiver's journal. */
export type DeliverReply =
  | { readonly moved: true; readonly why?: string }
  | { readonly done: true }
  | { readonly error: unknown }

const WireError = Schema.Union([
  ActorExists,
  ActorQuarantined,
  ActorUnborn,
  AskTimeout,
  Busy,
  CommandFailed,
  CommandIdReused,
  InvalidCommand,
  CommandRejected,
  InvalidActorId,
  PayloadTooLarge,
  SystemStopped,
  Unavailable,
  UnknownActorType,
  VersionConflict,
])
const encodeWireError = Schema.encodeSync(WireError)
const decodeWireError = Schema.decodeUnknownSync(WireError)

/** Tags that errors have on the wire where those of the code are others. */
const WIRE_TAGS = [["InvalidCommand", "CommandInvalid"]] as const

export const encodeError = (error: AskError): unknown => {
  const encoded = encodeWireError(error)
  const [, tag] = WIRE_TAGS.find(([own]) => own === encoded._tag) ?? []
  return tag === undefined ? encoded : { ...encoded, _tag: tag }
}

export const decodeError = (encoded: unknown): AskError => {
  const given = (encoded as { readonly _tag?: unknown } | null)?._tag
  const [tag] = WIRE_TAGS.find(([, wire]) => wire === given) ?? []
  return decodeWireError(tag === undefined ? encoded : { ...(encoded as object), _tag: tag })
}

const encoder = new TextEncoder()
const decoder = new TextDecoder()

export const encodeRequest = (request: AskRequest): Uint8Array => encoder.encode(JSON.stringify(request))

/** The request; `undefined` for what is none. */
export const decodeRequest = (data: Uint8Array): AskRequest | undefined => {
  try {
    const read: unknown = JSON.parse(decoder.decode(data))
    return isRequest(read) ? read : undefined
  } catch {
    return undefined
  }
}

/** What becomes of the command itself, and of its id, the owner checks as it does with its own callers'. */
const isRequest = (value: unknown): value is AskRequest => {
  const read = value as
    | {
        readonly [field in "k" | "to" | "ms" | "id" | "ifVersion" | "msg" | "what" | "at" | "after"]?: unknown
      }
    | null
  if (typeof read !== "object" || read === null) return false
  const { k, to, ms, id, ifVersion } = read
  if (typeof to !== "string" || typeof ms !== "number") return false
  // Stored with the events: a commit without it could not be read any more.
  if (k === "ask" || k === "birth")
    return typeof id === "string" && (ifVersion === undefined || typeof ifVersion === "number")
  if (k === "watch") return isWatch(read)
  return k === "read" || (k === "deliver" && isDirect(messageIn(read.msg)))
}

const isWatch = ({
  what,
  at,
  after = 0,
}: { readonly [field in "what" | "at" | "after"]?: unknown }): boolean =>
  (what === "changes" || what === "events") && isCountFrom(NOTHING_SEEN, at) && isCountFrom(0, after)

const isCountFrom = (lowest: number, value: unknown): boolean =>
  Number.isSafeInteger(value) && (value as number) >= lowest

export const encodeReply = (reply: AskReply | DeliverReply): Uint8Array =>
  encoder.encode(JSON.stringify(reply))

/** What came of a command or a read, as a reply. */
export const replyOf = (
  definition: ActorDefinition,
  exit: Exit.Exit<Accepted | CurrentState, AskError>,
): AskReply => {
  if (Exit.isSuccess(exit)) {
    const answer = exit.value
    if (!("state" in answer)) return { accepted: answer }
    const { version, sequence, isBorn, state } = answer
    let stored: StoredValue
    try {
      stored = encodeValue(definition.machine.persist(state))
    } catch (cause) {
      return { error: encodeError(untellable(definition.type, thrownMessage(cause))) }
    }
    return {
      state: { version, sequence, isBorn, ...(hasTags(stored) ? { tagged: stored } : { state: stored }) },
    }
  }
  return refusalOf(exit)
}

/** A state that has no stored form, which an actor of an earlier release may have. */
export const untellable = (actorType: string, detail: string): Unavailable =>
  new Unavailable({
    actorType,
    id: "",
    stored: "No",
    detail: `its state cannot be told to another node: ${detail}`,
    hint: "Read it on the node that has the shard.",
  })

/** What came of a message, as a reply. */
export const deliverReplyOf = (exit: Exit.Exit<unknown, AskError>): DeliverReply =>
  Exit.isSuccess(exit) ? { done: true } : refusalOf(exit)

const refusalOf = ({ cause }: Exit.Failure<unknown, AskError>): { moved: true } | { error: unknown } => {
  const [reason] = cause.reasons
  return reason?._tag === "Fail" ? { error: encodeError(reason.error) } : { moved: true }
}

/** Why the node that was asked has nothing at all; `undefined` where it said nothing of the kind. */
export const whyMoved = (data: Uint8Array): string | undefined => {
  const { why } = JSON.parse(decoder.decode(data)) as { readonly why?: unknown }
  return typeof why === "string" ? why : undefined
}

/** The reply, as the asker's definition reads it; `undefined`: ask again. Throws for what is no reply. */
export const decodeReply = (
  definition: ActorDefinition,
  id: string,
  data: Uint8Array,
): Exit.Exit<Accepted | CurrentState, AskError> | undefined => {
  const reply = JSON.parse(decoder.decode(data)) as AskReply
  if ("moved" in reply) return undefined
  if ("accepted" in reply) {
    const { version, sequence } = reply.accepted
    if (!(Number.isSafeInteger(version) && Number.isSafeInteger(sequence))) throw new Error("it is no answer")
    return Exit.succeed(reply.accepted)
  }
  if ("error" in reply) return Exit.fail(decodeError(withDetail(reply.error as object)))
  const { version, sequence, isBorn = version > 0, ...persisted } = reply.state
  const state = "tagged" in persisted ? decodeValue(persisted.tagged) : persisted.state
  return Exit.succeed({ version, sequence, isBorn, state: definition.machine.restore(state, id) })
}

/** The reply to a message; `undefined`: ask again. Throws for what is no reply. */
export const decodeDeliverReply = (data: Uint8Array): Exit.Exit<void, AskError> | undefined => {
  const reply = JSON.parse(decoder.decode(data)) as DeliverReply
  if ("moved" in reply) return undefined
  if ("error" in reply) return Exit.fail(decodeError(withDetail(reply.error as object)))
  if (reply.done !== true) throw new Error("it is no answer")
  return Exit.void
}

/** JSON has left out the detail of a rejection that had none. */
const withDetail = (error: object): object =>
  "_tag" in error && error._tag === "CommandRejected" ? { detail: undefined, ...error } : error
