/**
 * How often each transition happened on this node in the last minutes: from which state, by which event, to which state.
 *
 * Owns the counts, in memory, in spans of a few seconds that begin at the same time on all nodes, so that the counts of all
 * nodes can be summed ({@link summed}). Nothing is stored: a node that starts counts from 0. Cells report in
 * ../cell/Acknowledged.ts; ../system/DirectoryControl.ts asks all nodes.
 */
import type { MachineState } from "../machine/Machine.ts"
import { compactStateName } from "../machine/StateName.ts"

/** Length of the spans in which transitions are counted, in milliseconds. */
export const TRANSITION_SPAN_MS = 5_000

/** Minutes that a node keeps its counts. */
export const TRANSITION_MINUTES_MAX = 15

/** Minutes that callers get, unless they ask otherwise. */
export const TRANSITION_MINUTES_DEFAULT = 5

/** Transitions of all types that a node counts at a time. Further ones are counted together. */
export const TRANSITIONS_COUNTED_MAX = 1_000

/** Longest name of a state in a count, in UTF-16 code units. Longer names are cut. */
const STATE_NAME_LENGTH_MAX = 256

const SPAN_COUNT = (TRANSITION_MINUTES_MAX * 60_000) / TRANSITION_SPAN_MS

/** How often one transition happened. States are compact names: `placed`, `{payment:due,stock:held}`. */
export interface TransitionCount {
  readonly from: string
  readonly event: string
  readonly to: string
  readonly count: number
  /** Count in each span, the oldest first. */
  readonly counts: ReadonlyArray<number>
}

/** The transitions of an actor type in the last minutes. */
export interface TransitionCounts {
  /** Length of a span, in milliseconds. */
  readonly spanMs: number
  /** Begin of the first span, Unix milliseconds. */
  readonly sinceMs: number
  /** Most frequent first. */
  readonly transitions: ReadonlyArray<TransitionCount>
  /** Transitions of all types that happened and are not listed, because a node counts a bounded number of different ones. */
  readonly uncountedCount: number
}

/** Counts of one transition, in a ring of spans. */
class Ring {
  readonly from: string
  readonly event: string
  readonly to: string
  readonly #counts = new Uint32Array(SPAN_COUNT)
  /** Number of the newest span, counted from 1970. */
  newest: number

  constructor(from: string, event: string, to: string, span: number) {
    this.from = from
    this.event = event
    this.to = to
    this.newest = span
  }

  add(span: number): void {
    if (span > this.newest) {
      const stale = Math.min(span - this.newest, SPAN_COUNT)
      for (let index = 0; index < stale; index++) this.#counts[(span - index) % SPAN_COUNT] = 0
      this.newest = span
    }
    // A clock that was set back: the span is out of the ring.
    if (span <= this.newest - SPAN_COUNT) return
    const place = span % SPAN_COUNT
    this.#counts[place] = (this.#counts[place] ?? 0) + 1
  }

  at(span: number): number {
    const isKept = span <= this.newest && span > this.newest - SPAN_COUNT
    return isKept ? (this.#counts[span % SPAN_COUNT] ?? 0) : 0
  }
}

export class TransitionCounter {
  readonly #rings = new Map<string, Map<string, Ring>>()
  #ringCount = 0
  #uncounted = 0

  /** Counts one event of an actor. */
  readonly count = (
    type: string,
    from: MachineState,
    event: string,
    to: MachineState,
    atMs: number,
  ): void => {
    const before = nameOf(from)
    const after = from === to ? before : nameOf(to)
    const span = Math.floor(atMs / TRANSITION_SPAN_MS)
    const ring = this.#ring(type, before, event, after, span)
    if (ring === undefined) this.#uncounted++
    else ring.add(span)
  }

  /** The counts of a type in the spans that ended with the one of `nowMs`. */
  read(type: string, minutes: number, nowMs: number): TransitionCounts {
    const count = spansIn(minutes)
    const last = Math.floor(nowMs / TRANSITION_SPAN_MS)
    const first = last - count + 1
    const transitions: Array<TransitionCount> = []
    for (const ring of this.#rings.get(type)?.values() ?? []) {
      const counts = Array.from({ length: count }, (_, index) => ring.at(first + index))
      const total = totalOf(counts)
      const { from, event, to } = ring
      if (total > 0) transitions.push({ from, event, to, count: total, counts })
    }
    return {
      spanMs: TRANSITION_SPAN_MS,
      sinceMs: first * TRANSITION_SPAN_MS,
      transitions: transitions.sort(byCount),
      uncountedCount: this.#uncounted,
    }
  }

  #ring(type: string, from: string, event: string, to: string, span: number): Ring | undefined {
    const key = keyOf(from, event, to)
    let rings = this.#rings.get(type)
    const known = rings?.get(key)
    if (known !== undefined) return known
    if (this.#ringCount >= TRANSITIONS_COUNTED_MAX) this.#forgetOld(span)
    if (this.#ringCount >= TRANSITIONS_COUNTED_MAX) return undefined
    rings ??= new Map()
    this.#rings.set(type, rings)
    const ring = new Ring(from, event, to, span)
    rings.set(key, ring)
    this.#ringCount++
    return ring
  }

  /** Forgets transitions that have not happened for as long as counts are kept. */
  #forgetOld(span: number): void {
    for (const rings of this.#rings.values()) {
      for (const [key, { newest }] of rings) {
        if (newest <= span - SPAN_COUNT && rings.delete(key)) this.#ringCount--
      }
    }
  }
}

/** Spans in that many minutes. */
const spansIn = (minutes: number): number => (minutes * 60_000) / TRANSITION_SPAN_MS

const keyOf = (from: string, event: string, to: string): string => `${from}\n${event}\n${to}`

const totalOf = (counts: ReadonlyArray<number>): number => counts.reduce((sum, one) => sum + one, 0)

const byCount = (left: TransitionCount, right: TransitionCount): number => right.count - left.count

const nameOf = ({ value }: MachineState): string => {
  const name = compactStateName(value)
  return name.length <= STATE_NAME_LENGTH_MAX ? name : name.slice(0, STATE_NAME_LENGTH_MAX).toWellFormed()
}

/** The counts of several nodes together, in the spans of `own`, which are as many as the minutes have. */
export const summed = (
  minutes: number,
  own: TransitionCounts,
  others: ReadonlyArray<TransitionCounts>,
): TransitionCounts => {
  const length = spansIn(minutes)
  const sums = new Map<string, { readonly of: TransitionCount; readonly counts: Array<number> }>()
  for (const { sinceMs, transitions } of [own, ...others]) {
    const shift = Math.round((sinceMs - own.sinceMs) / TRANSITION_SPAN_MS)
    for (const transition of transitions) {
      const key = keyOf(transition.from, transition.event, transition.to)
      const sum = sums.get(key) ?? { of: transition, counts: Array.from({ length }, () => 0) }
      sums.set(key, sum)
      transition.counts.forEach((count, index) => {
        const place = index + shift
        if (place >= 0 && place < length) sum.counts[place] = (sum.counts[place] ?? 0) + count
      })
    }
  }
  const transitions = Array.from(sums.values(), ({ of: { from, event, to }, counts }) => ({
    from,
    event,
    to,
    count: totalOf(counts),
    counts,
  }))
  return {
    spanMs: TRANSITION_SPAN_MS,
    sinceMs: own.sinceMs,
    transitions: transitions.filter(({ count }) => count > 0).sort(byCount),
    uncountedCount: totalOf([own, ...others].map(({ uncountedCount }) => uncountedCount)),
  }
}

/** The counts with at most this many transitions; the others are counted as not listed. */
export const most = (counts: TransitionCounts, listedMax: number): TransitionCounts => {
  const rest = totalOf(counts.transitions.slice(listedMax).map(({ count }) => count))
  const transitions = counts.transitions.slice(0, listedMax)
  return { ...counts, transitions, uncountedCount: counts.uncountedCount + rest }
}

/** Whether an unknown value is what {@link TransitionCounter.read} gives. */
export const isTransitionCounts = (value: unknown): value is TransitionCounts => {
  const { sinceMs, transitions, uncountedCount } = Object(value) as {
    readonly [Field in keyof TransitionCounts]?: unknown
  }
  return (
    Number.isSafeInteger(sinceMs) &&
    Number.isSafeInteger(uncountedCount) &&
    Array.isArray(transitions) &&
    transitions.every(isTransitionCount)
  )
}

const isTransitionCount = (value: unknown): boolean => {
  const { from, event, to, counts } = Object(value) as { readonly [Field in keyof TransitionCount]?: unknown }
  const areTexts = [from, event, to].every((text) => typeof text === "string")
  return areTexts && Array.isArray(counts) && counts.every(Number.isSafeInteger)
}
