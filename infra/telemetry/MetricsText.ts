/**
 * The metrics of a system in Prometheus' text format (version 0.0.4).
 *
 * Owns the text. Effect formats it: the counters and gauges of StatusMetrics.ts go into a registry of their
 * own for each text, and the histograms (RequestMetrics.ts) are in Effect's registry of the process.
 */
import { Context, Effect, Metric } from "effect"
import { PrometheusMetrics } from "effect/observability"
import type { MemberStanding, SystemStatus } from "../../runtime/operations.ts"
import { type MetricFamily, metricFamiliesOf } from "./StatusMetrics.ts"

/** Content type of the text. */
export const METRICS_CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"

/** Text of the metrics, in their order. */
export const textOf = (families: ReadonlyArray<MetricFamily>): string => {
  const registry = Context.make(Metric.MetricRegistry, new Map())
  for (const { name, kind, help: description, samples } of families) {
    for (const [value, attributes = {}] of samples) {
      const options = { description, attributes }
      const metric = kind === "counter" ? Metric.counter(name, options) : Metric.gauge(name, options)
      metric.updateUnsafe(value, registry)
    }
  }
  return PrometheusMetrics.formatUnsafe(registry)
}

/** The complete text for a scrape. */
export const metricsText = (status: SystemStatus, standing: MemberStanding): Effect.Effect<string> =>
  Effect.map(
    PrometheusMetrics.format(),
    (histograms) => textOf(metricFamiliesOf(status, standing)) + histograms,
  )
