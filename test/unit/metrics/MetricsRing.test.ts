import { expect, it } from "vitest"
import { LATENCY_BUCKET_COUNT } from "../../../infra/metrics/LatencyBuckets.ts"
import { MetricsRing, PROJECTIONS_MAX, type Sample, SPANS_MAX } from "../../../infra/metrics/MetricsRing.ts"

const sample = (accepted: number, projections: Record<string, number> = {}): Sample => {
  const latencies = new Uint32Array(LATENCY_BUCKET_COUNT)
  latencies[7] = accepted
  return { series: { accepted }, latencies, projections: new Map(Object.entries(projections)) }
}

it("is empty before the first sample", () => {
  expect(new MetricsRing().read(12)).toMatchObject({ latencies: [], series: { accepted: [] } })
})

it("gives the last spans with their gaps, from the first sample on", () => {
  const ring = new MetricsRing()
  ring.record(100, sample(1, { orders: 5 }))
  ring.record(102, sample(0.12345))
  const part = ring.read(SPANS_MAX)
  expect(part.newest).toBe(102)
  expect(part.series.accepted).toEqual([1, null, 0.12])
  expect(part.series.members).toEqual([null, null, null])
  expect(part.latencies).toEqual([[7, 1], [], []])
  expect(part.projections).toEqual({ orders: [5, null, null] })
  expect(ring.read(2).series.accepted).toEqual([null, 0.12])
  expect(ring.read(0).series.accepted).toEqual([])
})

it("keeps an hour, in memory that does not grow", () => {
  const ring = new MetricsRing()
  ring.record(0, sample(0, { orders: 0 }))
  const { byteLength } = ring
  for (let span = 1; span <= 2 * SPANS_MAX; span++) ring.record(span, sample(span, { orders: span }))
  expect(ring.byteLength).toBe(byteLength)
  const { series, latencies, newest } = ring.read(10_000)
  expect([newest, series.accepted.length, latencies.length]).toEqual([1_440, 720, 720])
  expect([series.accepted[0], series.accepted.at(-1)]).toEqual([721, 1_440])
})

it("forgets what an hour of silence has left behind", () => {
  const ring = new MetricsRing()
  for (let span = 0; span < SPANS_MAX; span++) ring.record(span, sample(1, { orders: 1 }))
  ring.record(SPANS_MAX + 300, sample(2))
  const { series, projections } = ring.read(SPANS_MAX)
  expect(series.accepted.filter((value) => value !== null).length).toBe(SPANS_MAX - 300)
  expect(series.accepted.slice(-301, -1)).toEqual(Array.from({ length: 300 }, () => null))
  expect(projections["orders"]?.at(-1)).toBeNull()
})

it("goes on when the clock is set back", () => {
  const ring = new MetricsRing()
  ring.record(100, sample(1))
  ring.record(90, sample(2))
  ring.record(91, sample(3))
  expect(ring.read(SPANS_MAX).series.accepted).toEqual([2, 3])
})

it("keeps the lag of a bounded number of projections", () => {
  const ring = new MetricsRing()
  const lags = Object.fromEntries(Array.from({ length: PROJECTIONS_MAX + 5 }, (_, index) => [`p${index}`, 1]))
  ring.record(1, sample(1, lags))
  expect(Object.keys(ring.read(1).projections).length).toBe(PROJECTIONS_MAX)
  expect(ring.byteLength).toBeLessThan(512 * 1_024)
})
