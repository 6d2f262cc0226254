/**
 * What an actor waits for: timers and calls, folded from the commits' `out`.
 *
 * Owns how a stored item changes them. A timer or call has the machine's id and a generation: setting it
 * again makes a new generation, and a signal of an earlier generation is stale. Intents.ts decides the items.
 */
import type { AnyEvent } from "../event/Event.ts"
import type { StoredValue } from "../json/StoredValue.ts"
import { isOutboxItem, type OutboxItem } from "../message/OutboxItem.ts"

/** Lowest version that the actor had when a generation was made; 0 for a text that is no generation. */
export const versionOfGeneration = (generation: string): number => {
  const version = Number.parseInt(generation, 10)
  return Number.isSafeInteger(version) ? version : 0
}

export interface PendingTimer {
  /** Generation. */
  readonly g: string
  /** Unix milliseconds. */
  readonly at: number
  readonly e: AnyEvent
  /** Stored form of the event if it is not plain JSON; see ../message/OutboxItem.ts. */
  readonly raw?: StoredValue
}

export interface PendingCall {
  /** Generation. */
  readonly g: string
  readonly src: string
  readonly in?: unknown
  /** Stored form of the input if it is not plain JSON. */
  readonly raw?: StoredValue
}

export interface Pending {
  readonly timers: ReadonlyMap<string, PendingTimer>
  readonly calls: ReadonlyMap<string, PendingCall>
}

export const NOTHING_PENDING: Pending = { timers: new Map(), calls: new Map() }

/** A {@link Pending} whose parts are copied at their first change. */
export class Draft {
  readonly #before: Pending
  #timers: Map<string, PendingTimer> | undefined
  #calls: Map<string, PendingCall> | undefined

  constructor(before: Pending) {
    this.#before = before
  }

  get timers(): Map<string, PendingTimer> {
    this.#timers ??= new Map(this.#before.timers)
    return this.#timers
  }

  get calls(): Map<string, PendingCall> {
    this.#calls ??= new Map(this.#before.calls)
    return this.#calls
  }

  /** The result of the changes so far. */
  get now(): Pending {
    if (this.#timers === undefined && this.#calls === undefined) return this.#before
    const timers = this.#timers ?? this.#before.timers
    const calls = this.#calls ?? this.#before.calls
    return timers.size === 0 && calls.size === 0 ? NOTHING_PENDING : { timers, calls }
  }
}

/** What is pending after the items of a commit entry. */
export const pendingAfter = (before: Pending, items: ReadonlyArray<OutboxItem> | undefined): Pending => {
  if (items === undefined) return before
  const draft = new Draft(before)
  for (const item of items) {
    if (item.k === "timer") draft.timers.set(item.n, timerIn(item))
    else if (item.k === "cancel") draft.timers.delete(item.n)
    else if (item.k === "call") draft.calls.set(item.n, callIn(item))
    else if (item.k === "abort") draft.calls.delete(item.n)
  }
  return draft.now
}

const rawIn = ({ raw }: { readonly raw?: StoredValue }) => (raw === undefined ? undefined : { raw })

const timerIn = (item: PendingTimer): PendingTimer => ({
  g: item.g,
  at: item.at,
  e: item.e,
  ...rawIn(item),
})

const callIn = (item: PendingCall): PendingCall => ({
  g: item.g,
  src: item.src,
  in: item.in,
  ...rawIn(item),
})

/** Whether a row has an event or input in stored form. */
export const hasRaw = ({ timers, calls }: PendingRows): boolean =>
  [...timers, ...calls].some(([, { raw }]) => raw !== undefined)

/** Form of pending timers and calls in a snapshot. */
export interface PendingRows {
  readonly timers: ReadonlyArray<readonly [string, PendingTimer]>
  readonly calls: ReadonlyArray<readonly [string, PendingCall]>
}

/** The rows; `undefined` if nothing is pending. */
export const rowsOfPending = ({ timers, calls }: Pending): PendingRows | undefined =>
  timers.size === 0 && calls.size === 0 ? undefined : { timers: [...timers], calls: [...calls] }

/** The pending timers and calls. Throws for rows that no snapshot of this system holds. */
export const pendingFromRows = (rows: PendingRows | undefined): Pending => {
  if (rows === undefined) return NOTHING_PENDING
  const { timers, calls } = rows
  const isTimer = ([n, timer]: PendingRows["timers"][number]) => isOutboxItem({ ...timer, k: "timer", n })
  const isCall = ([n, call]: PendingRows["calls"][number]) => isOutboxItem({ ...call, k: "call", n })
  if (!(timers.every(isTimer) && calls.every(isCall))) throw new Error("what is pending cannot be read")
  return { timers: new Map(timers), calls: new Map(calls) }
}
