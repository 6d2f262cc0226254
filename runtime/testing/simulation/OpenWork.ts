/**
 * The remaining work of a simulated system, in words. A run may end when none is left.
 *
 * Observes from outside what was asked and stored, and what the nodes report. Whether slots are where they
 * belong: ClusterChecker.ts.
 */
import { Effect } from "effect"
import { decodeMessage, type Message } from "../../mailbox/Message.ts"
import type { ProjectionDefinition } from "../../projection/Projection.ts"
import type { ReactorDefinition } from "../../reactor/Reactor.ts"
import { type Clients, describe } from "./Client.ts"
import type { DeliveryChecker } from "./DeliveryChecker.ts"
import type { Network } from "./Network.ts"
import { type PendingChecker, timerNamed } from "./PendingChecker.ts"
import type { Reference, TrueActor } from "./Reference.ts"
import type { SimulatedMailbox } from "./SimulatedMailbox.ts"
import type { SimulatedNode } from "./SimulatedNode.ts"
import type { StoreChecker } from "./StoreChecker.ts"

export interface OpenWorkContext {
  readonly network: Pick<Network, "delayedCount">
  readonly nodes: ReadonlyArray<SimulatedNode>
  readonly clients: Clients
  readonly reference: Reference
  readonly deliveries: DeliveryChecker
  readonly pending: PendingChecker
  readonly stores: StoreChecker
  readonly mailbox: SimulatedMailbox
  readonly projections: ReadonlyArray<ProjectionDefinition>
  readonly reactors: ReadonlyArray<ReactorDefinition>
  /** The remaining work of an actor by itself. */
  readonly isOpen: (actor: TrueActor) => string | undefined
}

const readable = (data: Uint8Array): Message | undefined => {
  try {
    return decodeMessage(data)
  } catch {
    return undefined
  }
}

export class OpenWork {
  readonly #context: OpenWorkContext

  constructor(context: OpenWorkContext) {
    this.#context = context
  }

  /** The first remaining work that was found. */
  get found(): string | undefined {
    const { clients, deliveries, pending, nodes, network } = this.#context
    // A delayed write starts new work when it arrives: for example a tell that the run counted as lost.
    if (network.delayedCount > 0) return `${network.delayedCount} delayed calls have not arrived`
    if (clients.openCount > 0) {
      const waiting = clients.operations.filter(({ returned }) => returned === undefined)
      return `${waiting.length} callers have no answer: ${waiting.slice(0, 3).map(describe).join(", ")}`
    }
    const undelivered =
      deliveries.undispatched ?? this.#mailboxBacklog ?? pending.overdue ?? pending.lost(this.#timersUnderWay)
    if (undelivered !== undefined) return undelivered
    for (const node of nodes) {
      const open = this.#openOn(node)
      if (open !== undefined) return open
    }
    return this.#openActor
  }

  #openOn({ name, system, isRunning }: SimulatedNode): string | undefined {
    if (system === undefined || !isRunning) return `${name} has not started`
    const status = Effect.runSync(system.status)
    const { inFlightCount, outbox, messages } = status
    if (inFlightCount > 0) return `${name} has ${inFlightCount} items in work`
    if (outbox.pendingCount > 0) return `${name} has ${outbox.pendingCount} outboxes to send`
    if (messages.openCount > 0) return `${name} has ${messages.openCount} messages in work`
    for (const reactor of this.#context.reactors) {
      const own = status.reactors.find((one) => one.name === reactor.name)
      if (own?.state === "elsewhere") continue
      const last = this.#lastOf(reactor)
      const position = own?.position ?? 0
      if (position < last) return `reactor ${reactor.name} is at ${position} of ${last} on ${name}`
    }
    for (const projection of this.#context.projections) {
      const own = status.projections.find((one) => one.name === projection.name)
      const last = this.#lastOf(projection)
      const stored = this.#context.stores.offset(projection)
      const known = own?.state === "elsewhere" ? stored : (own?.offset ?? 0)
      if (Math.min(known, stored) >= last) continue
      return `projection ${projection.name} is at ${stored} of ${last}, ${name} knows ${known}`
    }
    return undefined
  }

  get #openActor(): string | undefined {
    for (const actor of this.#context.reference.actors.values()) {
      const open = this.#context.isOpen(actor)
      if (open !== undefined) return `${actor.address.key}: ${open}`
    }
    return undefined
  }

  /** Timers that the mailbox holds, by actor, each in the form of `timerNamed`. */
  get #timersUnderWay(): ReadonlyMap<string, ReadonlySet<string>> {
    const byActor = new Map<string, Set<string>>()
    const add = (key: string, data: Uint8Array): void => {
      const message = readable(data)
      if (message?.k !== "timer") return
      const own = byActor.get(key) ?? new Set()
      byActor.set(key, own.add(timerNamed(message.n, message.g)))
    }
    const { schedules, messages } = this.#context.mailbox.contents
    for (const { address, data } of schedules) add(address.key, data)
    for (const { key, data } of messages) add(key, data)
    return byActor
  }

  get #mailboxBacklog(): string | undefined {
    const { contents, nowMs } = this.#context.mailbox
    for (const { id, key } of contents.messages) return `message ${id} waits for ${key}`
    for (const { id, address, atMs } of contents.schedules) {
      if (atMs <= nowMs) return `scheduled message ${id} is due for ${address.key}`
    }
    return undefined
  }

  /** Sequence of the last commit that a projection or reactor reads. */
  #lastOf({ from, readCommit }: Pick<ProjectionDefinition, "from" | "readCommit">): number {
    if (readCommit !== undefined) {
      return Math.max(0, ...Array.from(this.#context.reference.actors.values(), ({ sequence }) => sequence))
    }
    const types = new Set(from.map(({ type }) => type))
    const { events } = this.#context.reference
    return events.findLast(({ actorType }) => types.has(actorType))?.sequence ?? 0
  }
}
