/**
 * The last hour of one node's metrics in fixed memory: a ring with one place for each span of 5 s.
 *
 * Owns the series, their places, and what is read back. A span has a number: the time of its begin by the node's
 * clock, divided by its length. Spans without a sample are gaps. Who samples: MetricsHistory.ts. How rings of
 * several nodes become one: MergedHistory.ts.
 */
import { LATENCY_BUCKET_COUNT } from "./LatencyBuckets.ts"

/** Length of a span, in milliseconds. */
export const SPAN_MS = 5_000

/** Spans in an hour: places of the ring. */
export const SPANS_MAX = 720

/** Longest history that can be asked for, in minutes: all that the ring holds. */
export const HISTORY_MINUTES_MAX = 60

/** Projections whose lag is kept one by one. The largest lag is kept over all of them. */
export const PROJECTIONS_MAX = 32

/**
 * The series, and how those of several nodes become one. `sum`: each node has its own part. `max`: each node says
 * something of the same thing, or a sum would mean nothing.
 */
export const SERIES = {
  /** Commands per second that were asked through this node and accepted. */
  accepted: "sum",
  /** Commands per second that the domain rejected, or that found another version. */
  rejected: "sum",
  /** Commands per second that failed for other reasons: no answer in time, busy, malformed. */
  failed: "sum",
  /** Commits per second of this node's actors, by commands of any caller, messages and timers. */
  commits: "sum",
  /** Messages, timers, calls and publications per second that commits have sent. */
  sent: "sum",
  /** Attempts of durable calls per second. */
  calls: "sum",
  resident: "sum",
  /** Messages in the mailbox that their receivers have not taken yet. */
  mailbox: "sum",
  /** Items of commits that are being sent. */
  outbox: "sum",
  /** Lag of the projection furthest behind, in journal sequences. */
  projectionLag: "max",
  reactorLag: "max",
  deadLetters: "max",
  members: "max",
} as const

export type SeriesName = keyof typeof SERIES

export const SERIES_NAMES = Object.keys(SERIES) as ReadonlyArray<SeriesName>

/** The metrics of one span. */
export interface Sample {
  /** A series that is left out is not known. */
  readonly series: { readonly [Name in SeriesName]?: number | undefined }
  /** Durations of asks: the count of each bucket. */
  readonly latencies: ArrayLike<number>
  /** Lag of each projection, by name. */
  readonly projections: ReadonlyMap<string, number>
}

/** One value for each span, the oldest first; `null` for a gap. */
export type Column = ReadonlyArray<number | null>

/** Consecutive spans of a ring. */
export interface RingPart {
  /** Number of the last span. */
  readonly newest: number
  readonly series: { readonly [Name in SeriesName]: Column }
  /** Durations of each span: index and count of each bucket that is not empty, one after the other. */
  readonly latencies: ReadonlyArray<ReadonlyArray<number>>
  readonly projections: { readonly [name: string]: Column }
}

export class MetricsRing {
  /** Number of the span in each place; NaN for a place that is empty. */
  readonly #spans = new Float64Array(SPANS_MAX).fill(Number.NaN)
  readonly #series = new Map(SERIES_NAMES.map((name) => [name, emptyColumn()]))
  readonly #latencies = new Uint32Array(SPANS_MAX * LATENCY_BUCKET_COUNT)
  readonly #projections = new Map<string, Float64Array>()
  #newest: number | undefined
  /** Number of the first span that was ever recorded. */
  #first = Number.POSITIVE_INFINITY

  /** Number of the span that was recorded last; `undefined` before the first. */
  get newest(): number | undefined {
    return this.#newest
  }

  /** Bytes that the ring holds. */
  get byteLength(): number {
    const columns = 1 + this.#series.size + this.#projections.size
    return columns * SPANS_MAX * Float64Array.BYTES_PER_ELEMENT + this.#latencies.byteLength
  }

  /** Records a span in the place of the one an hour before it. */
  record(span: number, { series, latencies, projections }: Sample): void {
    const place = placeOf(span)
    this.#spans[place] = span
    this.#newest = span
    this.#first = Math.min(this.#first, span)
    for (const [name, column] of this.#series) column[place] = series[name] ?? Number.NaN
    const from = place * LATENCY_BUCKET_COUNT
    for (let index = 0; index < LATENCY_BUCKET_COUNT; index++) {
      this.#latencies[from + index] = latencies[index] ?? 0
    }
    for (const column of this.#projections.values()) column[place] = Number.NaN
    for (const [name, lag] of projections) {
      const column = this.#columnOf(name)
      if (column !== undefined) column[place] = lag
    }
  }

  #columnOf(projection: string): Float64Array | undefined {
    const known = this.#projections.get(projection)
    if (known !== undefined || this.#projections.size >= PROJECTIONS_MAX) return known
    const column = emptyColumn()
    this.#projections.set(projection, column)
    return column
  }

  /** The last spans up to the newest one, from the first sample on. */
  read(count: number): RingPart {
    const newest = this.#newest ?? 0
    const recorded = this.#newest === undefined ? 0 : newest - this.#first + 1
    const length = Math.min(recorded, Math.max(0, Math.trunc(count)), SPANS_MAX)
    const places = Array.from({ length }, (_, index) => this.#placeWith(newest - length + 1 + index))
    const columnOf = (values: Float64Array | undefined): Column =>
      places.map((place) => shown(place === undefined ? undefined : values?.[place]))
    return {
      newest,
      series: Object.fromEntries(
        SERIES_NAMES.map((name) => [name, columnOf(this.#series.get(name))]),
      ) as RingPart["series"],
      latencies: places.map((place) => (place === undefined ? [] : this.#latenciesAt(place))),
      projections: Object.fromEntries(
        Array.from(this.#projections, ([name, lags]) => [name, columnOf(lags)]),
      ),
    }
  }

  /** Place of a span; `undefined` if the span was not recorded, or another one has taken its place. */
  #placeWith(span: number): number | undefined {
    const place = placeOf(span)
    return this.#spans[place] === span ? place : undefined
  }

  #latenciesAt(place: number): ReadonlyArray<number> {
    const pairs: Array<number> = []
    const from = place * LATENCY_BUCKET_COUNT
    for (let index = 0; index < LATENCY_BUCKET_COUNT; index++) {
      const count = this.#latencies[from + index] ?? 0
      if (count > 0) pairs.push(index, count)
    }
    return pairs
  }
}

const emptyColumn = (): Float64Array => new Float64Array(SPANS_MAX).fill(Number.NaN)

const placeOf = (span: number): number => ((span % SPANS_MAX) + SPANS_MAX) % SPANS_MAX

/** Rounded to hundredths, because rates would else have 17 digits each. */
const shown = (value: number | undefined): number | null =>
  value === undefined || Number.isNaN(value) ? null : Math.round(value * 100) / 100
