/**
 * Log lines for what others can cause as often as they like: a few of them are written, all of them are counted.
 *
 * Owns the pace: the first line of a log is written at once, further ones once in {@link SAMPLED_LOG_PAUSE_MS}, with the
 * number of those that were left out. Exact counts belong into `status()` and the metrics.
 */
import { Clock, Effect } from "effect"
import { monotonicMs } from "../time/MonotonicTime.ts"

/** Shortest time between two lines of one sampled log, in milliseconds. */
export const SAMPLED_LOG_PAUSE_MS = 10_000

/** Writes the line as a warning, or leaves it out because one was written a moment ago. */
export type SampledLog = (line: string) => Effect.Effect<void>

/** A log of its own for one kind of trouble. */
export const makeSampledLog: Effect.Effect<SampledLog> = Effect.map(Clock.Clock, (clock) => {
  let nextMs = Number.NEGATIVE_INFINITY
  let leftOutCount = 0
  return (line) =>
    Effect.suspend(() => {
      const nowMs = monotonicMs(clock)
      if (nowMs < nextMs) {
        leftOutCount++
        return Effect.void
      }
      const others = leftOutCount === 0 ? "" : ` (${leftOutCount} more like this since the last line)`
      nextMs = nowMs + SAMPLED_LOG_PAUSE_MS
      leftOutCount = 0
      return Effect.logWarning(line + others)
    })
})
