// biome-ignore-all lint/suspicious/noExplicitAny: erased type parameters; what users write is inferred and checked
/**
 * `defineReactor(...)`: choreography. It tells other actors when something has happened.
 *
 * Owns a user's definition and its checks. What a reaction becomes: Reaction.ts. ReactorRunner.ts runs
 * reactors.
 */
import type { AnyActor, EventsOf } from "../definition/Actor.ts"
import { actorOf, type DefinitionOf } from "../definition/DefinitionOf.ts"
import { InvalidDefinition } from "../definition/InvalidDefinition.ts"
import { type IntegrationEventDefinition, publishesByType } from "../event/IntegrationEvent.ts"
import { isReserved } from "../machine/Machine.ts"
import type { ToSend } from "../message/Outgoing.ts"
import type { ProjectedEvent } from "../projection/Projection.ts"

/** Everything known about the event except the event itself. */
export type ReactorMeta = Omit<ProjectedEvent, "event">

/** Result of a handler: messages and integration events, in order, or nothing. */
export type Reaction = ToSend

type Handler<Event> = (event: Event, meta: ReactorMeta) => Reaction | Promise<Reaction>

type EventsFrom<From> = From extends ReadonlyArray<infer A> ? EventsOf<A> : never

type Handlers<Event extends { readonly type: string }> = {
  readonly [Type in Event["type"]]?: Handler<Extract<Event, { readonly type: Type }>>
}

/** A reactor as the runtime sees it. */
export interface ReactorDefinition {
  readonly name: string
  readonly from: ReadonlyArray<AnyActor>
  readonly start: "beginning" | "now"
  readonly on: ReadonlyMap<string, Handler<any>>
  readonly publishes: { readonly [type: string]: IntegrationEventDefinition }
}

/** Allowed names of reactors, which are also part of message ids and of the checkpoint's name. */
export const REACTOR_NAME_PATTERN = /^[a-z][a-z0-9_-]{0,39}$/

/**
 * Defines a reactor. Its handlers get every event of the actor types in `from`, in the order of the journal,
 * at least once, and return what is to be sent: `send.tell(...)`, `send.publish(...)`. Handlers are pure: a
 * repeated event must lead to the same messages, which are then applied once. A handler that keeps throwing
 * leaves a dead letter, and the reactor goes on. If the work has to wait for an answer, use a saga: a reactor
 * has no inbox, so it cannot `request`.
 *
 * @example defineReactor({ name: "restock", from: [Order], on: { OrderCancelled: (event, { id }) => send.tell({ actor: Stock, ... }) } })
 */
export const defineReactor = <const From extends ReadonlyArray<DefinitionOf<AnyActor>>>(options: {
  /**
   * Name of its position in the journal. Never change it: under another name the reactor starts anew and
   * sends again.
   */
  readonly name: string
  /** Definitions of the actors, or of the sagas, whose events it gets. */
  readonly from: From
  /**
   * Where its first start begins: with the oldest event, or with events after the start. Default `beginning`.
   */
  readonly start?: "beginning" | "now"
  readonly on: Handlers<EventsFrom<From>>
  /** Integration events that its handlers publish. */
  readonly publishes?: ReadonlyArray<IntegrationEventDefinition>
}): ReactorDefinition => {
  const { name, start = "beginning", publishes = [] } = options
  const from: ReadonlyArray<AnyActor> = options.from.map(actorOf)
  const on = new Map(
    Object.entries<Handler<any> | undefined>(options.on).flatMap(([type, handler]) =>
      handler === undefined ? [] : [[type, handler] as const],
    ),
  )
  const refuse = (what: string, hint: string) =>
    new InvalidDefinition({ actorType: `reactor ${name}`, what, hint })
  if (!REACTOR_NAME_PATTERN.test(name)) {
    throw refuse("its name", `Lower-case letters, digits, "-" and "_", a letter first, 40 at most.`)
  }
  if (from.length === 0) throw refuse("an empty `from`", "Name the actor types whose events it reacts to.")
  if (on.size === 0) throw refuse("an empty `on`", "Name at least one event that it reacts to.")
  for (const type of on.keys()) {
    if (isReserved(type))
      throw refuse(`a handler for "${type}"`, "Events of the runtime itself may change at any time.")
    // The check skips definitions without event schemas, because their events are not known here.
    if (from.some(({ events }) => events === undefined || Object.hasOwn(events, type))) continue
    throw refuse(
      `a handler for "${type}"`,
      `There is no such event in ${from.map((actor) => actor.type).join(", ")}.`,
    )
  }
  return { name, from, start, on, publishes: publishesByType(publishes, refuse) }
}
