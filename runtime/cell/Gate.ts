/**
 * Limits how many effects run at a time; the others run in order of arrival.
 *
 * Owns the queue. Effect's semaphore visits every waiting fiber each time a permit is released. With the
 * thousands of recoveries that many due timers or a cold start cause, that would be most of the work.
 */
import { Effect } from "effect"

/**
 * A gate with `placeCount` permits. A fiber that waits for a permit cannot be interrupted until it has the
 * permit.
 */
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

  /** The permit goes to the fiber that has waited longest. */
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
