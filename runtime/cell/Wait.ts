/**
 * What a cell waits for: an append, or an effect such as a recovery or a pause.
 *
 * Owns the protocol between a cell and its wait, and the wait for an effect. An append is a wait without a
 * fiber: RoundAppend.ts. Cell.ts waits.
 */
import { Cause, Effect, Exit, Fiber } from "effect"

/** What the cell waits for next; `undefined`: it goes on at once. */
export type Step = Wait | undefined

/** The listener that is told when a wait is over. */
export interface Waiter {
  readonly answered: (wait: Wait) => void
}

export interface Wait {
  /** Begins the wait. The waiter is told once, possibly before this returns. */
  begin(waiter: Waiter): void
  /** Goes on with the answer. Throws defects. */
  goOn(): Step
  /** Ends the wait without an answer. */
  readonly stop: Effect.Effect<void>
}

export type Fork = (effect: Effect.Effect<void>) => Fiber.Fiber<void>

/** Waits for an effect, which runs in a fiber of its own. */
export class EffectWait implements Wait {
  readonly #fork: Fork
  readonly #effect: Effect.Effect<void>
  #fiber: Fiber.Fiber<void> | undefined
  #exit: Exit.Exit<void> | undefined

  constructor(fork: Fork, effect: Effect.Effect<void>) {
    this.#fork = fork
    this.#effect = effect
  }

  begin(waiter: Waiter): void {
    const fiber = this.#fork(this.#effect)
    this.#fiber = fiber
    fiber.addObserver((exit) => {
      this.#exit = exit
      waiter.answered(this)
    })
  }

  goOn(): Step {
    if (this.#exit !== undefined && Exit.isFailure(this.#exit)) throw Cause.squash(this.#exit.cause)
    return undefined
  }

  get stop(): Effect.Effect<void> {
    return this.#fiber === undefined ? Effect.void : Fiber.interrupt(this.#fiber)
  }
}
