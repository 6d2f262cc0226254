/**
 * What a scenario's command asks for besides its events: messages, timers, calls, publications.
 *
 * Owns how the items of a commit are compared with the arguments of `thenSends`, `thenPublishes`,
 * `thenSchedules`, `thenCancels` and `thenCalls`. Each check lists all items of its kind, in order; without
 * arguments it expects none.
 */
import { sentItemOf } from "../cell/Intents.ts"
import type { ActorDefinition } from "../definition/Actor.ts"
import { type AnyEvent, INSIDE } from "../event/Event.ts"
import { decodeValue } from "../json/StoredValue.ts"
import type { OutboxItem } from "../message/OutboxItem.ts"
import type { Outgoing } from "../message/Outgoing.ts"

const eventOfTimer = ({ e, raw }: Extract<OutboxItem, { readonly k: "timer" }>): AnyEvent => {
  if (raw === undefined) return e
  const event = decodeValue(raw) as AnyEvent
  return e.type === INSIDE ? { ...e, event } : event
}

/** A timer: of `after`, or of a `raise` with a delay. Only the given fields are compared. */
export interface ExpectedTimer {
  /** Id of the timer. XState makes the id of an `after`. */
  readonly id?: string
  readonly afterMs: number
  /** The event that it raises. */
  readonly event?: { readonly type: string }
}

/** A durable call of an `invoke`. Only the given fields are compared. */
export interface ExpectedCall {
  /** Name of its logic in `setup({ actors })`. */
  readonly src?: string
  /** Id of the invocation. */
  readonly id?: string
  readonly input?: unknown
}

/** An integration event. */
export interface ExpectedPublication {
  readonly type: string
  readonly data: unknown
}

/** The items of the command, and its time. */
export interface AskedFor {
  readonly items: ReadonlyArray<OutboxItem>
  readonly nowMs: number
}

/** Pairs to compare: the expected items, and the found items in the same form. */
export interface Compared {
  readonly what: string
  readonly expected: unknown
  readonly actual: unknown
}

export const comparedMessages = (
  definition: ActorDefinition,
  { items, nowMs }: AskedFor,
  expected: ReadonlyArray<Outgoing | undefined>,
): Compared => ({
  what: "messages",
  expected: expected.flatMap((outgoing) =>
    outgoing === undefined || outgoing._tag === "AnswerLater" ? [] : sentItemOf(definition, outgoing, nowMs),
  ),
  actual: items.filter(({ k }) => k === "tell" || k === "answer"),
})

export const comparedPublications = (
  { items }: AskedFor,
  expected: ReadonlyArray<ExpectedPublication>,
): Compared => ({
  what: "integration events",
  expected: expected.map(({ type, data }) => ({ type, data })),
  actual: items.flatMap((item) => (item.k === "publish" ? { type: item.t, data: item.d } : [])),
})

export const comparedTimers = (
  { items, nowMs }: AskedFor,
  expected: ReadonlyArray<ExpectedTimer>,
): Compared => {
  const timers = items.flatMap((item) =>
    // A timer that is due at once has the time 0.
    item.k === "timer"
      ? { id: item.n, afterMs: Math.max(0, item.at - nowMs), event: eventOfTimer(item) }
      : [],
  )
  return { what: "timers", expected, actual: asFarAsGiven(timers, expected) }
}

export const comparedCancels = ({ items }: AskedFor, expected: ReadonlyArray<string>): Compared => ({
  what: "cancelled timers and aborted calls",
  expected,
  actual: items.flatMap((item) => (item.k === "cancel" || item.k === "abort" ? item.n : [])),
})

export const comparedCalls = ({ items }: AskedFor, expected: ReadonlyArray<ExpectedCall>): Compared => {
  const calls = items.flatMap((item) =>
    item.k === "call"
      ? { src: item.src, id: item.n, input: item.raw === undefined ? item.in : decodeValue(item.raw) }
      : [],
  )
  return { what: "calls", expected, actual: asFarAsGiven(calls, expected) }
}

/** For each found item, the fields that the expected item in its place has; all fields if there is none. */
const asFarAsGiven = (found: ReadonlyArray<object>, expected: ReadonlyArray<object>): ReadonlyArray<object> =>
  found.map((thing, index) => {
    const wanted = expected[index]
    if (wanted === undefined) return thing
    return Object.fromEntries(Object.entries(thing).filter(([field]) => Object.hasOwn(wanted, field)))
  })
