/**
 * Judges timers and calls: each comes once, never early, and never after it was cancelled.
 *
 * Owns its own record of what is pending, read from the commits in journal order.
 */
import type { OutboundMessage } from "../../mailbox/Mailbox.ts"
import type { OutboxItem } from "../../message/OutboxItem.ts"
import type { StoredCommit, TrueActor } from "./Reference.ts"

import { PROMISES, Violation } from "./Violation.ts"
import { WORLD_EPOCH_MS, type World } from "./World.ts"

/**
 * Time after which a due timer is overdue: schedules are late by milliseconds, redelivery takes half a
 * minute.
 */
const OVERDUE_MS = 60_000

interface PendingTimer {
  readonly generation: string
  readonly atMs: number
}

interface Placed {
  readonly kind: "timer" | "call"
  readonly name: string
  readonly generation: string
  readonly atMs: number
}

export interface PendingRules {
  /** Whether the clocks of nodes do not jump, so that timers follow the world's time. */
  readonly isTimely: boolean
  /** Nodes that place timers. */
  readonly nodeCount: number
}

export class PendingChecker {
  readonly #world: World
  readonly #rules: PendingRules
  /** Pending timers, by actor, then by name. */
  readonly #timers = new Map<string, Map<string, PendingTimer>>()
  readonly #calls = new Map<string, Map<string, string>>()
  /** Placed timers, by actor and id of the message. */
  readonly #placed = new Map<string, Placed>()
  /** Number of placements of each timer, by actor, name and generation. */
  readonly #placedCounts = new Map<string, number>()
  #firedCount = 0

  constructor(world: World, rules: PendingRules) {
    this.#world = world
    this.#rules = rules
  }

  get firedCount(): number {
    return this.#firedCount
  }

  /** Checks a stored commit. Throws {@link Violation}. */
  stored({ address: { key } }: Pick<TrueActor, "address">, commit: StoredCommit, sequence: number): void {
    let index = 0
    const timers = of(this.#timers, key)
    const calls = of(this.#calls, key)
    const take = (item: OutboxItem): void => {
      const id = `everstate:${sequence}-${commit.at.toString(36)}.${index++}`
      if (item.k === "timer") {
        const placed: Placed = { kind: "timer", name: item.n, generation: item.g, atMs: item.at }
        timers.set(item.n, { generation: item.g, atMs: item.at })
        this.#placed.set(`${key} ${id}`, placed)
        this.#placed.set(`${key} everstate:${key}.timer.${item.n}.${item.g}`, placed)
      } else if (item.k === "call") {
        calls.set(item.n, item.g)
        this.#placed.set(`${key} ${id}`, { kind: "call", name: item.n, generation: item.g, atMs: 0 })
      } else if (item.k === "cancel") {
        timers.delete(item.n)
      } else if (item.k === "abort") {
        calls.delete(item.n)
      }
    }
    for (const item of commit.b?.out ?? []) take(item)
    for (const { c, ev, out } of commit.entries) {
      const brought = this.#placed.get(`${key} ${c}`)
      if (brought !== undefined && ev.length > 0) this.#came(key, brought, commit.at)
      for (const item of out ?? []) take(item)
    }
  }

  /** Checks a message that the mailbox was given. Throws {@link Violation}. */
  placed({ address, data }: OutboundMessage): void {
    const { k, n, g } = JSON.parse(decoder.decode(data)) as { readonly [field: string]: unknown }
    if (k !== "timer") return
    const timer = `timer ${String(n)} (${String(g)}) of ${address.key}`
    const count = (this.#placedCounts.get(timer) ?? 0) + 1
    this.#placedCounts.set(timer, count)
    if (count <= PLACED_BY_NODE_MAX * Math.max(2, this.#rules.nodeCount)) return
    throw new Violation(PROMISES.calm, `${timer} was given to the mailbox ${count} times`)
  }

  /** A call that has not ended, or a timer that is overdue, in words. */
  get overdue(): string | undefined {
    for (const [key, calls] of this.#calls) {
      for (const name of calls.keys()) return `call ${name} of ${key} has no outcome`
    }
    const nowMs = WORLD_EPOCH_MS + this.#world.nowMs
    for (const [key, timers] of this.#timers) {
      for (const [name, { atMs }] of timers) {
        if (atMs + (this.#rules.isTimely ? OVERDUE_MS : CLOCKS_APART_MS) < nowMs)
          return `timer ${name} of ${key} is overdue`
      }
    }
    return undefined
  }

  /**
   * A timer that is neither scheduled nor in flight. `underWay`: timers by actor, in the form of {@link
   * timerNamed}.
   */
  lost(underWay: ReadonlyMap<string, ReadonlySet<string>>): string | undefined {
    for (const [key, timers] of this.#timers) {
      for (const [name, { generation }] of timers) {
        if (!underWay.get(key)?.has(timerNamed(name, generation))) return `timer ${name} of ${key} is lost`
      }
    }
    return undefined
  }

  /** Forgets everything, because the journal was cut and is read anew. */
  reset(): void {
    this.#timers.clear()
    this.#calls.clear()
    this.#placed.clear()
    this.#placedCounts.clear()
  }

  #came(key: string, { kind, name, generation, atMs }: Placed, decidedAtMs: number): void {
    const pending =
      kind === "timer" ? of(this.#timers, key).get(name)?.generation : of(this.#calls, key).get(name)
    const what = `${kind} ${name} (${generation}) of ${key}`
    if (pending !== generation) {
      const why = pending === undefined ? "was over" : `was set anew (${pending})`
      throw new Violation(PROMISES.pending, `${what} came though it ${why}`)
    }
    this.#firedCount++
    this.#world.mark(kind === "timer" ? "a timer fired" : "a call ended")
    if (kind === "call") return
    // If a clock jumps between its reading and the commit, any timer may be early.
    if (!this.#rules.isTimely) return
    const earlyMs = atMs - Math.min(WORLD_EPOCH_MS + this.#world.nowMs, decidedAtMs)
    if (earlyMs > 0) throw new Violation(PROMISES.pending, `${what} came ${earlyMs} ms early`)
  }
}

const decoder = new TextDecoder()

/**
 * Placements of one timer by one node: nodes restart, and place again what they are not sure of. A single
 * node has twice as many, because it meets every fault.
 */
const PLACED_BY_NODE_MAX = 10

/** A generation of a timer, in the form that {@link PendingChecker.lost} takes. */
export const timerNamed = (name: string, generation: string): string => `${name} ${generation}`

/** Largest difference between two clocks that jump. */
const CLOCKS_APART_MS = 4 * 3_600_000

const of = <A>(byActor: Map<string, Map<string, A>>, key: string): Map<string, A> => {
  const found = byActor.get(key) ?? new Map<string, A>()
  byActor.set(key, found)
  return found
}
