/**
 * Deadlines by the hundred thousand: one coarse timer wheel on Effect's Clock instead of a timer per request.
 *
 * Owns the slots and the one fiber that turns them; it sleeps on a latch while no deadline is pending. Does
 * not own the meaning of a deadline: its users are replies that never come
 * (infra/nats/connection/ReplyMultiplexer.ts) and asks. Deadlines are monotonic, never early, and at most two
 * ticks late on a process that is not stalled.
 */
import { Clock, Effect, Latch, type Scope } from "effect"
import { monotonicMs } from "./MonotonicTime.ts"

/** Resolution of the wheel. */
export const DEADLINE_TICK_MS = 50

/** Slots in the wheel, a power of two: delays beyond `slots × tick` (12.8 s) go round more than once. */
const SLOT_COUNT = 256

/**
 * Ticks by which the fiber may wake late before it delays expiry for one more tick. A process that was
 * stalled first reads the replies in its sockets, before it counts them as lost.
 */
const STALL_TICKS = 4

/** A scheduled deadline. `cancel` is O(1), and has no effect after expiry or an earlier cancel. */
export interface Deadline {
  readonly cancel: () => void
}

export interface DeadlineWheel {
  /**
   * Calls `onExpire` once, `delayMs` from now or up to two ticks later. A `delayMs` that is not a positive
   * number is due at once. `onExpire` must not throw.
   */
  readonly schedule: (delayMs: number, onExpire: () => void) => Deadline
  /** Number of pending deadlines. */
  readonly pendingCount: () => number
}

class Entry implements Deadline {
  readonly tick: number
  readonly onExpire: () => void
  readonly wheel: Wheel
  previous: Entry | undefined = undefined
  next: Entry | undefined = undefined
  pending = true

  constructor(wheel: Wheel, tick: number, onExpire: () => void) {
    this.wheel = wheel
    this.tick = tick
    this.onExpire = onExpire
  }

  cancel(): void {
    if (this.pending) this.wheel.remove(this)
  }
}

class Wheel implements DeadlineWheel {
  readonly #clock: Clock.Clock
  readonly #slots: Array<Entry | undefined> = new Array(SLOT_COUNT).fill(undefined)
  readonly #originMs: number
  readonly #turning = Latch.makeUnsafe(false)
  #isTurning = false
  #tick = 0
  #count = 0

  constructor(clock: Clock.Clock) {
    this.#clock = clock
    this.#originMs = monotonicMs(clock)
  }

  #elapsedTicks(): number {
    return (monotonicMs(this.#clock) - this.#originMs) / DEADLINE_TICK_MS
  }

  schedule(delayMs: number, onExpire: () => void): Deadline {
    const nowTicks = this.#elapsedTicks()
    if (!this.#isTurning) {
      this.#isTurning = true
      this.#tick = Math.floor(nowTicks)
      this.#turning.openUnsafe()
    }
    const due = Math.ceil(nowTicks + (delayMs > 0 ? delayMs : 0) / DEADLINE_TICK_MS)
    const entry = new Entry(this, Math.max(due, this.#tick + 1), onExpire)
    const slot = entry.tick & (SLOT_COUNT - 1)
    const head = this.#slots[slot]
    if (head !== undefined) {
      entry.next = head
      head.previous = entry
    }
    this.#slots[slot] = entry
    this.#count++
    return entry
  }

  pendingCount(): number {
    return this.#count
  }

  remove(entry: Entry): void {
    entry.pending = false
    this.#count--
    if (entry.previous === undefined) this.#slots[entry.tick & (SLOT_COUNT - 1)] = entry.next
    else entry.previous.next = entry.next
    if (entry.next !== undefined) entry.next.previous = entry.previous
    entry.previous = undefined
    entry.next = undefined
  }

  /**
   * Takes the entries that are due up to `tick`, earlier ticks first. Calls none yet, because a callback may
   * schedule again.
   */
  #collect(tick: number): ReadonlyArray<Entry> {
    const due: Array<Entry> = []
    const slots = Math.min(tick - this.#tick, SLOT_COUNT)
    for (let offset = slots - 1; offset >= 0; offset--) {
      let entry = this.#slots[(tick - offset) & (SLOT_COUNT - 1)]
      while (entry !== undefined) {
        const next: Entry | undefined = entry.next
        if (entry.tick <= tick) due.push(entry)
        entry = next
      }
    }
    this.#tick = tick
    return due
  }

  /** Turns for ever; waits on the latch when no deadline is pending. */
  readonly turn: Effect.Effect<never> = Effect.gen({ self: this }, function* () {
    const tick = Effect.sleep(DEADLINE_TICK_MS)
    while (true) {
      yield* this.#turning.await
      yield* tick
      let now = Math.floor(this.#elapsedTicks())
      if (now - this.#tick > STALL_TICKS) {
        yield* tick
        now = Math.floor(this.#elapsedTicks())
      }
      // Skip entries that an earlier callback of this turn has cancelled.
      for (const entry of this.#collect(now)) {
        if (!entry.pending) continue
        this.remove(entry)
        entry.onExpire()
      }
      if (this.#count === 0) {
        this.#isTurning = false
        this.#turning.closeUnsafe()
      }
    }
  })
}

/** A wheel whose fiber lives as long as the scope. After that no deadline expires. */
export const makeDeadlineWheel: Effect.Effect<DeadlineWheel, never, Scope.Scope> = Effect.gen(function* () {
  const wheel = new Wheel(yield* Clock.Clock)
  yield* Effect.forkScoped(wheel.turn)
  return wheel
})
