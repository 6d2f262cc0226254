/**
 * What a command or a machine sends: messages to actors, requests that are answered, integration events.
 *
 * Owns those values, and `dispatch`, which sends them as actions of a machine. `send` (../definition/Send.ts)
 * makes them. Nothing is sent before the commit that carries it is stored, and a refused command sends
 * nothing. How they are stored in a commit: OutboxItem.ts. Who sends them: ../outbox/Sending.ts.
 */
import { Schema } from "effect"
import type { AnyEvent } from "../event/Event.ts"

/** A command to another actor, without an answer. */
interface Tell {
  readonly _tag: "Tell"
  readonly key: string
  readonly command: AnyEvent
  readonly afterMs: number | undefined
  /** Input of the receiver if the command is its first. */
  readonly input?: unknown
}

/** A command to another actor whose answer comes back as an {@link Answered} event. */
interface Request {
  readonly _tag: "Request"
  readonly key: string
  readonly command: AnyEvent
  readonly as: string
  /** Input of the receiver if the command is its first. */
  readonly input?: unknown
}

/** An integration event for other systems. */
interface Publish {
  readonly _tag: "Publish"
  readonly type: string
  readonly data: unknown
}

/** The postponed answer to a request. */
interface AnswerOut {
  readonly _tag: "Answer"
  readonly to: RequestRef
  readonly answer: Answer
}

/** Postpones the answer: it comes with a later commit. */
interface AnswerLater {
  readonly _tag: "AnswerLater"
}

/** One thing that a decision sends with its events, as the functions of `send` make it. */
export type Outgoing = Tell | Request | Publish | AnswerOut | AnswerLater

/** What is to be sent: one value, several in their order, or nothing. */
export type ToSend = Outgoing | ReadonlyArray<Outgoing | undefined> | undefined

/** The values as a list, without `undefined`. */
export const outgoingOf = (toSend: ToSend): ReadonlyArray<Outgoing> =>
  (Array.isArray(toSend) ? (toSend as ReadonlyArray<Outgoing | undefined>) : [toSend as Outgoing]).filter(
    (outgoing) => outgoing !== undefined,
  )

/** The request that is to be answered: plain JSON, so that an event of the answering actor can hold it. */
export const RequestRef = Schema.Struct({
  /** `type/token` of the asking actor. */
  to: Schema.String,
  /** Name that the asking actor gave to the request. */
  as: Schema.String,
  /** Id of the request's message. */
  re: Schema.String,
  /** Correlation of the request, which its answer goes on with. Absent in references of earlier releases. */
  correlationId: Schema.optionalKey(Schema.String),
  /** W3C traceparent of the request, if it has one. */
  trace: Schema.optionalKey(Schema.String),
})
/** Names a request, so that its answer finds back. */
export type RequestRef = typeof RequestRef.Type

/** The answer to a `request`. */
export type Answer =
  | { readonly ok: true; readonly reply?: unknown }
  | {
      readonly ok: false
      /** The reason of `reject(...)`, `NotAccepted`, or why the command could not be decided. */
      readonly reason: string
      readonly detail?: unknown
      /** Whether the domain rejected the command; otherwise the command could not be decided at all. */
      readonly isRejection: boolean
    }

/** Whether an unknown value is an answer. */
export const isAnswer = (value: unknown): value is Answer => {
  if (typeof value !== "object" || value === null) return false
  const { ok, reason, isRejection } = value as {
    readonly [field in "ok" | "reason" | "isRejection"]?: unknown
  }
  if (ok === true) return true
  const isNamed = reason === undefined || typeof reason === "string"
  return ok === false && isNamed && (isRejection === undefined || typeof isRejection === "boolean")
}

/** An answer as the asking actor's machine gets it: `on: { "everstate.answered": ... }`. */
export interface Answered {
  readonly type: "everstate.answered"
  /** Name of the request. */
  readonly as: string
  readonly answer: Answer
}

export const ANSWERED = "everstate.answered"

/** Marks an action of a machine whose result is sent with the commit. */
export const DISPATCH: unique symbol = Symbol.for("everstate/dispatch")

type Maker<Context, Event> = (args: { readonly context: Context; readonly event: Event }) => ToSend

export interface DispatchAction {
  readonly [DISPATCH]: Maker<unknown, unknown>
}

/**
 * An action of a machine that sends: `actions: dispatch(({ context }) => send.tell({ actor: Stock, id:
 * context.sku, ... }))`. Pure. It runs once for each time the transition is decided, and never on replay.
 */
export const dispatch = <Context, Event>(
  make: Maker<Context, Event>,
): ((args: { readonly context: Context; readonly event: Event }) => void) =>
  Object.assign(() => undefined, { [DISPATCH]: make as Maker<unknown, unknown> })
