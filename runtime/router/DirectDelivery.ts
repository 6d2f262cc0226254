/**
 * Takes messages straight to their receivers: to a cell of this node, or by one request to the node that has the shard.
 *
 * Owns the direct road of one message until its deadline, and what its sender is told (../mailbox/Deliver.ts). Nothing of a
 * message is kept afterwards: the sender puts it into the mailbox. A message becomes the same item of a cell on both roads
 * (../command/MessageItem.ts). How a request finds the shard's owner: Router.ts. Who answers it: AskServer.ts.
 */
import { type Clock, Exit } from "effect"
import { type ActorAddress, addressNamed } from "../address/ActorAddress.ts"
import { type AskError, InvalidCommand } from "../cell/AskError.ts"
import type { Cells } from "../cell/Cells.ts"
import { finalRefusalOf } from "../cell/FinalRefusal.ts"
import type { WaitingCommand } from "../cell/Waiting.ts"
import type { MemberRecord } from "../cluster/Member.ts"
import type { ShardEntry, ShardMap } from "../cluster/ShardMap.ts"
import { messageItem } from "../command/MessageItem.ts"
import type { ActorDefinition } from "../definition/Actor.ts"
import { thrownText } from "../json/Thrown.ts"
import type { Deliver, DeliverVerdict, LaterReason } from "../mailbox/Deliver.ts"
import { type DirectMessage, messageJson } from "../mailbox/Message.ts"
import type { Deadline, DeadlineWheel } from "../time/DeadlineWheel.ts"
import { monotonicMs } from "../time/MonotonicTime.ts"
import { type AskRequest, decodeDeliverReply } from "./AskWire.ts"
import { type Hindrance, type Routed, unreadable } from "./Routed.ts"
import type { Router } from "./Router.ts"

export interface DirectDeliveryOptions {
  readonly actors: ReadonlyMap<string, ActorDefinition>
  readonly cells: Pick<Cells, "offer" | "takes">
  readonly router: Pick<Router, "bring" | "forget">
  readonly shardMap: ShardMap
  readonly wheel: DeadlineWheel
  readonly clock: Clock.Clock
  /** An operator has paused all actors of the type. */
  readonly isPaused: (type: string) => boolean
  /** What the members of the cluster say of themselves; `undefined` before this node has read it. */
  readonly members: () => Iterable<Pick<MemberRecord, "types" | "typeLabels">> | undefined
}

const SETTLED: DeliverVerdict = { _tag: "Settled" }

export const makeDirectDelivery =
  (options: DirectDeliveryOptions): Deliver =>
  (message, to, deadlineMs, done) => {
    const { actors, shardMap, isPaused } = options
    const address = addressNamed(to, shardMap.shardCount)
    if (address === undefined) return done(unroutable(`no actor has the key "${to}"`))
    const { type } = address
    if (isPaused(type)) {
      return done(later("paused", `an operator has paused the actors of type "${type}"`, false))
    }
    const definition = actors.get(type)
    const found = definition === undefined ? foreignShard(options, address) : hostedShard(shardMap, address)
    if ("_tag" in found) return done(found)
    new OnItsWay(options, { message, definition, address, entry: found, done }, deadlineMs).start()
  }

const hostedShard = (shardMap: ShardMap, { type, shard }: ActorAddress): ShardEntry | DeliverVerdict => {
  const shardIndex = shardMap.indexOf(type, shard)
  return (
    (shardIndex === undefined ? undefined : shardMap.all[shardIndex]) ??
    unroutable(`the type "${type}" has no shard`)
  )
}

/** Where actors are that this node does not host: a member that hosts them says which label their shards need. */
const foreignShard = (
  { members, shardMap }: DirectDeliveryOptions,
  { type, shard }: ActorAddress,
): ShardEntry | DeliverVerdict => {
  const known = members()
  if (known === undefined) return later("moving", "the members of the cluster are not known yet", false)
  for (const { types, typeLabels = {} } of known) {
    if (!Object.hasOwn(types, type)) continue
    return shardMap.foreign(Object.hasOwn(typeLabels, type) ? typeLabels[type] : undefined, shard)
  }
  return unroutable(`no node has the actor type "${type}"`)
}

const unroutable = (detail: string): DeliverVerdict => ({ _tag: "Unroutable", detail })

const later = (why: LaterReason, detail: string, mayBeThere: boolean): DeliverVerdict => ({
  _tag: "Later",
  why,
  detail,
  mayBeThere,
})

interface Given {
  readonly message: DirectMessage
  readonly address: ActorAddress
  readonly entry: ShardEntry
  /** Absent where this node does not host the receiver's type. */
  readonly definition: ActorDefinition | undefined
  readonly done: (verdict: DeliverVerdict) => void
}

/** One message, from the sender's call to its verdict. */
class OnItsWay implements Routed {
  readonly address: ActorAddress
  readonly shard: ShardEntry
  /** Another node was sent it, or a cell of this node gave it back, and it may be stored. */
  wasSent = false
  readonly #options: DirectDeliveryOptions
  readonly #given: Given
  readonly #deadline: Deadline
  readonly #untilMs: number
  #isSettled = false
  #hindrance: Hindrance = "silent"
  #detail = "the receiver has not answered in time"
  /** In front of a cell of this node. */
  #item: WaitingCommand | undefined

  constructor(options: DirectDeliveryOptions, given: Given, deadlineMs: number) {
    const { wheel, clock } = options
    this.#options = options
    this.#given = given
    this.address = given.address
    this.shard = given.entry
    this.#untilMs = monotonicMs(clock) + deadlineMs
    this.#deadline = wheel.schedule(deadlineMs, () => this.#end(this.#tooLate()))
  }

  start(): void {
    if (!this.takeHere()) this.#options.router.bring(this)
  }

  get commandId(): string {
    return this.#given.message.id
  }

  get isSettled(): boolean {
    return this.#isSettled
  }

  get mayBeStored(): boolean {
    return this.wasSent || this.#item !== undefined
  }

  hinder(hindrance: Hindrance, detail: string): void {
    this.#hindrance = hindrance
    this.#detail = detail
  }

  takeHere(): boolean {
    const { cells } = this.#options
    const { definition, address, message } = this.#given
    if (definition === undefined || !cells.takes(definition, address)) return false
    try {
      const item = messageItem(definition, address, message, (exit) => this.#answeredHere(item, exit))
      this.#item = item
      cells.offer(definition, address, item)
    } catch (cause) {
      if (cause instanceof InvalidCommand) this.settle(Exit.fail(cause))
      // The definition's own schema has thrown: from the mailbox, the message becomes a dead letter.
      else this.#end(later("unavailable", `it cannot be handed over: ${thrownText(cause)}`, this.wasSent))
    }
    return true
  }

  request(lostCount: number): AskRequest {
    const { message, address } = this.#given
    const ms = Math.max(1, this.#untilMs - monotonicMs(this.#options.clock))
    const lost = lostCount > 0 ? { lost: lostCount } : undefined
    return { k: "deliver", to: address.key, ms, msg: messageJson(message), ...lost }
  }

  read(reply: Uint8Array): Exit.Exit<void, AskError> | undefined {
    try {
      return decodeDeliverReply(reply)
    } catch (cause) {
      return Exit.fail(unreadable(this.address, cause))
    }
  }

  settle(exit: Exit.Exit<unknown, AskError>): void {
    if (Exit.isSuccess(exit)) return this.#end(SETTLED)
    const [reason] = exit.cause.reasons
    this.#end(reason?._tag === "Fail" ? this.#refused(reason.error) : this.#tooLate())
  }

  #answeredHere(item: WaitingCommand, exit: Exit.Exit<unknown, AskError>): void {
    this.#item = undefined
    const [reason] = Exit.isSuccess(exit) ? [] : exit.cause.reasons
    if (Exit.isSuccess(exit) || reason?._tag === "Fail") return this.settle(exit)
    // Its cell gave it back: the shard is another node's.
    this.wasSent ||= item.mayBeStored
    this.hinder("moving", "its shard has moved to another node")
    if (!this.#isSettled) this.#options.router.bring(this)
  }

  #refused(error: AskError): DeliverVerdict {
    const refusal = finalRefusalOf(error)
    if (refusal !== undefined) return { _tag: "Dead", ...refusal }
    const isOpen = error._tag === "Unavailable" && error.stored === "Unknown"
    return later(reasonOf(error), error.message, this.mayBeStored || isOpen)
  }

  #tooLate(): DeliverVerdict {
    return later(this.#hindrance, this.#detail, this.mayBeStored)
  }

  #end(verdict: DeliverVerdict): void {
    if (this.#isSettled) return
    this.#isSettled = true
    this.#deadline.cancel()
    // Nobody waits any longer: what has not been begun need not be.
    this.#item?.settle(Exit.interrupt())
    this.#options.router.forget(this)
    this.#given.done(verdict)
  }
}

const reasonOf = (error: AskError): LaterReason => {
  switch (error._tag) {
    case "Busy":
      return "busy"
    case "ActorQuarantined":
      return "quarantined"
    case "AskTimeout":
      return "silent"
    case "SystemStopped":
      return "moving"
    default:
      return "unavailable"
  }
}
