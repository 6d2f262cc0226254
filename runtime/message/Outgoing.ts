/**
 * What a command or a statechart sends: messages to actors, requests that are answered, integration events.
 *
 * Owns those values, and `dispatch` to use them as actions of a machine. What makes them: `send`, ../definition/Send.ts. Nothing
 * is sent before the commit that carries it is stored, and nothing of a command that was refused. How they are written into a
 * commit: OutboxItem.ts. Who sends them: ../outbox/Sending.ts.
 */
import { Schema } from "effect"
import type { AnyEvent } from "../event/Event.ts"

/** A command to another actor, delivered once, answered by nobody. */
interface Tell {
  readonly _tag: "Tell"
  readonly key: string
  readonly command: AnyEvent
  readonly afterMs: number | undefined
  /** What the receiver is born with, if the command is its first. */
  readonly input?: unknown
}

/** A command to another actor whose answer comes back as an {@link Answered} event. */
interface Request {
  readonly _tag: "Request"
  readonly key: string
  readonly command: AnyEvent
  readonly as: string
  /** What the receiver is born with, if the command is its first. */
  readonly input?: unknown
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

/** What is to be sent: one, several in their order, or nothing. */
export type ToSend = Outgoing | ReadonlyArray<Outgoing | undefined> | undefined

/** The same as a list, without what is `undefined`. */
export const outgoingOf = (toSend: ToSend): ReadonlyArray<Outgoing> =>
  (Array.isArray(toSend) ? (toSend as ReadonlyArray<Outgoing | undefined>) : [toSend as Outgoing]).filter(
    (outgoing) => outgoing !== undefined,
  )

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

/** The answer to a `request`. */
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

/** Whether a value that came from elsewhere is an answer. */
export const isAnswer = (value: unknown): value is Answer => {
  if (typeof value !== "object" || value === null) return false
  const { ok, reason, isRejection } = value as {
    readonly [field in "ok" | "reason" | "isRejection"]?: unknown
  }
  if (ok === true) return true
  const isNamed = reason === undefined || typeof reason === "string"
  return ok === false && isNamed && (isRejection === undefined || typeof isRejection === "boolean")
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

type Maker<Context, Event> = (args: { readonly context: Context; readonly event: Event }) => ToSend

export interface DispatchAction {
  readonly [DISPATCH]: Maker<unknown, unknown>
}

/**
 * An action of a machine that sends: `actions: dispatch(({ context }) => send.tell({ actor: Stock, id: context.sku, ... }))`.
 * Pure; runs once for each time the transition is decided, and never on replay.
 */
export const dispatch = <Context, Event>(
  make: Maker<Context, Event>,
): ((args: { readonly context: Context; readonly event: Event }) => void) =>
  Object.assign(() => undefined, { [DISPATCH]: make as Maker<unknown, unknown> })
