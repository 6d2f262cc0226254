/**
 * The decisions of a command: events, a rejection, or events with a reply.
 *
 * Owns `reject` and `accept` and their types. Who asks for decisions: ../cell/Decide.ts.
 */
import { type Outgoing, outgoingOf, type ToSend } from "../message/Outgoing.ts"

/**
 * The domain rejects the command. The caller gets this as the answer; it is never stored and never retried.
 */
export interface Rejection<Reason extends string = string, Detail = unknown> {
  readonly _tag: "Rejection"
  readonly reason: Reason
  readonly detail: Detail
}

/** Events together with a reply for the caller; the reply is stored with them. */
export interface Acceptance<Event, Reply> {
  readonly _tag: "Acceptance"
  readonly events: ReadonlyArray<Event>
  readonly reply: Reply
  /** Messages that are sent after the events are stored. */
  readonly outgoing: ReadonlyArray<Outgoing>
}

/**
 * Types that `decide` may return. An empty list accepts the command without effect; then nothing is stored.
 */
export type Decided<Event> = Event | ReadonlyArray<Event> | Rejection | Acceptance<Event, unknown>

/**
 * Rejects a command for a reason of the domain, with details for the caller (plain JSON).
 *
 * @example reject("AlreadyShipped", { shippedAt })
 */
export function reject<const Reason extends string>(reason: Reason): Rejection<Reason, undefined>
export function reject<const Reason extends string, Detail>(
  reason: Reason,
  detail: Detail,
): Rejection<Reason, Detail>
export function reject(reason: string, detail?: unknown): Rejection {
  return { _tag: "Rejection", reason, detail }
}

/** Parts of an accepted command besides its events. */
export interface AcceptOptions<Reply> {
  /** Reply to the caller, plain JSON. A repeat of the command gets the same reply. */
  readonly reply?: Reply
  /** Messages that are sent after the events are stored: made by `send`. */
  readonly send?: ToSend
}

/**
 * Accepts a command with these events, and optionally with a reply and messages.
 *
 * @example accept({ type: "Withdrawn", minor }, { reply: { left } })
 */
export const accept = <const Event, Reply = undefined>(
  events: Event | ReadonlyArray<Event>,
  { reply, send }: AcceptOptions<Reply> = {},
): Acceptance<Event, Reply> => ({
  _tag: "Acceptance",
  events: Array.isArray(events) ? (events as ReadonlyArray<Event>) : [events as Event],
  reply: reply as Reply,
  outgoing: outgoingOf(send),
})

/**
 * Type of the reply in a decision; `undefined` if there is none. `any` if a mistake in the definition keeps
 * TypeScript from knowing the decision, so that it reports only that mistake.
 */
export type ReplyIn<D> = unknown extends D
  ? // biome-ignore lint/suspicious/noExplicitAny: see above
    any
  : D extends Acceptance<unknown, infer Reply>
    ? Reply
    : D extends Rejection
      ? never
      : undefined

/** The reasons that a decision may reject for. */
export type ReasonsIn<D> = D extends Rejection<infer Reason> ? Reason : never
