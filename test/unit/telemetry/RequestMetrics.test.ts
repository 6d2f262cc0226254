/** Histograms of durations: their labels, and that asks of the process are in them as those of the gateway are. */
import { Context, Effect, Metric } from "effect"
import { expect, it } from "vitest"
import { makeGateway } from "../../../infra/http.ts"
import { AskMeter, metered } from "../../../infra/metrics/AskMeter.ts"
import {
  CurrentRequestMetrics,
  type DurationName,
  RequestMetrics,
} from "../../../infra/telemetry/RequestMetrics.ts"
import { effectFaceOf } from "../../../runtime/promise/ActorSystem.ts"
import { Counter } from "../../fixtures/memory/Counter.ts"
import { startMemory } from "../../fixtures/memory/MemorySystem.ts"
import { callOf } from "../gateway/GatewayFixture.ts"

/** Metrics with a registry of their own, and the histograms in it by their labels. */
const measuring = () => {
  const registry = Context.make(Metric.MetricRegistry, new Map())
  const histograms = (name: DurationName) =>
    Metric.snapshotUnsafe(registry)
      .filter(({ id }) => id === name)
      .map(({ attributes, state }) => ({ attributes, state }))
  return { durations: new RequestMetrics(registry), histograms }
}

it("are in seconds, each under its own labels", () => {
  const { durations, histograms } = measuring()
  durations.answered("GET", 200, 1_500)
  durations.answered("GET", 503, 20)
  durations.asked("Place", "accepted", 2)
  durations.asked("Place", "accepted", 4)
  durations.asked("Place", "duplicate", 3_000)
  durations.asked(undefined, "accepted", 250)
  expect(histograms("everstate_http_request_duration_seconds")).toMatchObject([
    { attributes: { method: "GET", status: "200" }, state: { count: 1, sum: 1.5 } },
    { attributes: { method: "GET", status: "503" }, state: { count: 1, sum: 0.02 } },
  ])
  expect(histograms("everstate_ask_duration_seconds")).toMatchObject([
    { attributes: { command: "Place", outcome: "accepted" }, state: { count: 2, sum: 0.006 } },
    { attributes: { command: "Place", outcome: "duplicate" }, state: { sum: 3 } },
    { attributes: { outcome: "accepted" }, state: { sum: 0.25 } },
  ])
})

it("have the asks of both faces and of the gateway once, and those of clients without a command", async () => {
  const { durations, histograms } = measuring()
  const { system } = await startMemory()
  const face = effectFaceOf(system)?.service
  if (face === undefined) throw new Error("the system is not running")
  const meter = new AskMeter(durations)
  const service = metered(face, meter)
  const add = { type: "Add", by: 1 } as const
  await Effect.runPromise(service.get(Counter, "c").ask(add, { commandId: "one" }))
  await new Promise((resolve) => service.asker(Counter, "c").ask(add, { commandId: "one" }, resolve))
  await Effect.runPromise(Effect.exit(service.get(Counter, "c").ask({ type: "Refuse" })))
  await Effect.runPromise(Effect.exit(service.get(Counter, "c").ask({ type: "Chosen" } as never)))
  const gateway = await Effect.sync(() => makeGateway(service, { authorize: () => ({ user: "ann" }) })).pipe(
    Effect.provideService(CurrentRequestMetrics, durations),
    Effect.runPromise,
  )
  const answer = await callOf(gateway.fetch)("POST", "/actors/counter/c/Add", { by: 1 })
  expect([answer.status, answer.body]).toMatchObject([200, {}])
  await gateway.close()
  meter.clientAsk()(Effect.runSyncExit(Effect.succeed({ duplicate: false })))

  const asks = histograms("everstate_ask_duration_seconds")
  expect(asks.map(({ attributes, state }) => [attributes, (state as { count: number }).count])).toEqual([
    [{ command: "Add", outcome: "accepted" }, 2],
    [{ command: "Add", outcome: "duplicate" }, 1],
    [{ command: "Refuse", outcome: "CommandRejected" }, 1],
    [{ command: "other", outcome: "InvalidCommand" }, 1],
    [{ outcome: "accepted" }, 1],
  ])
  expect(histograms("everstate_http_request_duration_seconds")).toMatchObject([
    { attributes: { method: "POST", status: "200" }, state: { count: 1 } },
  ])
})
