/**
 * Histograms of the durations of requests and commands. The reader computes p50 and p99.
 *
 * Owns the names and the buckets. Effect's metric registry keeps the values; MetricsText.ts writes the text
 * for Prometheus.
 */
import { type Effect, Metric } from "effect"

/** Upper bounds of the buckets, in seconds: from half a millisecond to the longest deadline. */
const BUCKETS_SECONDS = [
  0.0005, 0.001, 0.002, 0.003, 0.005, 0.0075, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10,
]

const requests = Metric.histogram("everstate_http_request_duration_seconds", {
  description: "Time from a request to its answer",
  boundaries: BUCKETS_SECONDS,
})

const asks = Metric.histogram("everstate_ask_duration_seconds", {
  description: "Time from a command to its durable answer, by outcome",
  boundaries: BUCKETS_SECONDS,
})

/** Methods that have a label of their own. Clients may send any other word, so all others share one label. */
const METHODS = new Set(["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"])

/** Label of all words that callers choose freely: the number of labels is bounded. */
export const OTHER = "other"

const NANOS_PER_SECOND = 1e9

/** Records durations, in nanoseconds of Effect's clock. */
export interface RequestMetrics {
  readonly answered: (method: string, status: number, durationNanos: bigint) => Effect.Effect<void>
  /** `outcome` is `accepted`, `duplicate` or the error's tag. */
  readonly asked: (command: string, outcome: string, durationNanos: bigint) => Effect.Effect<void>
}

export const requestMetrics: RequestMetrics = {
  answered: (method, status, durationNanos) =>
    Metric.update(
      Metric.withAttributes(requests, {
        method: METHODS.has(method) ? method : OTHER,
        status: String(status),
      }),
      Number(durationNanos) / NANOS_PER_SECOND,
    ),
  asked: (command, outcome, durationNanos) =>
    Metric.update(
      Metric.withAttributes(asks, { command, outcome }),
      Number(durationNanos) / NANOS_PER_SECOND,
    ),
}
