/**
 * Commands that were with an owner of their shard when it went silent and lost it.
 *
 * Owns the count, over all asks under one commandId that this process makes: a command that blocks the event loop for
 * seconds is not given to one node after the other. One loss is not enough, since nodes go down for other reasons, too.
 */
import type { Clock } from "effect"
import { monotonicMs } from "../time/MonotonicTime.ts"

/** Owners that a command may be with when they are lost; it is given to no further one. */
export const OWNERS_LOST_MAX = 2

/** How long a loss is remembered, in milliseconds, and of how many commands; the oldest go first. */
export const LOSS_REMEMBERED_MS = 120_000
const LOSSES_REMEMBERED_MAX = 1_000

interface Loss {
  readonly count: number
  readonly atMs: number
}

export class LostOwners {
  readonly #clock: Clock.Clock
  /** By actor and command; the last one was added last. */
  readonly #losses = new Map<string, Loss>()

  constructor(clock: Clock.Clock) {
    this.#clock = clock
  }

  get isEmpty(): boolean {
    return this.#losses.size === 0
  }

  /** How many owners were lost with the command. */
  countOf(command: string): number {
    const loss = this.#losses.get(command)
    return loss === undefined || monotonicMs(this.#clock) - loss.atMs > LOSS_REMEMBERED_MS ? 0 : loss.count
  }

  lost(command: string): void {
    const count = this.countOf(command) + 1
    this.#losses.delete(command)
    this.#losses.set(command, { count, atMs: monotonicMs(this.#clock) })
    for (const oldest of this.#losses.keys()) {
      if (this.#losses.size <= LOSSES_REMEMBERED_MAX) return
      this.#losses.delete(oldest)
    }
  }

  /** The command was answered: it does not take its owner down. */
  answered(command: string): void {
    this.#losses.delete(command)
  }
}
