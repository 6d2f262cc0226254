import { expect, it } from "vitest"
import { bucketOf, LATENCY_BUCKET_COUNT } from "../../../infra/metrics/LatencyBuckets.ts"
import { merged } from "../../../infra/metrics/MergedHistory.ts"
import { MetricsRing, SPAN_MS } from "../../../infra/metrics/MetricsRing.ts"
import { decodeAnswerOf, encodeAnswer, type NodeHistory } from "../../../infra/metrics/NodeHistory.ts"

/** Now is in the middle of span 1,000, so the newest complete one is 999. */
const NOW_MS = 1_000.5 * SPAN_MS

interface Told {
  readonly accepted?: number
  readonly members?: number
  readonly projectionLag?: number
  readonly durations?: ReadonlyArray<number>
  readonly lags?: Record<string, number>
}

/** What a node answers that has these samples, by span. */
const nodeWith = (samples: Record<number, Told>, changes: NodeHistory["changes"] = []): NodeHistory => {
  const ring = new MetricsRing()
  for (const [span, { durations = [], lags = {}, ...series }] of Object.entries(samples)) {
    const latencies = new Uint32Array(LATENCY_BUCKET_COUNT)
    for (const ms of durations) latencies[bucketOf(ms)] = (latencies[bucketOf(ms)] ?? 0) + 1
    const projections = new Map(Object.entries(lags))
    ring.record(Number(span), { series: { resident: 1, ...series }, latencies, projections })
  }
  const sent = decodeAnswerOf(encodeAnswer({ nowMs: NOW_MS, ...ring.read(720), changes }))
  if (sent === undefined) throw new Error("the answer cannot be read")
  return sent
}

const here = (history: NodeHistory) => ({ history, aheadMs: 0 })

it("sums what each node has a part of, and takes the largest of what all nodes tell", () => {
  const one = nodeWith({ 999: { accepted: 2, members: 2, projectionLag: 7, lags: { orders: 7, mail: 1 } } })
  const other = nodeWith({ 999: { accepted: 3.5, members: 3, projectionLag: 4, lags: { orders: 4 } } })
  const { sinceMs, nodes, series, projections } = merged([here(one), here(other)], NOW_MS, 720)
  expect([sinceMs, nodes]).toEqual([999 * SPAN_MS, [2]])
  expect(series).toMatchObject({ accepted: [5.5], resident: [2], members: [3], projectionLag: [7] })
  expect(series.deadLetters).toEqual([null])
  expect(projections).toEqual({ orders: [7], mail: [1] })
})

it("has quantiles of all commands together", () => {
  const quick = nodeWith({ 999: { durations: Array.from({ length: 990 }, () => 1) } })
  const slow = nodeWith({ 999: { durations: Array.from({ length: 10 }, () => 1_000) } })
  const { p50Ms, p99Ms } = merged([here(quick), here(slow)], NOW_MS, 720)
  // The mean of both nodes' quantiles would be about 500.
  expect(p50Ms[0]).toBeCloseTo(1, 0)
  expect(p99Ms[0]).toBeLessThan(1.2)
  expect(merged([here(slow)], NOW_MS, 720).p99Ms[0]).toBeGreaterThan(800)
})

it("goes without a node that is missing, and without the spans before a node's restart", () => {
  const old = nodeWith({ 997: { accepted: 1 }, 998: { accepted: 1 }, 999: { accepted: 1 } })
  const restarted = nodeWith({ 999: { accepted: 5 } })
  const { sinceMs, nodes, series } = merged([here(old), here(restarted)], NOW_MS, 720)
  expect(sinceMs).toBe(997 * SPAN_MS)
  expect([nodes, series.accepted]).toEqual([
    [1, 1, 2],
    [1, 1, 6],
  ])
  expect(merged([], NOW_MS, 720)).toMatchObject({ nodes: [], series: { accepted: [] } })
  expect(merged([here(old)], NOW_MS, 2).series.accepted).toEqual([1, 1])
})

it("says nothing of a span that no node has", () => {
  const { nodes, series } = merged(
    [here(nodeWith({ 997: { accepted: 1 }, 999: { accepted: 2 } }))],
    NOW_MS,
    9,
  )
  expect([nodes, series.accepted]).toEqual([
    [1, 0, 1],
    [1, null, 2],
  ])
})

it("brings the spans of other clocks to this one", () => {
  const one = nodeWith({ 997: { accepted: 1 }, 998: { accepted: 2 }, 999: { accepted: 3 } })
  // Its clock is 61 s ahead, so it calls the same span by a number that is 12 higher.
  const ahead = nodeWith({ 1009: { accepted: 10 }, 1010: { accepted: 20 }, 1011: { accepted: 30 } })
  // Its clock is 2 s behind, which is less than half a span.
  const behind = nodeWith({ 998: { accepted: 100 }, 999: { accepted: 200 } })
  const { series } = merged(
    [here(one), { history: ahead, aheadMs: -61_000 }, { history: behind, aheadMs: 2_000 }],
    NOW_MS,
    720,
  )
  expect(series.accepted).toEqual([11, 122, 233])
})

it("waits a little with a span that one node has not sampled yet", () => {
  const one = nodeWith({ 997: { accepted: 1 }, 998: { accepted: 1 }, 999: { accepted: 1 } })
  const late = nodeWith({ 997: { accepted: 1 }, 998: { accepted: 1 } })
  expect(merged([here(one), here(late)], NOW_MS, 720).series.accepted).toEqual([2, 2])
  const stuck = nodeWith({ 990: { accepted: 1 } })
  expect(merged([here(one), here(stuck)], NOW_MS, 720).series.accepted.at(-1)).toBe(1)
})

it("takes the word of the node that saw the most changes of members", () => {
  const one = nodeWith({}, [{ name: "b", joined: 1, left: 3, agoMs: 500 }])
  const other = nodeWith({}, [
    { name: "b", joined: 2, left: 1, agoMs: 100 },
    { name: "a", joined: 1, left: 0, agoMs: 9 },
  ])
  expect(merged([here(one), here(other)], NOW_MS, 720).changes).toEqual([
    { name: "a", joined: 1, left: 0, agoMs: 9 },
    { name: "b", joined: 2, left: 3, agoMs: 100 },
  ])
})

it("reads no answer of another form", () => {
  const encoder = new TextEncoder()
  const answer = JSON.parse(new TextDecoder().decode(encodeAnswer(nodeWith({ 999: {} }))))
  const read = (value: unknown) => decodeAnswerOf(encoder.encode(JSON.stringify(value)))
  expect(read(answer)).toBeDefined()
  expect(read({ ...answer, series: { ...answer.series, ofALaterRelease: [1] } })).toBeDefined()
  expect(read({ ...answer, series: {} })?.series.accepted).toEqual([])
  for (const strange of [
    null,
    {},
    { ...answer, v: 2 },
    { ...answer, series: { accepted: ["1"] } },
    { ...answer, latencies: [["x"]] },
    { ...answer, latencies: Array.from({ length: 721 }, () => []) },
  ]) {
    expect(read(strange)).toBeUndefined()
  }
  expect(decodeAnswerOf(encoder.encode("{"))).toBeUndefined()
})
