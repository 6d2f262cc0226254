/**
 * The last hour of the system's metrics, as the console keeps it: the whole hour at first, then what is new.
 *
 * Owns how a newer part joins an older history, and what the history says to people: which nodes are missing, which
 * members flap. Where it comes from: historyQuery of Queries.ts. What is drawn of it: pages/overview/Plots.tsx.
 */
import type { HistoryOfMetrics, MetricSeries } from "./Documents.ts"

/** Length of the history, in milliseconds. */
export const HOUR_MS = 3_600_000

const MINUTE_MS = 60_000

/** A member that has left so often within the hour flaps. A restart or two belong to a release. */
const FLAP_LEAVES = 3

/** End of the last span, in Unix milliseconds. */
export const endOf = ({ since, spanMs, series }: HistoryOfMetrics): number =>
  Date.parse(since) + series.nodes.length * spanMs

/** Times of the spans, in Unix milliseconds: a value stands at the end of its span. */
export const timesOf = (history: HistoryOfMetrics): ReadonlyArray<number> =>
  history.series.nodes.map((_, index) => Date.parse(history.since) + (index + 1) * history.spanMs)

/** Least span of time that plots show, in milliseconds. */
const PLOTTED_MIN_MS = 10 * MINUTE_MS

/** Begin of what plots show, in Unix milliseconds: an hour before the end, or the start of the first node. */
export const plottedFrom = (history: HistoryOfMetrics): number => {
  const first = history.series.nodes.findIndex((count) => count > 0)
  const end = endOf(history)
  const knownFrom = first < 0 ? end : Date.parse(history.since) + first * history.spanMs
  return Math.max(end - HOUR_MS, Math.min(knownFrom, end - PLOTTED_MIN_MS))
}

/** Minutes to ask for, so that the answer goes on where the history ends; `undefined`: all. */
export const minutesSince = (history: HistoryOfMetrics | undefined, nowMs: number): number | undefined => {
  if (history === undefined || history.series.nodes.length === 0) return undefined
  // One more, because the newest spans come late, and clocks differ.
  const minutes = Math.ceil((nowMs - endOf(history)) / MINUTE_MS) + 1
  return minutes >= 1 && minutes < 60 ? minutes : undefined
}

type Column = ReadonlyArray<number | null>

/**
 * The older history with the newer one at its end, an hour at most. Of a span that both have, the values with the
 * parts of more nodes count: a node that is silent now has answered before.
 */
export const joined = (older: HistoryOfMetrics, newer: HistoryOfMetrics): HistoryOfMetrics => {
  const { spanMs } = newer
  const first = (history: HistoryOfMetrics) => Math.round(Date.parse(history.since) / spanMs)
  const end = (history: HistoryOfMetrics) => first(history) + history.series.nodes.length
  if (older.spanMs !== spanMs || newer.series.nodes.length === 0 || older.series.nodes.length === 0) {
    return newer.series.nodes.length === 0 ? { ...older, nodes: newer.nodes, changes: newer.changes } : newer
  }
  const last = Math.max(end(older), end(newer))
  const begin = Math.max(Math.min(first(older), first(newer)), last - HOUR_MS / spanMs)
  const spans = Array.from({ length: last - begin }, (_, index) => begin + index)
  const nodesAt = ({ series }: HistoryOfMetrics, index: number) => series.nodes[index] ?? 0
  const isNewer = spans.map(
    (span) => nodesAt(newer, span - first(newer)) >= nodesAt(older, span - first(older)),
  )
  const column = (old: Column = [], young: Column = []): Column =>
    spans.map((span, index) =>
      isNewer[index] === true ? (young[span - first(newer)] ?? null) : (old[span - first(older)] ?? null),
    )
  const names = Object.keys(newer.series) as ReadonlyArray<keyof MetricSeries>
  const projections = new Set([...Object.keys(older.projections), ...Object.keys(newer.projections)])
  return {
    ...newer,
    since: new Date(begin * spanMs).toISOString(),
    series: {
      ...(Object.fromEntries(
        names.map((name) => [name, column(older.series[name], newer.series[name])]),
      ) as unknown as MetricSeries),
      nodes: column(older.series.nodes, newer.series.nodes).map((count) => count ?? 0),
    },
    projections: Object.fromEntries(
      Array.from(projections, (name) => [name, column(older.projections[name], newer.projections[name])]),
    ),
  }
}

/** Nodes whose part is missing, with the reason. */
export const silentNodes = ({ nodes }: HistoryOfMetrics) =>
  nodes.flatMap(({ name, silent }) => (silent === undefined ? [] : [{ name, why: silent }]))

/** Members that come and go. */
export const flapping = ({ changes }: HistoryOfMetrics) => changes.filter(({ left }) => left >= FLAP_LEAVES)
