/**
 * What the router brings to the owner of a shard: an ask or a read of a caller, or a message on its way.
 *
 * Owns what the router needs to know of either. Who brings it: Router.ts. Messages: DirectDelivery.ts.
 */
import { Exit } from "effect"
import type { ActorAddress } from "../address/ActorAddress.ts"
import { type AskError, Unavailable } from "../cell/AskError.ts"
import type { Accepted, CurrentState, Waiting } from "../cell/Waiting.ts"
import type { ShardEntry, ShardMap } from "../cluster/ShardMap.ts"
import type { ActorDefinition } from "../definition/Actor.ts"
import { type AskRequest, decodeReply } from "./AskWire.ts"
import type { LocalCells } from "./LocalCells.ts"

/** What keeps an answer away. */
export type Hindrance = "moving" | "silent" | "unavailable"

export interface Routed {
  readonly address: ActorAddress
  /** Shard of the actor; `undefined`: it is not known here. */
  readonly shard: ShardEntry | undefined
  /** Id of the command or message, under which lost owners are counted; `undefined`: they are not. */
  readonly commandId: string | undefined
  /** Nobody waits for an answer any more. */
  readonly isSettled: boolean
  /** A node was sent it and may have stored it. */
  wasSent: boolean
  /** It may be stored. */
  readonly mayBeStored: boolean
  /** Time that an owner may take for its answer, in milliseconds; default: the router's. */
  readonly attemptMs?: number
  /** Longest pause between two attempts, in milliseconds; default: the router's. */
  readonly pauseMaxMs?: number
  /** Takes what keeps the answer away, in words. */
  readonly hinder: (hindrance: Hindrance, detail: string) => void
  /** Goes to this node's own cells, if it has the shard by now. */
  readonly takeHere: () => boolean
  /** The request to the owner; `lostCount` nodes had it and went silent. */
  readonly request: (lostCount: number) => AskRequest
  /** The answer in a reply; `undefined`: ask again. Throws for what is no reply. */
  readonly read: (reply: Uint8Array) => Exit.Exit<unknown, AskError> | undefined
  readonly settle: (exit: Exit.Exit<unknown, AskError>) => void
}

/** An item that came to this node's cells, or from a client's own caller. */
export class RoutedItem implements Routed {
  readonly address: ActorAddress
  readonly shard: ShardEntry | undefined
  readonly #definition: ActorDefinition
  readonly #item: Waiting
  readonly #cells: Pick<LocalCells, "offer" | "takes">
  readonly #isOfClient: boolean

  constructor(
    shardMap: ShardMap,
    cells: Pick<LocalCells, "offer" | "takes">,
    definition: ActorDefinition,
    address: ActorAddress,
    item: Waiting,
    isOfClient = false,
  ) {
    const shardIndex = shardMap.indexOf(address.type, address.shard)
    // What an actor waits for is asked of the shard's owner, by that node's inbox.
    this.shard = shardIndex === undefined || item._tag === "Pending" ? undefined : shardMap.all[shardIndex]
    this.address = address
    this.#definition = definition
    this.#item = item
    this.#cells = cells
    this.#isOfClient = isOfClient
  }

  get commandId(): string | undefined {
    return this.#item._tag === "Command" ? this.#item.command.commandId : undefined
  }

  get isSettled(): boolean {
    return this.#item.isSettled
  }

  get wasSent(): boolean {
    return this.#item._tag === "Command" && this.#item.wasSent
  }

  set wasSent(wasSent: boolean) {
    if (this.#item._tag === "Command") this.#item.wasSent = wasSent
  }

  get mayBeStored(): boolean {
    return this.#item._tag === "Command" && this.#item.mayBeStored
  }

  hinder(_hindrance: Hindrance, detail: string): void {
    this.#item.trouble = detail
  }

  takeHere(): boolean {
    if (!this.#cells.takes(this.#definition, this.address)) return false
    // What kept the item from its owner is over: from here on only its cell knows whether it is stored.
    this.#item.trouble = undefined
    this.#cells.offer(this.#definition, this.address, this.#item)
    return true
  }

  request(lostCount: number): AskRequest {
    const item = this.#item
    const { key: to } = this.address
    const ms = item.waitMs
    if (item._tag !== "Command") return { k: "read", to, ms }
    const { command } = item
    // Messages and signals are not brought on this road.
    if (command._tag !== "Command" && command._tag !== "Spawn") return { k: "read", to, ms }
    const { commandId: id, metadata, input } = command
    const rest = {
      to,
      ms,
      id,
      ...(metadata === undefined ? undefined : { m: metadata }),
      ...(item.ifVersion === undefined ? undefined : { ifVersion: item.ifVersion }),
      ...(item.mayBeStored ? ({ again: true } as const) : undefined),
      ...(lostCount > 0 ? { lost: lostCount } : undefined),
      ...(this.#isOfClient ? ({ cl: true } as const) : undefined),
    }
    const c = command._tag === "Spawn" ? undefined : { c: command.given }
    if (c !== undefined && input === undefined) return { k: "ask", ...c, ...rest }
    return { k: "birth", ...c, ...(input?.given === undefined ? undefined : { in: input.given }), ...rest }
  }

  read(reply: Uint8Array): Exit.Exit<Accepted | CurrentState, AskError> | undefined {
    try {
      return decodeReply(this.#definition, this.address.id, reply)
    } catch (cause) {
      return Exit.fail(unreadable(this.address, cause))
    }
  }

  settle(exit: Exit.Exit<unknown, AskError>): void {
    this.#item.settle(exit as Exit.Exit<never, never>)
  }
}

/** Error of a reply that this node cannot read. */
export const unreadable = ({ type: actorType, id }: ActorAddress, cause: unknown) =>
  new Unavailable({
    actorType,
    id,
    stored: "Unknown",
    detail: `the answer cannot be read: ${String(cause)}`,
    hint: "The node that answered runs another version of this actor type.",
  })
