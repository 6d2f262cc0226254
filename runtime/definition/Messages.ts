/**
 * `tell` and `request`: messages to actors of a known type, as values.
 *
 * Owns their types and the receiver's key. What becomes of them: ../message/Outgoing.ts.
 */
import { addressOf } from "../address/ActorAddress.ts"
import type { AnyEvent } from "../event/Event.ts"
import type { Outgoing } from "../message/Outgoing.ts"
import type { AnyActor, BirthInputOf, CommandsOf } from "./Actor.ts"
import { actorOf, type DefinitionOf } from "./DefinitionOf.ts"

export interface RequestOptions<Input = unknown> {
  /** What the receiver is born with, if the command is its first: for actors whose definition has an `input` schema. */
  readonly input?: Input
}

export interface TellOptions<Input = unknown> extends RequestOptions<Input> {
  /** Delivers the message so many milliseconds after the commit, at the earliest. */
  readonly afterMs?: number
}

/**
 * A message to the actor `id`: stored with the commit, delivered at least once, applied once. What its `decide`
 * rejects becomes a dead letter, since nobody waits for the answer.
 */
export const tell = <A extends AnyActor>(
  definition: DefinitionOf<A>,
  id: string,
  command: CommandsOf<A>,
  options: TellOptions<BirthInputOf<A>> = {},
): Outgoing => ({
  _tag: "Tell",
  key: keyOf(definition, id),
  command: command as AnyEvent,
  afterMs: options.afterMs,
  ...inputIn(options),
})

/**
 * A durable ask: like {@link tell}, and the answer, a rejection included, comes back to this actor as an event
 * `everstate.answered` that carries `as`. Exactly one answer comes back for a request, whoever crashes meanwhile.
 */
export const request = <A extends AnyActor>(
  definition: DefinitionOf<A>,
  id: string,
  command: CommandsOf<A>,
  as: string,
  options: RequestOptions<BirthInputOf<A>> = {},
): Outgoing => ({
  _tag: "Request",
  key: keyOf(definition, id),
  command: command as AnyEvent,
  as,
  ...inputIn(options),
})

const inputIn = ({ input }: RequestOptions) => (input === undefined ? undefined : { input })

const keyOf = (definition: DefinitionOf<AnyActor>, id: string): string =>
  addressOf(actorOf(definition).type, id, 1).key
