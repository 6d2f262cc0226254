/** The metrics of a system as OpenTelemetry collects them. */
import { DataPointType, MeterProvider, MetricReader } from "@opentelemetry/sdk-metrics"
import { Effect, Exit, Scope } from "effect"
import { expect, it } from "vitest"
import { openTelemetry } from "../../../infra/telemetry.ts"
import { Counter } from "../../fixtures/memory/Counter.ts"
import { startMemory } from "../../fixtures/memory/MemorySystem.ts"

class ManualReader extends MetricReader {
  protected override onForceFlush = () => Promise.resolve()
  protected override onShutdown = () => Promise.resolve()
}

it("are counters and gauges of the status, until the system stops", async () => {
  const reader = new ManualReader()
  const meter = new MeterProvider({ readers: [reader] }).getMeter("test")
  const { system } = await startMemory()
  const scope = Scope.makeUnsafe()
  const observed = {
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
  await Effect.runPromise(Scope.close(scope, Exit.void))
  await system.get(Counter, "c").ask({ type: "Add", by: 1 })
  // The SDK repeats the last value that it was told.
  expect((await collected()).get("everstate_commits_total")).toMatchObject({ dataPoints: [{ value: 1 }] })
})
