/**
 * A machine run by XState alone, with `createActor`: what the durable run is compared with.
 *
 * Owns the clock of that run, which fires each timer at its own time, and what is heard of the actor.
 */
import { type AnyActor, type AnyMachineSnapshot, createActor } from "xstate"
import type { AnyEvent } from "../../runtime/event/Event.ts"
import type { ConformanceCase } from "./ConformanceCase.ts"
import { type Facts, factsOf, outlookOf } from "./Facts.ts"

interface PlainTimer {
  readonly at: number
  readonly run: () => void
}

/** Time that a test moves. */
class SteppedClock {
  nowMs = 0
  #timers = new Map<number, PlainTimer>()
  #lastId = 0

  setTimeout(run: () => void, delayMs: number): number {
    this.#timers.set(++this.#lastId, { at: this.nowMs + delayMs, run })
    return this.#lastId
  }

  clearTimeout(id: number): void {
    this.#timers.delete(id)
  }

  /** Fires the next timer that is due by `endMs`. False: there is none. */
  fireNext(endMs: number): boolean {
    const [next] = [...this.#timers].toSorted(([, left], [, right]) => left.at - right.at)
    if (next === undefined || next[1].at > endMs) return false
    const [id, { at, run }] = next
    this.#timers.delete(id)
    this.nowMs = at
    run()
    return true
  }
}

/** Lets promises that are settled, and what rests on them, have their way. */
export const settled = async (): Promise<void> => {
  for (let turn = 0; turn < 3; turn++) await new Promise((resolve) => setImmediate(resolve))
}

export class PlainRun {
  readonly emitted: Array<unknown> = []
  readonly notes: Array<string> = []
  readonly #clock = new SteppedClock()
  readonly #actor: AnyActor

  constructor(given: ConformanceCase, id: string) {
    const machine = given.machine((text) => this.notes.push(text))
    const input = { ...given.input, id }
    this.#actor = createActor(machine, { clock: this.#clock, input, id, logger: () => undefined })
    this.#actor.on("*", (event) => this.emitted.push(event))
    // An actor that ends in an error tells it to its observers, or throws it at nobody.
    this.#actor.subscribe({ error: () => undefined })
  }

  async start(): Promise<void> {
    this.#actor.start()
    await this.advance(0)
  }

  async send(event: AnyEvent): Promise<void> {
    if (this.isActive) this.#actor.send(event)
    await this.advance(0)
  }

  async advance(ms: number): Promise<void> {
    const endMs = this.#clock.nowMs + ms
    do await settled()
    while (this.#clock.fireNext(endMs))
    this.#clock.nowMs = endMs
  }

  get isActive(): boolean {
    return this.#actor.getSnapshot().status === "active"
  }

  factsAfter(events: ReadonlyArray<AnyEvent>): Facts {
    const snapshot = this.#actor.getSnapshot() as AnyMachineSnapshot
    return { ...factsOf(snapshot), ...outlookOf(snapshot, events) }
  }
}
