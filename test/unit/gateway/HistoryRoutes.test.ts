/** The last hour of metrics over HTTP. Its arithmetic is tested in test/unit/metrics. */
import { Effect, Exit, Scope } from "effect"
import { expect, it, onTestFinished } from "vitest"
import { makeGateway } from "../../../infra/http.ts"
import { AskMeter, metered } from "../../../infra/metrics/AskMeter.ts"
import { LATENCY_BUCKET_COUNT } from "../../../infra/metrics/LatencyBuckets.ts"
import { MetricsHistory } from "../../../infra/metrics/MetricsHistory.ts"
import { SPAN_MS } from "../../../infra/metrics/MetricsRing.ts"
import { type ActorSystem, effectFaceOf } from "../../../runtime/promise/ActorSystem.ts"
import type { ActorSystemService } from "../../../runtime/system/ActorSystem.ts"
import { startMemory } from "../../fixtures/memory/MemorySystem.ts"
import { asUser, callOf, countIn, startGateway } from "./GatewayFixture.ts"

const TOKENS = "HISTORY_ROUTES_TEST_TOKENS"
const VIEWER = "a-viewer-whose-token-is-long"

/** The system with the history that one on NATS and Postgres has. */
const withHistory = async (system: ActorSystem) => {
  const meter = new AskMeter()
  const service = metered(effectFaceOf(system)?.service as ActorSystemService, meter)
  const scope = await Effect.runPromise(Scope.make())
  onTestFinished(() => Effect.runPromise(Scope.close(scope, Exit.void)))
  const deadLetterCount = Effect.undefined
  const making = MetricsHistory.make({ service, meter, transport: undefined, deadLetterCount })
  return { service, history: await Effect.runPromise(Effect.provideService(making, Scope.Scope, scope)) }
}

it("has the commands that went through the gateway where the system measures none", async () => {
  const { call } = await startGateway({ authorize: asUser("ann") })
  const counted = async () =>
    countIn(
      (await call("GET", "/metrics")).body,
      'everstate_ask_duration_seconds_count{command="Add",outcome="accepted"}',
    )
  const before = await counted()
  for (const id of ["a", "b"]) await call("POST", `/actors/counter/${id}/Add`, { by: 1 })
  expect((await counted()) - before).toBe(2)
})

it("answers a viewer, from the samples that the node has kept", async () => {
  process.env[TOKENS] = `viewer wall ${VIEWER}`
  const { system } = await startMemory({ node: { name: "north" } })
  const { service, history } = await withHistory(system)
  const gateway = makeGateway(service, { tokens: { env: TOKENS } })
  onTestFinished(() => gateway.close())
  const call = callOf(gateway.fetch)
  const asViewer = (path: string) => call("GET", path, undefined, { authorization: `Bearer ${VIEWER}` })
  expect((await call("GET", "/history-of-metrics")).status).toBe(401)
  expect((await asViewer("/history-of-metrics")).status).toBe(200)
  const newest = Math.floor(Date.now() / SPAN_MS) - 1
  const latencies = new Uint32Array(LATENCY_BUCKET_COUNT).fill(1)
  for (let span = newest - 30; span <= newest; span++) {
    const projections = new Map([["orders", 3]])
    history.ring.record(span, { series: { resident: 1, accepted: 0.5, members: 1 }, latencies, projections })
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
