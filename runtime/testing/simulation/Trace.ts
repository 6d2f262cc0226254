/**
 * The history of a simulated world: the last steps in words, each with its cause, and a hash over all steps.
 *
 * Two runs with the same hash took the same steps. The number of entries is bounded: the oldest are dropped.
 * World.ts writes it.
 */
import { hashText, mixBits } from "./Randomness.ts"

/** Entries that are kept for the report of a failure. */
export const TRACE_ENTRIES_MAX = 2_000

/** One noteworthy step. `cause` is the number of the entry that led to it, 0 for none. */
export interface TraceEntry {
  readonly number: number
  readonly cause: number
  readonly atMs: number
  /** Place of the step: a node, a server, a client, or "world". */
  readonly place: string
  readonly what: string
}

export class Trace {
  readonly #entries: Array<TraceEntry> = []
  #count = 0
  #low = 0x243f6a88
  #high = 0x85a308d3

  add(cause: number, atMs: number, place: string, what: string): number {
    const number = ++this.#count
    this.#entries[(number - 1) % TRACE_ENTRIES_MAX] = { number, cause, atMs, place, what }
    this.hashNumber(hashText(what, hashText(place)))
    return number
  }

  /** Adds a number to the hash, without an entry. */
  hashNumber(value: number): void {
    this.#low = Math.imul(this.#low ^ value, 0x01000193) ^ (this.#high >>> 15)
    this.#high = Math.imul(this.#high ^ (value + this.#low), 0x85ebca6b) ^ (this.#low >>> 13)
  }

  /** 64 bits as hexadecimal text. */
  get hash(): string {
    const hex = (lane: number) => (mixBits(lane) >>> 0).toString(16).padStart(8, "0")
    return hex(this.#low) + hex(this.#high)
  }

  /** The kept entries, oldest first. */
  get entries(): ReadonlyArray<TraceEntry> {
    if (this.#count <= TRACE_ENTRIES_MAX) return [...this.#entries]
    const split = this.#count % TRACE_ENTRIES_MAX
    return [...this.#entries.slice(split), ...this.#entries.slice(0, split)]
  }
}
