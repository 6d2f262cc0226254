/**
 * Histograms of the durations of requests and asks. The reader computes p50 and p99.
 *
 * Owns the names, the labels and the buckets. Effect's metric registry keeps the values, and MetricsText.ts writes
 * them for Prometheus; OpenTelemetry.ts is told of each duration. Who measures: ../metrics/AskMeter.ts and
 * ../gateway/Gateway.ts.
 */
import { Context, Metric } from "effect"

/** Upper bounds of the buckets, in seconds: from half a millisecond to the longest deadline. */
export const BUCKETS_SECONDS = [
  0.0005, 0.001, 0.002, 0.003, 0.005, 0.0075, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10,
]

const REQUESTS = "everstate_http_request_duration_seconds"
const ASKS = "everstate_ask_duration_seconds"

/** Name of a histogram. */
export type DurationName = typeof REQUESTS | typeof ASKS

/** What each histogram measures. */
export const DURATIONS: Readonly<Record<DurationName, string>> = {
  [REQUESTS]: "Time from a request to its answer",
  [ASKS]: "Time from a command to its durable answer, by outcome",
}

/** Methods that have a label of their own. Clients may send any other word, so all others share one label. */
const METHODS = new Set(["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"])

/** Label of all words that callers choose freely: the number of labels is bounded. */
export const OTHER = "other"

type Labels = Readonly<Record<string, string>>

/** Is told of each duration. */
export type TakeDuration = (name: DurationName, seconds: number, labels: Labels) => void

/** One series of a histogram. */
type Series = ReturnType<typeof seriesOf>

const seriesOf = (name: DurationName, labels: Labels) => ({
  labels,
  metric: Metric.histogram(name, {
    description: DURATIONS[name],
    boundaries: BUCKETS_SECONDS,
    attributes: labels,
  }),
})

const MS_PER_SECOND = 1_000

/** Records the durations of one system. They are given in milliseconds, and kept in seconds. */
export class RequestMetrics {
  readonly #context: Context.Context<never>
  readonly #takers = new Set<TakeDuration>()
  readonly #requests = new Map<string, Series>()
  /** By command and outcome: a series is looked up at each ask. */
  readonly #asks = new Map<string | undefined, Map<string, Series>>()

  /** `context` has the metric registry; without one it is that of the process. */
  constructor(context: Context.Context<never> = Context.empty()) {
    this.#context = context
  }

  /** Tells `take` of each duration until the returned function is called. */
  onDuration(take: TakeDuration): () => void {
    this.#takers.add(take)
    return () => void this.#takers.delete(take)
  }

  answered(method: string, status: number, durationMs: number): void {
    const label = METHODS.has(method) ? method : OTHER
    const key = `${label} ${status}`
    let series = this.#requests.get(key)
    if (series === undefined) {
      series = seriesOf(REQUESTS, { method: label, status: String(status) })
      this.#requests.set(key, series)
    }
    this.#record(REQUESTS, series, durationMs)
  }

  /**
   * `outcome` is `accepted`, `duplicate` or the error's tag. Give {@link OTHER} for a command that its definition does
   * not name. The command is not known where an `ActorClient` asks: its series have no label `command`.
   */
  asked(command: string | undefined, outcome: string, durationMs: number): void {
    let outcomes = this.#asks.get(command)
    if (outcomes === undefined) {
      outcomes = new Map()
      this.#asks.set(command, outcomes)
    }
    let series = outcomes.get(outcome)
    if (series === undefined) {
      series = seriesOf(ASKS, command === undefined ? { outcome } : { command, outcome })
      outcomes.set(outcome, series)
    }
    this.#record(ASKS, series, durationMs)
  }

  #record(name: DurationName, { labels, metric }: Series, durationMs: number): void {
    const seconds = durationMs / MS_PER_SECOND
    metric.updateUnsafe(seconds, this.#context)
    for (const take of this.#takers) take(name, seconds, labels)
  }
}

/** The durations of the system that an Effect belongs to; `undefined` where no system measures. */
export const CurrentRequestMetrics = Context.Reference<RequestMetrics | undefined>(
  "everstate/telemetry/RequestMetrics",
  { defaultValue: () => undefined },
)
