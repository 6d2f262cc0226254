/**
 * Log lines that clients and other systems can cause at any rate: a few are written, all are counted.
 *
 * Owns the pace: the first line of a kind is written at once, further ones once in {@link
 * SAMPLED_LOG_PAUSE_MS}, with the number of lines that were left out. The counter
 * `everstate_log_lines_left_out_total` counts them by kind. Exact counts of events belong into `status()` and
 * the metrics.
 */
import { Clock, Context, Effect, type LogLevel, Metric } from "effect"
import { monotonicMs } from "../time/MonotonicTime.ts"

/** Shortest time between two lines of one sampled log, in milliseconds. */
export const SAMPLED_LOG_PAUSE_MS = 10_000

/** Kinds of lines that a system samples separately. Further kinds share one pace. */
export const SAMPLED_LOG_KINDS_MAX = 100

/** Kind of the lines beyond {@link SAMPLED_LOG_KINDS_MAX}. */
const OTHER_KINDS = "other"

/** Writes the line as a warning, or leaves it out because one was written a moment ago. */
export type SampledLog = (line: string) => Effect.Effect<void>

const leftOut = Metric.counter("everstate_log_lines_left_out_total", {
  description: "Log lines that were left out since one of their kind had just been written",
  incremental: true,
})

/** The pace of one kind. */
class Pace {
  readonly #leftOut: Metric.Counter<number>
  #nextMs = Number.NEGATIVE_INFINITY
  #leftOutCount = 0

  constructor(kind: string) {
    this.#leftOut = Metric.withAttributes(leftOut, { kind })
  }

  /** Writes the line that `written` makes from the given suffix, unless a line was written a moment ago. */
  say(nowMs: number, written: (more: string) => Effect.Effect<void>): Effect.Effect<void> {
    if (nowMs < this.#nextMs) {
      this.#leftOutCount++
      return Metric.update(this.#leftOut, 1)
    }
    const more = this.#leftOutCount === 0 ? "" : ` (${this.#leftOutCount} more like this since the last line)`
    this.#nextMs = nowMs + SAMPLED_LOG_PAUSE_MS
    this.#leftOutCount = 0
    return written(more)
  }
}

/** A separate log for one kind of trouble. */
export const makeSampledLog = (kind: string): Effect.Effect<SampledLog> =>
  Effect.map(Clock.Clock, (clock) => {
    const pace = new Pace(kind)
    return (line) =>
      Effect.suspend(() => pace.say(monotonicMs(clock), (more) => Effect.logWarning(line + more)))
  })

/** The pace of every kind of line in a system. */
export class SampledLogs {
  readonly #paces = new Map<string, Pace>()

  of(kind: string): Pace {
    const known = this.#paces.size < SAMPLED_LOG_KINDS_MAX || this.#paces.has(kind) ? kind : OTHER_KINDS
    const pace = this.#paces.get(known) ?? new Pace(known)
    this.#paces.set(known, pace)
    return pace
  }
}

/** The logs of the fiber's system. Outside of a system every line is written. */
export const CurrentSampledLogs = Context.Reference<SampledLogs | undefined>("everstate/log/SampledLogs", {
  defaultValue: () => undefined,
})

/**
 * Writes a line of the kind, or leaves it out because a line was written a moment ago. A kind names the
 * event, never the actor or client. `cause` is shown with a written line.
 */
export const logSampled = (
  kind: string,
  line: string,
  { level = "Warn", cause }: { readonly level?: LogLevel.Severity; readonly cause?: unknown } = {},
): Effect.Effect<void> =>
  Effect.flatMap(Effect.all([CurrentSampledLogs, Clock.Clock]), ([logs, clock]) => {
    const log = Effect.logWithLevel(level)
    const written = (more: string) => (cause === undefined ? log(line + more) : log(line + more, cause))
    return logs === undefined ? written("") : logs.of(kind).say(monotonicMs(clock), written)
  })
