/**
 * Lets so many effects run at a time, the others in the order in which they came.
 *
 * Owns the queue. Effect's semaphore looks at everybody who waits each time somebody leaves: with the thousands of
 * recoveries that a crowd of timers or a cold start asks for at once, that is most of the work.
 */
import { Effect } from "effect"

/** A gate with `placeCount` places. Whoever waits for one cannot be interrupted before it has it. */
export const makeGate = (placeCount: number) => {
  let freeCount = placeCount
  let waiting: Array<() => void> = []
  let next = 0

  const enter = Effect.suspend(() => {
    if (freeCount > 0) {
      freeCount--
      return Effect.void
    }
    return Effect.callback<void>((resume) => {
      waiting.push(() => resume(Effect.void))
    })
  })

  /** The place goes to the one who has waited longest. */
  const leave = Effect.sync(() => {
    const resume = waiting[next]
    if (resume === undefined) {
      freeCount++
      return
    }
    next++
    if (next * 2 > waiting.length) {
      waiting = waiting.slice(next)
      next = 0
    }
    resume()
  })

  return <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
    Effect.acquireUseRelease(
      enter,
      () => effect,
      () => leave,
    )
}
