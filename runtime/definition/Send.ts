/**
 * `send`: makes everything that an actor sends, as values.
 *
 * Owns those functions, the shape of a message to an actor, and the receiver's key. The values, and
 * `dispatch`, which sends them as an action of a machine, are in ../message/Outgoing.ts.
 */
import { addressOf } from "../address/ActorAddress.ts"
import type { AnyEvent } from "../event/Event.ts"
import type { IntegrationEventDefinition } from "../event/IntegrationEvent.ts"
import type { AnySchema, InputOf } from "../event/Schema.ts"
import type { Answer, Outgoing, RequestRef } from "../message/Outgoing.ts"
import type { AnyActor, BirthInputOf, CommandsOf } from "./Actor.ts"
import { actorOf, type DefinitionOf } from "./DefinitionOf.ts"

/** The input in a message, by the receiver's definition: required if its schema needs a field. */
type InputFor<Input> = unknown extends Input
  ? { readonly input?: unknown }
  : [Input] extends [undefined]
    ? { readonly input?: undefined }
    : Record<string, never> extends Input
      ? { readonly input?: Input | undefined }
      : {
          /**
           * Input of the receiver if this command is its first; `undefined` if the receiver surely is born
           * already.
           */
          readonly input: Input | undefined
        }

/** A command to the actor `id`: the same shape in `send.tell`, in `send.request` and in the steps of a saga. */
export type MessageTo<A extends AnyActor, Command = CommandsOf<A>> = {
  readonly actor: DefinitionOf<A>
  readonly id: string
  readonly command: Command
} & InputFor<BirthInputOf<A>>

interface TellOptions {
  /** Shortest delay between the commit and the delivery, in milliseconds. */
  readonly afterMs?: number
}

interface RequestOptions {
  /** Name of the request: the event with its answer carries it. */
  readonly as: string
}

/**
 * Makes what an actor sends: for `accept(events, { send })`, for `dispatch(...)` in a machine, for the result
 * of a reactor and for the end of a saga. Nothing is sent before the commit that carries it is stored.
 */
export const send = {
  /**
   * A message to an actor: stored with the commit, delivered at least once, applied once. A message that its
   * `decide` rejects becomes a dead letter, because no actor waits for the answer.
   *
   * @example send.tell({ actor: Account, id: "bob", command: { type: "Deposit", minor: 5 } })
   */
  tell: <A extends AnyActor>(message: MessageTo<A> & TellOptions): Outgoing => ({
    _tag: "Tell",
    ...addressed(message),
    afterMs: message.afterMs,
    ...inputIn(message),
  }),

  /**
   * A durable ask: a message whose answer, or rejection, comes back to this actor as an event
   * `everstate.answered` that carries `as`. Exactly one answer comes back for a request, even if nodes crash
   * meanwhile.
   *
   * @example send.request({ actor: Account, id: "bob", command: { type: "Withdraw", minor: 5 }, as: "payment" })
   */
  request: <A extends AnyActor>(message: MessageTo<A> & RequestOptions): Outgoing => ({
    _tag: "Request",
    ...addressed(message),
    as: message.as,
    ...inputIn(message),
  }),

  /**
   * An integration event for other services. Its definition must be in `publishes` of the actor or reactor.
   *
   * @example send.publish(OrderConfirmed, { orderId: "o-42" })
   */
  publish: <S extends AnySchema>(
    { type }: IntegrationEventDefinition<S>,
    data: NoInfer<InputOf<S>>,
  ): Outgoing => ({ _tag: "Publish", type, data }),

  /**
   * A postponed answer; `undefined` if the command came from an `ask` or `tell`. The first answer counts.
   *
   * @example send.answer(state.context.replyTo, { ok: true, reply: { booked: true } })
   */
  answer: (to: RequestRef | undefined, answer: Answer): Outgoing | undefined =>
    to === undefined ? undefined : { _tag: "Answer", to, answer },

  /**
   * Postpones the answer of a command that came by `request`, if the outcome is only known later. Keep
   * `replyTo` of the decide input in an event, and send the answer when it is known.
   *
   * @example accept({ type: "Asked", replyTo }, { send: send.answerLater })
   */
  answerLater: { _tag: "AnswerLater" } as Outgoing,
}

interface AnyMessage {
  readonly actor: DefinitionOf<AnyActor>
  readonly id: string
  readonly command: unknown
  readonly input?: unknown
}

const addressed = ({ actor, id, command }: AnyMessage) => ({
  key: addressOf(actorOf(actor).type, id, 1).key,
  command: command as AnyEvent,
})

const inputIn = ({ input }: AnyMessage) => (input === undefined ? undefined : { input })
