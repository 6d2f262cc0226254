/**
 * An answer that is costly to find and is asked for again and again: by each open page, every few seconds.
 *
 * Owns for how long it is kept: ten times as long as finding it took. So no more than a tenth of the time is spent on
 * finding it, and an answer that is found at once is hardly kept at all. Questions at the same time share one answer.
 */
import { Clock, Effect, Semaphore } from "effect"

/** Times that it took to find an answer for which the answer is kept. */
const KEPT_TIMES = 10

export interface KeptAnswer<A, E> {
  readonly answer: Effect.Effect<A, E>
  /** The answer may be another one now. */
  readonly forget: Effect.Effect<void>
}

export const keptAnswer = <A, E>(find: Effect.Effect<A, E>): KeptAnswer<A, E> => {
  const oneAtATime = Semaphore.makeUnsafe(1)
  let kept: { readonly found: A; readonly untilMs: number } | undefined
  /** Number of times that the answer was forgotten. */
  let forgottenCount = 0
  const answer = Effect.gen(function* () {
    const askedAtMs = yield* Clock.currentTimeMillis
    if (kept !== undefined && askedAtMs < kept.untilMs) return kept.found
    const before = forgottenCount
    const found = yield* find
    const foundAtMs = yield* Clock.currentTimeMillis
    const untilMs = foundAtMs + KEPT_TIMES * (foundAtMs - askedAtMs)
    // What was found may be older than what made it forgotten.
    kept = before === forgottenCount ? { found, untilMs } : undefined
    return found
  })
  return {
    answer: oneAtATime.withPermits(1)(answer),
    forget: Effect.sync(() => {
      forgottenCount++
      kept = undefined
    }),
  }
}
