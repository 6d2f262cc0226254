import { Effect, Metric } from "effect"
import { expect, it } from "vitest"
import { requestMetrics } from "../../../infra/telemetry/RequestMetrics.ts"

/** The histograms of a name, by their attributes. */
const histograms = async (name: string) =>
  (await Effect.runPromise(Metric.snapshot))
    .filter(({ id }) => id === name)
    .map(({ attributes, state }) => ({ attributes, state }))

it("measures requests and commands in seconds, each under its own labels", async () => {
  await Effect.runPromise(
    Effect.all([
      requestMetrics.answered("GET", 200, 1_500_000_000n),
      requestMetrics.answered("GET", 503, 20_000_000n),
      requestMetrics.asked("Place", "accepted", 2_000_000n),
      requestMetrics.asked("Place", "duplicate", 3_000_000_000n),
    ]),
  )
  expect(await histograms("everstate_http_request_duration_seconds")).toEqual([
    { attributes: { method: "GET", status: "200" }, state: expect.objectContaining({ count: 1, sum: 1.5 }) },
    { attributes: { method: "GET", status: "503" }, state: expect.objectContaining({ count: 1, sum: 0.02 }) },
  ])
  expect(await histograms("everstate_ask_duration_seconds")).toEqual([
    {
      attributes: { command: "Place", outcome: "accepted" },
      state: expect.objectContaining({ sum: 0.002 }),
    },
    { attributes: { command: "Place", outcome: "duplicate" }, state: expect.objectContaining({ sum: 3 }) },
  ])
})
