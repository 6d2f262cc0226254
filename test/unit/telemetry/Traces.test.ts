/** One ask is one trace: through commits, messages, calls and projections. */
import { context, SpanKind, SpanStatusCode, TraceFlags, trace } from "@opentelemetry/api"
import { AsyncLocalStorageContextManager } from "@opentelemetry/context-async-hooks"
import { resourceFromAttributes } from "@opentelemetry/resources"
import { InMemorySpanExporter, SimpleSpanProcessor, TracerProvider } from "@opentelemetry/sdk-trace"
import { Effect } from "effect"
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from "vitest"
import { openTelemetry, type Tracer } from "../../../infra/telemetry.ts"
import { defineProjection } from "../../../runtime/index.ts"
import { Counter } from "../../fixtures/memory/Counter.ts"
import { Clerk, Desk, deskCall } from "../../fixtures/memory/Desk.ts"
import { eventually, startMemory, virtually } from "../../fixtures/memory/MemorySystem.ts"

const exporter = new InMemorySpanExporter()
const provider = new TracerProvider({ spanProcessors: [new SimpleSpanProcessor({ exporter })] })
const otel = provider.getTracer("test")
const manager = new AsyncLocalStorageContextManager()

beforeAll(() => void context.setGlobalContextManager(manager.enable()))
afterAll(() => context.disable())
beforeEach(() => exporter.reset())

/** Fields of a span that has ended, except who made it. */
const FIELDS = [
  "name",
  "kind",
  "parentSpanContext",
  "startTime",
  "endTime",
  "duration",
  "status",
  "attributes",
  "links",
  "events",
  "ended",
  "droppedAttributesCount",
  "droppedEventsCount",
  "droppedLinksCount",
] as const

const TRACE_ID = "0af7651916cd43dd8448eb211c80319c"
const SPAN_ID = "b7ad6b7169203331"
const SAMPLED = { metadata: { trace: `00-${TRACE_ID}-${SPAN_ID}-01` } }
const UNSAMPLED = { metadata: { trace: `00-${TRACE_ID}-${SPAN_ID}-00` } }

const Sums = defineProjection({
  name: "sums",
  version: 1,
  from: [Counter],
  table: { name: "sum", columns: { id: "text not null" }, primaryKey: ["id"] },
  key: ({ id }) => ({ id }),
  fold: (_row, { id }) => ({ id }),
})

const actors = [Desk, Clerk, Counter]
const processor = new SimpleSpanProcessor({ exporter })
const resource = resourceFromAttributes({ "service.name": "counters" })
const sdk = openTelemetry({ tracer: otel })
const direct = openTelemetry({ spansTo: { processor, resource } })

/** Ended spans so far: name, kind, and the name of the span above. */
const seen = () => {
  const spans = exporter.getFinishedSpans()
  const nameOf = new Map(spans.map((span) => [span.spanContext().spanId, span.name]))
  return spans.map(({ name, kind, parentSpanContext }) => ({
    name,
    kind,
    above: nameOf.get(parentSpanContext?.spanId ?? "") ?? parentSpanContext?.spanId,
  }))
}

const isSeen = (name: string) => () => seen().some((span) => span.name === name)

describe.each([
  ["a tracer", sdk],
  ["a span processor", direct],
])("through %s", (_way, { tracer }) => {
  const started = () => startMemory({ actors, projections: [Sums], tracer })

  describe("an ask in a trace", () => {
    it("has a span below the caller's, and its commit one below it", async () => {
      const { system } = await started()
      await system.get(Counter, "c").ask({ type: "Add", by: 1 }, SAMPLED)
      expect(seen()).toEqual([
        { name: "process counter", kind: SpanKind.CONSUMER, above: "ask counter Add" },
        { name: "ask counter Add", kind: SpanKind.CLIENT, above: SPAN_ID },
      ])
      const [commit] = exporter.getFinishedSpans()
      expect(commit?.spanContext().traceId).toBe(TRACE_ID)
      expect(commit?.attributes).toMatchObject({
        "messaging.system": "everstate",
        "messaging.destination.name": "counter",
        "everstate.actor.id": "c",
        "everstate.commit.events": "Added",
      })
    })

    it("is traced below the span that is active in the caller's code", async () => {
      const { system } = await started()
      await otel.startActiveSpan("outer", async (outer) => {
        await system.get(Counter, "c").ask({ type: "Add", by: 1 })
        await system.get(Counter, "c").tell({ type: "Add", by: 1 })
        outer.end()
      })
      await eventually(isSeen("tell counter Add"))
      const above = Object.fromEntries(seen().map((span) => [span.name, span.above]))
      expect(above).toMatchObject({ "ask counter Add": "outer", "tell counter Add": "outer" })
    })

    it("takes messages, answers and projections along", async () => {
      const { system } = await started()
      await system.get(Counter, "c").ask({ type: "Add", by: 1 }, SAMPLED)
      await system.get(Desk, "d").ask({ type: "Ask", clerk: "k/1", sheet: "s" }, SAMPLED)
      await eventually(isSeen("project sums"))
      await eventually(isSeen("send desk"))
      await eventually(() => seen().filter(({ name }) => name === "process desk").length === 2)
      expect(seen()).toEqual(
        expect.arrayContaining([
          { name: "project sums", kind: SpanKind.CONSUMER, above: "ask counter Add" },
          { name: "send clerk", kind: SpanKind.PRODUCER, above: "ask desk Ask" },
          { name: "process clerk", kind: SpanKind.CONSUMER, above: "ask desk Ask" },
          { name: "send desk", kind: SpanKind.PRODUCER, above: "ask desk Ask" },
          { name: "process desk", kind: SpanKind.CONSUMER, above: "ask desk Ask" },
        ]),
      )
      const sent = exporter.getFinishedSpans().find(({ name }) => name === "send clerk")
      expect(sent?.attributes).toMatchObject({ "everstate.actor.type": "clerk", "everstate.actor.id": "k/1" })
    })

    it("names its operations as the conventions for messaging and databases ask for", async () => {
      const { system } = await started()
      await system.spawn(Counter, "c", SAMPLED)
      await system.get(Counter, "c").tell({ type: "Add", by: 1 }, SAMPLED)
      await system.get(Desk, "d").ask({ type: "Ask", clerk: "k", sheet: "s" }, SAMPLED)
      await system.get(Desk, "e").ask({ type: "Open", sheet: "file:a" }, SAMPLED)
      await eventually(isSeen("project sums"))
      await eventually(isSeen("call desk file"))
      await eventually(isSeen("send desk"))
      const spans = exporter.getFinishedSpans()
      const [call, messaging] = [/^call/, /^(?!call)/].map((of) => spans.filter(({ name }) => of.test(name)))
      const operations = messaging?.map(({ name, kind, attributes }) => [
        attributes["messaging.system"],
        `${attributes["messaging.operation.name"]} ${attributes["messaging.operation.type"]}`,
        name.split(" ")[0],
        kind,
      ])
      expect(isSeen("spawn counter")()).toBe(true)
      expect(new Set(operations?.map(String))).toEqual(
        new Set(
          [
            ["everstate", "spawn send", "spawn", SpanKind.CLIENT],
            ["everstate", "tell send", "tell", SpanKind.PRODUCER],
            ["everstate", "ask send", "ask", SpanKind.CLIENT],
            ["everstate", "send send", "send", SpanKind.PRODUCER],
            ["everstate", "process process", "process", SpanKind.CONSUMER],
            ["everstate", "project process", "project", SpanKind.CONSUMER],
          ].map(String),
        ),
      )
      // No message goes out for a call.
      expect(Object.keys(call?.[0]?.attributes ?? {}).filter((key) => key.startsWith("messaging"))).toEqual(
        [],
      )
      const projected = spans.find(({ name }) => name === "project sums")?.attributes ?? {}
      expect(Object.keys(projected).filter((key) => key.startsWith("db."))).toHaveLength(2)
      expect(projected).toMatchObject({
        "messaging.destination.name": "counter",
        "messaging.consumer.group.name": "sums",
        "messaging.message.id": expect.stringMatching(/./),
        "db.system.name": "postgresql",
        "db.collection.name": "sum",
      })
    })

    it("takes its calls along, each attempt by itself", async () => {
      const { run } = deskCall
      let attemptCount = 0
      deskCall.run = () => {
        if (++attemptCount === 1) throw new Error("the cabinet is locked")
        return "filed"
      }
      const { system } = await started()
      await system.get(Desk, "d").ask({ type: "Open", sheet: "file:a" }, SAMPLED)
      const calls = () => exporter.getFinishedSpans().filter(({ name }) => name === "call desk file")
      await eventually(() => calls().length === 2)
      deskCall.run = run
      expect(calls().map(({ status }) => status.code)).toEqual([SpanStatusCode.ERROR, SpanStatusCode.UNSET])
      expect(calls().map(({ attributes }) => attributes["everstate.call.attempt"])).toEqual([1, 2])
      expect(calls().map(({ attributes }) => attributes["error.type"])).toEqual(["Error", undefined])
    })

    it("that is refused ends its span with the error", async () => {
      const { system } = await started()
      await system
        .get(Clerk, "k")
        .ask({ type: "Stamp", sheet: "blank" }, SAMPLED)
        .catch(() => undefined)
      const [ask] = exporter.getFinishedSpans()
      expect(ask?.status).toMatchObject({
        code: SpanStatusCode.ERROR,
        message: expect.stringContaining("Blank"),
      })
      expect(ask?.attributes["error.type"]).toBe("CommandRejected")
    })
  })

  describe("an ask of an Effect", () => {
    it("is traced below the Effect's own span", async () => {
      await virtually({ actors, tracer }, ({ system }) =>
        Effect.withSpan(Effect.asVoid(system.get(Counter, "c").ask({ type: "Add", by: 1 })), "outer"),
      )
      expect(seen().map(({ name }) => name)).toEqual(["process counter", "ask counter Add"])
    })
  })

  describe("an ask outside of a trace", () => {
    it.each([
      ["without a trace", undefined],
      ["that the caller does not record", UNSAMPLED],
      ["with unusable text for a trace", { metadata: { trace: "nonsense" } }],
      ["with text as long as a trace", { metadata: { trace: "nonsense".padEnd(55, "-1") } }],
      ["with a trace id of zeros", { metadata: { trace: `00-${"0".repeat(32)}-${SPAN_ID}-01` } }],
      ["with a span id too short", { metadata: { trace: `00-${TRACE_ID}-${SPAN_ID.slice(1)}-01-1` } }],
    ])("%s has no span, and keeps its metadata", async (_what, options) => {
      const { system } = await started()
      await system.get(Counter, "c").ask({ type: "Add", by: 1 }, options)
      await system.waitFor(Sums, 1)
      expect(seen()).toEqual([])
      const { events } = await system.get(Counter, "c").history()
      expect(events[0]?.metadata).toEqual(options?.metadata ?? {})
    })

    it.each([
      ["a trace", UNSAMPLED],
      ["an active span", undefined],
    ])("with %s that is not recorded asks the tracer for no span", async (_what, options) => {
      const begin = vi.fn(tracer.begin)
      const { system } = await startMemory({ actors, projections: [Sums], tracer: { ...tracer, begin } })
      const unsampled = { traceId: TRACE_ID, spanId: SPAN_ID, traceFlags: TraceFlags.NONE }
      await context.with(trace.setSpanContext(context.active(), unsampled), async () => {
        await system.get(Counter, "c").ask({ type: "Add", by: 1 }, options)
        await system.get(Desk, "d").ask({ type: "Ask", clerk: "k", sheet: "s" }, options)
        await system.get(Desk, "e").ask({ type: "Open", sheet: "file:a" }, options)
      })
      await system.waitFor(Sums, 1)
      const isAnswered = async () => (await system.get(Desk, "d").history()).events.length === 1
      await eventually(isAnswered)
      expect(begin).not.toHaveBeenCalled()
    })

    it("works the same without a tracer", async () => {
      const { system } = await startMemory({ actors })
      await trace
        .getTracer("none")
        .startActiveSpan("outer", () => system.get(Counter, "c").ask({ type: "Add", by: 1 }, SAMPLED))
      expect(seen()).toEqual([])
    })
  })
})

describe("a span without a tracer", () => {
  const endedBy = (tracer: Tracer) => {
    const parent = SAMPLED.metadata.trace
    const start = { name: "one", kind: "client", parent, startMs: 1_767_225_600_123 } as const
    const spans = ["kept", "failed"].map((what) => tracer.begin({ ...start, attributes: { what } }))
    spans[0]?.end(1_767_225_601_000)
    // A clock that was set back.
    spans[1]?.end(1_767_225_600_000, { type: "Torn", message: "torn" })
    expect(spans.map((span) => span?.traceparent)).toEqual(
      exporter.getFinishedSpans().map((span) => `00-${TRACE_ID}-${span.spanContext().spanId}-01`),
    )
    const ended = exporter.getFinishedSpans().map((span) => ({
      ...Object.fromEntries(FIELDS.map((field) => [field, span[field]])),
      traceId: span.spanContext().traceId,
      spanId: expect.stringMatching(/^[\da-f]{16}$/),
    }))
    exporter.reset()
    return ended
  }

  it("is for exporters what a span of the SDK is", () => {
    expect(endedBy(direct.tracer)).toEqual(endedBy(sdk.tracer))
  })

  it("says whose it is, and has an id of its own", () => {
    const start = { name: "one", kind: "client", parent: SAMPLED.metadata.trace, startMs: 0 } as const
    for (let index = 0; index < 1_000; index++) direct.tracer.begin({ ...start, attributes: {} })?.end(1)
    const spans = exporter.getFinishedSpans()
    expect(new Set(spans.map((span) => span.spanContext().spanId)).size).toBe(1_000)
    expect(spans[0]).toMatchObject({ resource, instrumentationScope: { name: "everstate" } })
  })
})
