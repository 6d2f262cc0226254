import { expect, it } from "vitest"
import { bucketOf, LATENCY_BUCKET_COUNT, quantileOf } from "../../../infra/metrics/LatencyBuckets.ts"

const countsOf = (durations: ReadonlyArray<number>): Uint32Array => {
  const counts = new Uint32Array(LATENCY_BUCKET_COUNT)
  for (const ms of durations) counts[bucketOf(ms)] = (counts[bucketOf(ms)] ?? 0) + 1
  return counts
}

it("has a bucket for every duration", () => {
  expect([0, 0.05, 0.1].map(bucketOf)).toEqual([0, 0, 0])
  expect([0.101, 0.2, 1e9, Number.POSITIVE_INFINITY].map(bucketOf)).toEqual([1, 4, 79, 79])
})

it("finds quantiles within 19 % of the true ones", () => {
  const durations = Array.from({ length: 1_000 }, (_, index) => 0.5 + index / 4)
  for (const share of [0.01, 0.5, 0.9, 0.99, 1]) {
    const truth = durations[Math.ceil(share * 1_000) - 1] ?? 0
    const found = quantileOf(countsOf(durations), share) ?? 0
    expect(found / truth).toBeGreaterThan(0.81)
    expect(found / truth).toBeLessThan(1.19)
  }
})

it("knows no quantile of nothing", () => {
  expect(quantileOf(countsOf([]), 0.99)).toBeNull()
})
