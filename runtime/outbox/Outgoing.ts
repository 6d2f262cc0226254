/**
 * What a command or a statechart sends: messages to actors, requests that are answered, integration events.
 *
 * Owns what a user writes (`tell`, `request`, `answer`, `publish`, and `dispatch` to use them as actions of a machine). They are values: nothing is sent before the commit that carries them is stored, and nothing of a command
 * that was refused. How they are written into a commit: OutboxItem.ts. Who sends them: Outbox.ts.
 */
import { Schema } from "effect"
import { addressOf } from "../address/ActorAddress.ts"
import type { AnyActor, CommandsOf } from "../definition/Actor.ts"
import type { AnyEvent } from "../definition/Event.ts"

/** A command to another actor, delivered once, answered by nobody. */
interface Tell {
  readonly _tag: "Tell"
  readonly key: string
  readonly command: AnyEvent
  readonly afterMs: number | undefined
}

/** A command to another actor whose answer comes back as an {@link Answered} event. */
interface Request {
  readonly _tag: "Request"
  readonly key: string
  readonly command: AnyEvent
  readonly as: string
}

/** An integration event for the world outside. */
interface Publish {
  readonly _tag: "Publish"
  readonly type: string
  readonly data: unknown
}

/** The answer to a request that was put off. */
interface AnswerOut {
  readonly _tag: "Answer"
  readonly to: RequestRef
  readonly answer: Answer
}

/** No answer yet: it comes with a later commit. */
interface AnswerLater {
  readonly _tag: "AnswerLater"
}

export type Outgoing = Tell | Request | Publish | AnswerOut | AnswerLater

/** Whom to answer: plain JSON for an event of an actor that answers a request later. */
export const RequestRef = Schema.Struct({
  /** `type/token` of whoever asked. */
  to: Schema.String,
  /** What it calls the request. */
  as: Schema.String,
  /** Id of the request's message. */
  re: Schema.String,
})
export type RequestRef = typeof RequestRef.Type

export interface TellOptions {
  /** Delivers the message so many milliseconds after the commit, at the earliest. */
  readonly afterMs?: number
}

/**
 * A message to the actor `id`: stored with the commit, delivered at least once, applied once. What its `decide`
 * rejects becomes a dead letter, since nobody waits for the answer.
 */
export const tell = <A extends AnyActor>(
  actor: A,
  id: string,
  command: CommandsOf<A>,
  options: TellOptions = {},
): Outgoing => ({
  _tag: "Tell",
  key: keyOf(actor, id),
  command: command as AnyEvent,
  afterMs: options.afterMs,
})

/**
 * A durable ask: like {@link tell}, and the answer, a rejection included, comes back to this actor as an event
 * `everstate.answered` that carries `as`. Exactly one answer comes back for a request, whoever crashes meanwhile.
 */
export const request = <A extends AnyActor>(
  actor: A,
  id: string,
  command: CommandsOf<A>,
  as: string,
): Outgoing => ({ _tag: "Request", key: keyOf(actor, id), command: command as AnyEvent, as })

/** An integration event; its type and schema are in the actor's `publishes`. */
export const publish = (type: string, data: unknown): Outgoing => ({ _tag: "Publish", type, data })

/**
 * For a command that a {@link request} brought and whose outcome is known later only: `accept(events, undefined,
 * answerLater)`. Keep `replyTo` of the decide input in an event, and {@link answer} it when the time has come.
 */
export const answerLater: Outgoing = { _tag: "AnswerLater" }

/** The answer that was put off; nothing where the command came from an `ask` or `tell`. The first answer counts. */
export const answer = (to: RequestRef | undefined, given: Answer): Outgoing | undefined =>
  to === undefined ? undefined : { _tag: "Answer", to, answer: given }

const keyOf = ({ type }: AnyActor, id: string): string => addressOf(type, id, 1).key

/** The answer to a {@link request}. */
export type Answer =
  | { readonly ok: true; readonly reply?: unknown }
  | {
      readonly ok: false
      /** The reason of `reject(...)`, `NotAccepted`, or what kept the command from being decided. */
      readonly reason: string
      readonly detail?: unknown
      /** The domain said no; otherwise the command could not be decided at all. */
      readonly isRejection: boolean
    }

/** How an answer reaches the machine of whoever asked: `on: { "everstate.answered": ... }`. */
export interface Answered {
  readonly type: "everstate.answered"
  /** What the request was called. */
  readonly as: string
  readonly answer: Answer
}

export const ANSWERED = "everstate.answered"

/** Marks an action of a machine as one whose result is sent with the commit. */
export const DISPATCH: unique symbol = Symbol.for("everstate/dispatch")

type Maker<Context, Event> = (args: {
  readonly context: Context
  readonly event: Event
}) => Outgoing | ReadonlyArray<Outgoing> | undefined

export interface DispatchAction {
  readonly [DISPATCH]: Maker<unknown, unknown>
}

/**
 * An action of a machine that sends: `actions: dispatch(({ context }) => tell(Inventory, context.sku, { ... }))`.
 * Pure; runs once for each time the transition is decided, and never on replay.
 */
export const dispatch = <Context, Event>(
  make: Maker<Context, Event>,
): ((args: { readonly context: Context; readonly event: Event }) => void) =>
  Object.assign(() => undefined, { [DISPATCH]: make as Maker<unknown, unknown> })
