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
import {
  type AskReply,
  type AskRequest,
  type DeliverReply,
  decodeRequest,
  deliverReplyOf,
  encodeReply,
  replyOf,
} from "./AskWire.ts"

export interface AskServerOptions {
  readonly actors: ReadonlyMap<string, ActorDefinition>
  readonly cells: Pick<Cells, "offer" | "takes">
  readonly wheel: DeadlineWheel
  readonly shardCount: number
  readonly replyBytesMax: number
  /** A type that is not known here was asked for in this shard. */
  readonly unhosted: (shardIndex: number, type: string) => void
  /** Told of every request that is taken: nodes may have been lost with it before. */
  readonly suspected: (request: AskRequest) => void
  /** Why this node has nothing now; `undefined` while it takes part in the cluster. */
  readonly cutOff: () => string | undefined
}

type Reply = (reply: Uint8Array) => void

/** Takes requests to the owner of a shard. */
export const makeAskServer =
  ({ actors, cells, wheel, shardCount, replyBytesMax, unhosted, suspected, cutOff }: AskServerOptions) =>
  (shardIndex: number) =>
  (data: Uint8Array, reply: Reply): void => {
    const request = decodeRequest(data)
    // This node cannot read the request, and its sender would not understand an answer.
    if (request === undefined) return
    const say = (answer: AskReply | DeliverReply): void => reply(encodeReply(answer))
    const sayMoved = (): void => {
      const why = cutOff()
      say(why === undefined ? { moved: true } : { moved: true, why })
    }
    const address = addressNamed(request.to, shardCount)
    if (address === undefined) return
    const definition = actors.get(address.type)
    if (definition === undefined) {
      unhosted(shardIndex, address.type)
      return say({ moved: true })
    }
    if (!cells.takes(definition, address)) return sayMoved()
    const toReply = (exit: Parameters<typeof replyOf>[1]) =>
      request.k === "deliver" ? deliverReplyOf(exit) : replyOf(definition, exit)
    const answer = (exit: Parameters<typeof replyOf>[1]): void => {
      const bytes = encodeReply(toReply(exit))
      if (bytes.length <= replyBytesMax) return reply(bytes)
      const { type: actorType, id } = address
      const hint = "Ask on the node that has the shard, or make the reply smaller."
      const detail = `the answer has ${bytes.length} bytes, more than travel between nodes`
      say(toReply(Exit.fail(new Unavailable({ actorType, id, stored: "Unknown", detail, hint }))))
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
  request: AskRequest,
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
