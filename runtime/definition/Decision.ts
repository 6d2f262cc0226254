/**
 * What a command may decide: events, a rejection, or events with a reply.
 *
 * Owns `reject` and `accept` and their types. Who asks for decisions: ../cell/Decide.ts.
 */

import { type Outgoing, outgoingOf, type ToSend } from "../message/Outgoing.ts"

/** The domain says no. Replied to the asker, never stored, never retried. */
export interface Rejection<Reason extends string = string> {
  readonly _tag: "Rejection"
  readonly reason: Reason
  readonly detail: unknown
}

/** Events together with an answer for the asker; the answer is stored with them. */
export interface Acceptance<Event, Reply> {
  readonly _tag: "Acceptance"
  readonly events: ReadonlyArray<Event>
  readonly reply: Reply
  /** Sent once the events are stored. */
  readonly outgoing: ReadonlyArray<Outgoing>
}

/** What `decide` may return. An empty list accepts the command without any effect; nothing is stored then. */
export type Decided<Event> = Event | ReadonlyArray<Event> | Rejection | Acceptance<Event, unknown>

/**
 * Rejects a command for a reason of the domain, with facts for whoever reads it (plain JSON).
 *
 * @example reject("AlreadyShipped", { shippedAt })
 */
export const reject = <const Reason extends string>(reason: Reason, detail?: unknown): Rejection<Reason> => ({
  _tag: "Rejection",
  reason,
  detail,
})

/** What an accepted command brings besides its events. */
export interface AcceptOptions<Reply> {
  /** Answer for the asker, plain JSON. A repeat of the command gets it as well. */
  readonly reply?: Reply
  /** What is sent once the events are stored: made by `send`. */
  readonly send?: ToSend
}

/**
 * Accepts a command with these events, and with an answer and messages where it has some.
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
 * The answer type that a decision carries; `undefined` where it carries none. `any` where the definition has a mistake
 * that keeps TypeScript from knowing the decision, so that the mistake is the only thing reported.
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
