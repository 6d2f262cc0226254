/**
 * Handler of the route in HistoryApi.ts.
 *
 * Owns the document. Who gathers the history: infra/metrics/MetricsHistory.ts. A system that was composed without
 * one (on other ports than NATS and Postgres) gets one here, of this node and this gateway alone, from the first
 * request on.
 */
import { Clock, Effect } from "effect"
import { HttpApiBuilder } from "effect/http-api"
import { ActorSystem } from "../../runtime/system/ActorSystem.ts"
import { isoTime } from "../http/IsoTime.ts"
import type { AskMeter } from "../metrics/AskMeter.ts"
import { type ClusterHistory, MetricsHistory, metricsHistoryOf } from "../metrics/MetricsHistory.ts"
import { HISTORY_MINUTES_MAX, SPAN_MS } from "../metrics/MetricsRing.ts"
import { GatewayApi } from "./GatewayApi.ts"
import type { HistoryOfMetrics } from "./HistoryApi.ts"

const SPANS_PER_MINUTE = 60_000 / SPAN_MS

const documentOf = (history: ClusterHistory, nowMs: number): HistoryOfMetrics => {
  const { sinceMs, members, nodes, series, p50Ms, p99Ms, projections, changes } = history
  return {
    spanMs: SPAN_MS,
    since: isoTime(sinceMs),
    nodes: members.map(({ isSelf, ...member }) => ({ ...member, self: isSelf })),
    series: { nodes, ...series, p50Ms, p99Ms },
    projections,
    changes: changes.map(({ agoMs, ...change }) => ({ ...change, latest: isoTime(nowMs - agoMs) })),
  }
}

/** `meter`: counts of asks, for a system without a history. */
export const historyRoutes = (meter: AskMeter) =>
  HttpApiBuilder.group(
    GatewayApi,
    "history",
    Effect.fnUntraced(function* (handlers) {
      const service = yield* ActorSystem
      const own = { service, meter, transport: undefined, deadLetterCount: Effect.undefined }
      const history = metricsHistoryOf(service) ?? (yield* MetricsHistory.make(own))
      return handlers.handleAll({
        metrics: ({ query: { minutes = HISTORY_MINUTES_MAX } }) =>
          Effect.map(
            Effect.all([history.gather(minutes * SPANS_PER_MINUTE), Clock.currentTimeMillis]),
            ([gathered, nowMs]) => documentOf(gathered, nowMs),
          ),
      })
    }),
  )
