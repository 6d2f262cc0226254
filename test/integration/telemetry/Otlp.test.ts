/** What an OTLP receiver gets of two nodes: one trace over both, and the metrics of each. */
import { OTLPTraceExporter } from "@opentelemetry/exporter-trace-otlp-http"
import { resourceFromAttributes } from "@opentelemetry/resources"
import { MeterProvider, PeriodicExportingMetricReader } from "@opentelemetry/sdk-metrics"
import { SimpleSpanProcessor, TracerProvider } from "@opentelemetry/sdk-trace"
import { expect, it, onTestFinished } from "vitest"
import { makeGateway } from "../../../infra/http.ts"
import { ActorSystem } from "../../../infra/system/ActorSystem.ts"
import { BUCKETS_SECONDS } from "../../../infra/telemetry/RequestMetrics.ts"
import { openTelemetry } from "../../../infra/telemetry.ts"
import { Clerk, Desk } from "../../fixtures/memory/Desk.ts"
import { eventually, freshNamespace, serversOfFile } from "../system/SystemFixture.ts"
import { metricExporterTo, OtlpReceiver } from "./OtlpReceiver.ts"

const servers = serversOfFile()

it("gets every ask, commit and message below the caller's span, and from each node its own metrics", async () => {
  const receiver = await OtlpReceiver.start()
  const namespace = freshNamespace()
  const startNode = async (name: string) => {
    const exporter = new OTLPTraceExporter({ url: `${receiver.url}/v1/traces` })
    const processor = new SimpleSpanProcessor({ exporter })
    const resource = resourceFromAttributes({ "service.name": name })
    const provider = new TracerProvider({ spanProcessors: [processor], resource })
    const reader = new PeriodicExportingMetricReader({ exporter: metricExporterTo(receiver.url) })
    const meters = new MeterProvider({ readers: [reader], resource })
    // One node has its spans made by the SDK's tracer, the other goes without it.
    const spans = name === "one" ? { tracer: provider.getTracer(name) } : { spansTo: { processor, resource } }
    const { natsUrl: nats, postgresUrl: postgres } = servers()
    const system = await ActorSystem.start({
      nats,
      postgres,
      namespace,
      actors: [Desk, Clerk],
      shardCount: 4,
      node: { name },
      telemetry: openTelemetry({ ...spans, meter: meters.getMeter(name) }),
      logLevel: "Error",
    })
    onTestFinished(async () => {
      await system.stop()
      await Promise.all([provider.shutdown(), meters.shutdown()])
    })
    return { system, meters }
  }
  const { system: one, meters: metersOfOne } = await startNode("one")
  const { system: two, meters: metersOfTwo } = await startNode("two")
  const ownerCount = async () => {
    const { slots } = await one.cluster.status()
    return new Set(slots.filter(({ slot }) => slot.startsWith("shard.")).map(({ member }) => member)).size
  }
  await eventually(async () => (await ownerCount()) === 2)

  const traceId = "0af7651916cd43dd8448eb211c80319c"
  const trace = `00-${traceId}-b7ad6b7169203331-01`
  for (let index = 0; index < 8; index++) {
    await two
      .get(Desk, `d-${index}`)
      .ask({ type: "Ask", clerk: `k-${index}`, sheet: "s" }, { metadata: { trace } })
  }
  const named = (name: string) => receiver.spans.filter((span) => span.name === name)
  await eventually(() => named("process desk").length === 16 && named("process clerk").length === 8)

  const askSpans = new Map(named("ask desk Ask").map((span) => [span.spanId, span]))
  expect(askSpans.size).toBe(8)
  for (const ask of askSpans.values()) expect(ask.parentSpanId).toBe("b7ad6b7169203331")
  for (const span of receiver.spans) {
    expect(span.traceId).toBe(traceId)
    if (!askSpans.has(span.spanId)) expect([...askSpans.keys()]).toContain(span.parentSpanId)
  }
  // Both nodes take part.
  expect(new Set(receiver.spans.map(({ service }) => service))).toEqual(new Set(["one", "two"]))

  const gateway = makeGateway(one)
  onTestFinished(() => gateway.close())
  await gateway.fetch(new Request("http://localhost/healthz"))
  await Promise.all([metersOfOne, metersOfTwo].map((meters) => meters.forceFlush()))
  // The asks are those of the second node, whichever node has the actor.
  const asks = receiver.seriesOf("two", "everstate_ask_duration_seconds")
  expect(asks).toMatchObject([{ labels: { command: "Ask", outcome: "accepted" }, value: 8 }])
  expect(asks[0]?.bounds).toEqual(BUCKETS_SECONDS)
  expect(receiver.seriesOf("one", "everstate_ask_duration_seconds")).toEqual([])
  expect(receiver.seriesOf("one", "everstate_http_request_duration_seconds")).toMatchObject([
    { labels: { method: "GET", status: "200" }, value: 1 },
  ])
  const committed = ["one", "two"].map(
    (node) => receiver.seriesOf(node, "everstate_commits_total")[0]?.value ?? 0,
  )
  expect(committed.every((count) => count > 0)).toBe(true)
  expect(committed.reduce((sum, count) => sum + count, 0)).toBe(24)
})
