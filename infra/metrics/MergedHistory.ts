/**
 * The histories of several nodes as one.
 *
 * Owns the arithmetic: spans are brought to the clock of the node that was asked, sums are sums, maxima are
 * maxima, and quantiles come from added histograms. A span in which a node has no sample goes without that node's
 * part; `nodes` says how many parts it has. Who gathers the histories: MetricsHistory.ts.
 */
import { LATENCY_BUCKET_COUNT, quantileOf } from "./LatencyBuckets.ts"
import type { MemberChange } from "./MemberChanges.ts"
import { type Column, SERIES, SERIES_NAMES, type SeriesName, SPAN_MS } from "./MetricsRing.ts"
import type { NodeHistory } from "./NodeHistory.ts"

/** A node's history, and by how much the clock here is ahead of the node's clock, in milliseconds. */
export interface GatheredHistory {
  readonly history: NodeHistory
  readonly aheadMs: number
}

/** One history over several nodes. All columns have a value for each span, the oldest first. */
export interface MergedHistory {
  /** Begin of the first span, in Unix milliseconds. */
  readonly sinceMs: number
  /** Nodes with a sample in the span. */
  readonly nodes: ReadonlyArray<number>
  readonly series: { readonly [Name in SeriesName]: Column }
  readonly p50Ms: Column
  readonly p99Ms: Column
  /** Largest lag of each projection. */
  readonly projections: { readonly [name: string]: Column }
  /** The most changes that any node saw of each node. */
  readonly changes: ReadonlyArray<MemberChange>
}

/** Spans at the end that a node may be behind the others. A node that is further behind leaves gaps. */
const LATE_SPANS_MAX = 2

/** A node's history with its newest span by the clock here. */
interface Shifted {
  readonly history: NodeHistory
  readonly newest: number
}

/** Merges the histories into the last spans before `nowMs`. Leaves out spans before the first sample. */
export const merged = (
  gathered: ReadonlyArray<GatheredHistory>,
  nowMs: number,
  spanCount: number,
): MergedHistory => {
  const parts = gathered
    .filter(({ history }) => history.latencies.length > 0)
    .map(({ history, aheadMs }): Shifted => {
      return { history, newest: history.newest + Math.round(aheadMs / SPAN_MS) }
    })
  const changes = changesOf(gathered)
  const last = newestOf(parts, nowMs)
  const first = Math.max(
    last - spanCount + 1,
    Math.min(last + 1, ...parts.map(({ history, newest }) => newest - history.latencies.length + 1)),
  )
  const spans = Array.from({ length: last - first + 1 }, (_, index) => first + index)
  const at = (column: Column, { history, newest }: Shifted, span: number): number | null =>
    column[history.latencies.length - 1 - (newest - span)] ?? null
  const columnOf = (name: SeriesName): Column =>
    spans.map((span) =>
      together(
        SERIES[name],
        parts.map((part) => at(part.history.series[name], part, span)),
      ),
    )
  const projections = new Set(parts.flatMap(({ history }) => Object.keys(history.projections)))
  const histograms = spans.map((span) => histogramAt(parts, span))
  return {
    sinceMs: first * SPAN_MS,
    nodes: spans.map(
      (span) => parts.filter((part) => at(part.history.series.resident, part, span) !== null).length,
    ),
    series: Object.fromEntries(SERIES_NAMES.map((name) => [name, columnOf(name)])) as MergedHistory["series"],
    p50Ms: histograms.map((counts) => rounded(quantileOf(counts, 0.5))),
    p99Ms: histograms.map((counts) => rounded(quantileOf(counts, 0.99))),
    projections: Object.fromEntries(
      Array.from(projections, (name) => [
        name,
        spans.map((span) =>
          together(
            "max",
            parts.map((part) => at(part.history.projections[name] ?? [], part, span)),
          ),
        ),
      ]),
    ),
    changes,
  }
}

/**
 * The newest span that all nodes have. Otherwise the last value of a sum would be too low each time, because one
 * node samples a moment after the other.
 */
const newestOf = (parts: ReadonlyArray<Shifted>, nowMs: number): number => {
  const complete = Math.floor(nowMs / SPAN_MS) - 1
  return Math.min(complete, Math.max(complete - LATE_SPANS_MAX, ...slowest(parts)))
}

const slowest = (parts: ReadonlyArray<Shifted>): ReadonlyArray<number> =>
  parts.length === 0 ? [] : [Math.min(...parts.map(({ newest }) => newest))]

const together = (how: "sum" | "max", values: ReadonlyArray<number | null>): number | null => {
  const known = values.filter((value) => value !== null)
  if (known.length === 0) return null
  const value = how === "max" ? Math.max(...known) : known.reduce((sum, one) => sum + one, 0)
  return rounded(value)
}

const histogramAt = (parts: ReadonlyArray<Shifted>, span: number): Float64Array => {
  const counts = new Float64Array(LATENCY_BUCKET_COUNT)
  for (const { history, newest } of parts) {
    const pairs = history.latencies[history.latencies.length - 1 - (newest - span)] ?? []
    for (let index = 0; index + 1 < pairs.length; index += 2) {
      const bucket = pairs[index] ?? 0
      if (bucket < LATENCY_BUCKET_COUNT) counts[bucket] = (counts[bucket] ?? 0) + (pairs[index + 1] ?? 0)
    }
  }
  return counts
}

const changesOf = (gathered: ReadonlyArray<GatheredHistory>): ReadonlyArray<MemberChange> => {
  const byName = new Map<string, MemberChange>()
  for (const change of gathered.flatMap(({ history }) => history.changes)) {
    const { joined, left, agoMs } = byName.get(change.name) ?? change
    byName.set(change.name, {
      name: change.name,
      joined: Math.max(joined, change.joined),
      left: Math.max(left, change.left),
      agoMs: Math.min(agoMs, change.agoMs),
    })
  }
  return [...byName.values()].sort((one, other) => one.name.localeCompare(other.name))
}

const rounded = (value: number | null): number | null =>
  value === null ? null : Math.round(value * 100) / 100
