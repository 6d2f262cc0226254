/** The metrics of a system as OpenTelemetry collects them. */
import { DataPointType, MeterProvider, MetricReader } from "@opentelemetry/sdk-metrics"
import { Context, Effect, Exit, Metric, Scope } from "effect"
import { expect, it } from "vitest"
import { BUCKETS_SECONDS, RequestMetrics } from "../../../infra/telemetry/RequestMetrics.ts"
import { openTelemetry } from "../../../infra/telemetry.ts"
import { Counter } from "../../fixtures/memory/Counter.ts"
import { startMemory } from "../../fixtures/memory/MemorySystem.ts"

class ManualReader extends MetricReader {
  protected override onForceFlush = () => Promise.resolve()
  protected override onShutdown = () => Promise.resolve()
}

it("are counters and gauges of the status and histograms of durations, until the system stops", async () => {
  const reader = new ManualReader()
  const meter = new MeterProvider({ readers: [reader] }).getMeter("test")
  const { system } = await startMemory()
  const scope = Scope.makeUnsafe()
  const durations = new RequestMetrics(Context.make(Metric.MetricRegistry, new Map()))
  const observed = {
    durations,
    status: Effect.promise(() => system.status()),
    standing: Effect.promise(() => system.cluster.standing()),
  }
  await Effect.runPromise(Scope.provide(openTelemetry({ meter }).observe(observed), scope))
  await system.get(Counter, "c").ask({ type: "Add", by: 1 })
  const collected = async () => {
    const { resourceMetrics } = await reader.collect()
    return new Map(
      resourceMetrics.scopeMetrics.flatMap(({ metrics }) =>
        metrics.map((metric) => [metric.descriptor.name, metric] as const),
      ),
    )
  }
  const metrics = await collected()
  expect(metrics.get("everstate_commits_total")).toMatchObject({
    dataPointType: DataPointType.SUM,
    isMonotonic: true,
    dataPoints: [{ value: 1 }],
  })
  expect(metrics.get("everstate_actors_resident")).toMatchObject({
    dataPointType: DataPointType.GAUGE,
    dataPoints: [{ value: 1 }],
  })
  expect(metrics.get("everstate_snapshots_total")?.dataPoints).toHaveLength(4)
  durations.asked("Add", "accepted", 4)
  durations.asked("Add", "accepted", 3_000)
  durations.answered("GET", 503, 20)
  const measured = await collected()
  expect(measured.get("everstate_ask_duration_seconds")).toMatchObject({
    dataPointType: DataPointType.HISTOGRAM,
    descriptor: { unit: "s" },
    dataPoints: [{ attributes: { command: "Add", outcome: "accepted" }, value: { count: 2, sum: 3.004 } }],
  })
  expect(measured.get("everstate_ask_duration_seconds")?.dataPoints[0]?.value).toMatchObject({
    buckets: { boundaries: BUCKETS_SECONDS },
  })
  expect(measured.get("everstate_http_request_duration_seconds")).toMatchObject({
    dataPoints: [{ attributes: { method: "GET", status: "503" }, value: { count: 1, sum: 0.02 } }],
  })
  await Effect.runPromise(Scope.close(scope, Exit.void))
  durations.asked("Add", "accepted", 1_000)
  await system.get(Counter, "c").ask({ type: "Add", by: 1 })
  // The SDK repeats the last value that it was told.
  expect((await collected()).get("everstate_commits_total")).toMatchObject({ dataPoints: [{ value: 1 }] })
  expect((await collected()).get("everstate_ask_duration_seconds")?.dataPoints).toMatchObject([
    { value: { count: 2 } },
  ])
})
