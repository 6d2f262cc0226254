/** The last hour of metrics over HTTP. Its arithmetic is tested in test/unit/metrics. */
import { expect, it } from "vitest"
import { LATENCY_BUCKET_COUNT } from "../../../infra/metrics/LatencyBuckets.ts"
import { metricsHistoryOf } from "../../../infra/metrics/MetricsHistory.ts"
import { SPAN_MS } from "../../../infra/metrics/MetricsRing.ts"
import { effectFaceOf } from "../../../runtime/promise/ActorSystem.ts"
import type { ActorSystemService } from "../../../runtime/system/ActorSystem.ts"
import { startGateway } from "./GatewayFixture.ts"

const TOKENS = "HISTORY_ROUTES_TEST_TOKENS"
const VIEWER = "a-viewer-whose-token-is-long"

it("answers a viewer, from the samples that the node has kept", async () => {
  process.env[TOKENS] = `viewer wall ${VIEWER}`
  const { call, system } = await startGateway({ tokens: { env: TOKENS } }, { node: { name: "north" } })
  const asViewer = (path: string) => call("GET", path, undefined, { authorization: `Bearer ${VIEWER}` })
  expect((await call("GET", "/history-of-metrics")).status).toBe(401)
  expect((await asViewer("/history-of-metrics")).status).toBe(200)
  const history = metricsHistoryOf(effectFaceOf(system)?.service as ActorSystemService)
  const newest = Math.floor(Date.now() / SPAN_MS) - 1
  const latencies = new Uint32Array(LATENCY_BUCKET_COUNT).fill(1)
  for (let span = newest - 30; span <= newest; span++) {
    const projections = new Map([["orders", 3]])
    history?.ring.record(span, { series: { resident: 1, accepted: 0.5, members: 1 }, latencies, projections })
  }
  const { status, body } = await asViewer("/history-of-metrics")
  expect(status).toBe(200)
  expect(body).toMatchObject({
    spanMs: 5_000,
    nodes: [{ name: "north", self: true, id: expect.any(String) }],
    changes: expect.any(Array),
  })
  expect(Date.parse(body.since)).toBe((newest - 30) * SPAN_MS)
  const of31 = (value: number | null) => Array.from({ length: 31 }, () => value)
  expect(body.series.accepted.slice(0, 31)).toEqual(of31(0.5))
  expect(body.series.nodes.slice(0, 31)).toEqual(of31(1))
  expect(body.series.deadLetters.slice(0, 31)).toEqual(of31(null))
  expect(body.projections.orders.slice(0, 31)).toEqual(of31(3))
  expect(body.series.p99Ms[0]).toBeGreaterThan(body.series.p50Ms[0])
  const minute = (await asViewer("/history-of-metrics?minutes=1")).body
  expect(minute.series.accepted.length).toBe(12)
  for (const minutes of ["0", "61", "1.5", "soon"]) {
    const refused = await asViewer(`/history-of-metrics?minutes=${minutes}`)
    expect([refused.status, refused.headers.get("content-type")]).toEqual([400, "application/problem+json"])
  }
})

it("is described with its form", async () => {
  const { call } = await startGateway()
  const { paths, components } = (await call("GET", "/openapi.json")).body
  expect(paths["/history-of-metrics"].get).toMatchObject({ operationId: "history.metrics" })
  expect(Object.keys(components.schemas)).toEqual(
    expect.arrayContaining(["HistoryOfMetrics", "MetricSeries"]),
  )
})
