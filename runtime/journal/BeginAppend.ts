/**
 * An append whose answer comes by callback: the form that the hot path takes, on any journal.
 *
 * Owns the way there for journals that offer their append as an effect only: each then runs in a fiber.
 */
import { Cause, type Effect, Exit, type Fiber } from "effect"
import type { Append, AppendAnswer, AppendUnderWay } from "./Journal.ts"

/** Told once how an append ended; not at all where it was cancelled before. */
export interface CompleteAnswer extends AppendAnswer {
  /** The journal broke its promise to fail with its own errors only. */
  readonly died: (defect: unknown) => void
}

export type BeginAppend = (
  ...[address, expectedSequence, data, answer]: [...Parameters<Append>, CompleteAnswer]
) => AppendUnderWay | undefined

type Fork = <A, E>(effect: Effect.Effect<A, E>) => Fiber.Fiber<A, E>

/** The append of a journal by callback. */
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
