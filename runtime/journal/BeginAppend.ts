/**
 * An append that calls back with its answer: the form that the hot path uses, on any journal.
 *
 * Owns the adapter for journals that offer their append only as an effect: each append then runs in a fiber.
 */
import { Cause, type Effect, Exit, type Fiber } from "effect"
import type { Append, AppendAnswer, AppendUnderWay } from "./Journal.ts"

/**
 * Callbacks for the end of an append. One of them is called once, or none if the append was cancelled before.
 */
export interface CompleteAnswer extends AppendAnswer {
  /** The append died with a defect, although a journal promises to fail only with its own errors. */
  readonly died: (defect: unknown) => void
}

export type BeginAppend = (
  ...[address, expectedSequence, data, answer]: [...Parameters<Append>, CompleteAnswer]
) => AppendUnderWay | undefined

type Fork = <A, E>(effect: Effect.Effect<A, E>) => Fiber.Fiber<A, E>

/** Appends to a journal by callback. */
export const beginAppendOf = (append: Append, fork: Fork): BeginAppend =>
  append.begin ??
  ((address, expectedSequence, data, answer) => {
    const fiber = fork(append(address, expectedSequence, data))
    fiber.addObserver((exit) => {
      if (Exit.isSuccess(exit)) return answer.stored(exit.value)
      if (Cause.hasInterruptsOnly(exit.cause)) return
      const failure = Cause.findErrorOption(exit.cause)
      if (failure._tag === "Some") answer.failed(failure.value)
      else answer.died(Cause.squash(exit.cause))
    })
    return { cancel: () => fiber.interruptUnsafe() }
  })
