/** A trace over two nodes, as an OTLP receiver gets it, and the durations that their meters collect. */
import { createServer } from "node:http"
import type { AddressInfo } from "node:net"
import { OTLPTraceExporter } from "@opentelemetry/exporter-trace-otlp-http"
import { MeterProvider, MetricReader } from "@opentelemetry/sdk-metrics"
import { SimpleSpanProcessor, TracerProvider } from "@opentelemetry/sdk-trace"
import { expect, it, onTestFinished } from "vitest"
import { makeGateway } from "../../../infra/http.ts"
import { ActorSystem } from "../../../infra/system/ActorSystem.ts"
import { openTelemetry } from "../../../infra/telemetry.ts"
import { Clerk, Desk } from "../../fixtures/memory/Desk.ts"
import { eventually, freshNamespace, serversOfFile } from "../system/SystemFixture.ts"

const servers = serversOfFile()

interface OtlpSpan {
  readonly traceId: string
  readonly spanId: string
  readonly parentSpanId?: string
  readonly name: string
  readonly service: string
}

interface OtlpBody {
  readonly resourceSpans: ReadonlyArray<{
    readonly scopeSpans: ReadonlyArray<{
      readonly scope: { readonly name: string }
      readonly spans: ReadonlyArray<Omit<OtlpSpan, "service">>
    }>
  }>
}

/** A server that takes spans as OTLP over HTTP. */
const startReceiver = async () => {
  const spans: Array<OtlpSpan> = []
  const server = createServer((request, response) => {
    const chunks: Array<Buffer> = []
    request.on("data", (chunk: Buffer) => chunks.push(chunk))
    request.on("end", () => {
      const { resourceSpans } = JSON.parse(Buffer.concat(chunks).toString()) as OtlpBody
      for (const { scopeSpans } of resourceSpans) {
        for (const { scope, spans: some } of scopeSpans) {
          spans.push(...some.map((span) => ({ ...span, service: scope.name })))
        }
      }
      response.setHeader("content-type", "application/json").end("{}")
    })
  })
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
  onTestFinished(() => void server.close())
  const { port } = server.address() as AddressInfo
  return { spans, url: `http://127.0.0.1:${port}/v1/traces` }
}

class ManualReader extends MetricReader {
  protected override onForceFlush = () => Promise.resolve()
  protected override onShutdown = () => Promise.resolve()
}

/** Labels and count of each series of a histogram. */
const countsOf = async (reader: MetricReader, name: string) => {
  const { scopeMetrics } = (await reader.collect()).resourceMetrics
  const found = scopeMetrics
    .flatMap(({ metrics }) => metrics)
    .find(({ descriptor }) => descriptor.name === name)
  return (found?.dataPoints ?? []).map(({ attributes, value }) => ({
    ...attributes,
    count: (value as { readonly count: number }).count,
  }))
}

it("has the ask, every commit and every message below the caller's span, and each node the durations of its own asks and requests", async () => {
  const receiver = await startReceiver()
  const namespace = freshNamespace()
  const startNode = async (name: string) => {
    const exporter = new OTLPTraceExporter({ url: receiver.url })
    const provider = new TracerProvider({ spanProcessors: [new SimpleSpanProcessor({ exporter })] })
    const { natsUrl: nats, postgresUrl: postgres } = servers()
    const reader = new ManualReader()
    const meter = new MeterProvider({ readers: [reader] }).getMeter(name)
    const system = await ActorSystem.start({
      nats,
      postgres,
      namespace,
      actors: [Desk, Clerk],
      shardCount: 4,
      node: { name },
      telemetry: openTelemetry({ tracer: provider.getTracer(name), meter }),
      logLevel: "Error",
    })
    onTestFinished(async () => {
      await system.stop()
      await provider.shutdown()
    })
    return { system, reader }
  }
  const { system: one, reader: readerOfOne } = await startNode("one")
  const { system: two, reader: readerOfTwo } = await startNode("two")
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

  const asks = new Map(named("ask desk Ask").map((span) => [span.spanId, span]))
  expect(asks.size).toBe(8)
  for (const ask of asks.values()) expect(ask.parentSpanId).toBe("b7ad6b7169203331")
  for (const span of receiver.spans) {
    expect(span.traceId).toBe(traceId)
    if (!asks.has(span.spanId)) expect([...asks.keys()]).toContain(span.parentSpanId)
  }
  // Both nodes take part.
  expect(new Set(receiver.spans.map(({ service }) => service))).toEqual(new Set(["one", "two"]))

  // The asks are those of the second node, whichever node has the actor.
  const duration = "everstate_ask_duration_seconds"
  expect(await countsOf(readerOfTwo, duration)).toEqual([{ command: "Ask", outcome: "accepted", count: 8 }])
  expect(await countsOf(readerOfOne, duration)).toEqual([])
  const gateway = makeGateway(one)
  onTestFinished(() => gateway.close())
  await gateway.fetch(new Request("http://localhost/healthz"))
  expect(await countsOf(readerOfOne, "everstate_http_request_duration_seconds")).toEqual([
    { method: "GET", status: "200", count: 1 },
  ])
})
