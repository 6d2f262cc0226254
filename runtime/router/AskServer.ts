/**
 * Answers what other nodes ask of the shards that this one has.
 *
 * Owns the way from a request to a cell and back. Who asks: Router.ts. The form: AskWire.ts.
 */
import { Exit } from "effect"
import { type ActorAddress, addressNamed } from "../address/ActorAddress.ts"
import { InvalidCommand, Unavailable } from "../cell/AskError.ts"
import type { Cells } from "../cell/Cells.ts"
import { type Waiting, WaitingCommand, WaitingRead } from "../cell/Waiting.ts"
import { commandOf, spawnOf } from "../command/Ask.ts"
import { messageItem } from "../command/MessageItem.ts"
import type { ActorDefinition } from "../definition/Actor.ts"
import { thrownText } from "../json/Thrown.ts"
import type { DeadlineWheel } from "../time/DeadlineWheel.ts"
import type { ChangeFeeds } from "../watch/ChangeFeeds.ts"
import {
  type AskReply,
  type AskRequest,
  type DeliverReply,
  decodeRequest,
  deliverReplyOf,
  encodeReply,
  replyOf,
} from "./AskWire.ts"
import type { ClientAskMeter } from "./ClientAsks.ts"
import { watchReplyOf } from "./WatchWire.ts"

export interface AskServerOptions {
  readonly actors: ReadonlyMap<string, ActorDefinition>
  readonly cells: Pick<Cells, "offer" | "takes">
  readonly feeds: Pick<ChangeFeeds, "next">
  readonly wheel: DeadlineWheel
  readonly shardCount: number
  readonly replyBytesMax: number
  /** A type that is not known here was asked for in this shard. */
  readonly unhosted: (shardIndex: number, type: string) => void
  /** Told of every request that is taken: nodes may have been lost with it before. */
  readonly suspected: (request: AskRequest) => void
  /** Measures the commands of clients. */
  readonly clientAsks?: ClientAskMeter | undefined
  /** Why this node has nothing now; `undefined` while it takes part in the cluster. */
  readonly cutOff: () => string | undefined
}

type Reply = (reply: Uint8Array) => void

/** Takes requests to the owner of a shard. */
export const makeAskServer =
  (options: AskServerOptions) =>
  (shardIndex: number) =>
  (data: Uint8Array, reply: Reply): void =>
    take(options, shardIndex, data, reply)

const take = (options: AskServerOptions, shardIndex: number, data: Uint8Array, reply: Reply): void => {
  const { actors, cells, feeds, wheel, shardCount, replyBytesMax, unhosted, suspected, cutOff } = options
  const request = decodeRequest(data)
  // This node cannot read the request, and its sender would not understand an answer.
  if (request === undefined) return
  const say = (answer: AskReply | DeliverReply): void => reply(encodeReply(answer))
  const address = addressNamed(request.to, shardCount)
  if (address === undefined) return
  const definition = actors.get(address.type)
  if (definition === undefined) {
    unhosted(shardIndex, address.type)
    return say({ moved: true })
  }
  if (!cells.takes(definition, address)) return say(movedBecause(cutOff()))
  if (request.k === "watch") {
    const told = (exit: WatchExit) => reply(watchReplyOf(definition, address, exit, replyBytesMax))
    feeds.next(definition, address, wishOf(request), told, request.ms)
    return
  }
  const toReply: ToReply = (exit) =>
    request.k === "deliver" ? deliverReplyOf(exit) : replyOf(definition, exit)
  const replied = fitting(address, toReply, replyBytesMax, reply)
  const isOfClient = (request.k === "ask" || request.k === "birth") && request.cl === true
  const measured = isOfClient ? options.clientAsks?.() : undefined
  const answer: typeof replied = (exit) => {
    measured?.(exit)
    replied(exit)
  }
  let item: Waiting
  try {
    item = itemOf(definition, address, request, answer)
  } catch (cause) {
    return answer(Exit.fail(cause instanceof InvalidCommand ? cause : uncheckable(address, cause)))
  }
  suspected(request)
  // The caller has stopped waiting, so a command that was not begun is left.
  item.giveUpAt(
    wheel.schedule(request.ms, () => item.settle(Exit.interrupt())),
    request.ms,
  )
  cells.offer(definition, address, item)
}

const movedBecause = (why: string | undefined): AskReply =>
  why === undefined ? { moved: true } : { moved: true, why }

type ToReply = (exit: Parameters<typeof replyOf>[1]) => AskReply | DeliverReply

/** Replies with the outcome, or with an error if that does not fit into a reply. */
const fitting =
  ({ type: actorType, id }: ActorAddress, toReply: ToReply, replyBytesMax: number, reply: Reply) =>
  (exit: Parameters<typeof replyOf>[1]): void => {
    const bytes = encodeReply(toReply(exit))
    if (bytes.length <= replyBytesMax) return reply(bytes)
    const hint = "Ask on the node that has the shard, or make the reply smaller."
    const detail = `the answer has ${bytes.length} bytes, more than travel between nodes`
    const error = new Unavailable({ actorType, id, stored: "Unknown", detail, hint })
    reply(encodeReply(toReply(Exit.fail(error))))
  }

type WatchExit = Parameters<Parameters<ChangeFeeds["next"]>[3]>[0]

const wishOf = ({ what: kind, at, after: sequence = 0 }: Extract<AskRequest, { readonly k: "watch" }>) => ({
  kind,
  at,
  sequence,
})

/** The definition's own schema has thrown. */
const uncheckable = ({ type: actorType, id }: ActorAddress, cause: unknown) =>
  new Unavailable({
    actorType,
    id,
    stored: "No",
    detail: `the command could not be checked: ${thrownText(cause)}`,
    hint: "A schema returns issues, it does not throw; see the definition of the command.",
  })

const itemOf = (
  definition: ActorDefinition,
  address: ActorAddress,
  request: Exclude<AskRequest, { readonly k: "watch" }>,
  answer: (exit: Parameters<typeof replyOf>[1]) => void,
): Waiting => {
  if (request.k === "read") {
    const item = new WaitingRead(answer)
    item.isRemote = true
    return item
  }
  if (request.k === "deliver") {
    // Answered when its effect is in the journal, as an ask is.
    const item = messageItem(definition, address, request.msg, answer)
    item.isRemote = true
    return item
  }
  const { c, id: commandId, m, ifVersion, again } = request
  const input = request.k === "birth" ? request.in : undefined
  const options = { commandId, ...(m === undefined ? undefined : { metadata: m }), input }
  const command =
    request.k === "birth" && c === undefined
      ? spawnOf(definition, address, options, () => commandId)
      : commandOf(definition, address, c, options, () => commandId)
  const item = new WaitingCommand(command, ifVersion, answer)
  item.isRemote = true
  item.wasSent = again === true
  return item
}
