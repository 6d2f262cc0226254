import { Effect, Metric } from "effect"
import { expect, it } from "vitest"
import { requestMetrics } from "../../../infra/telemetry/RequestMetrics.ts"

/** The histograms of a name for one command or method, by their attributes. Other tests of the process measure, too. */
const histograms = async (name: string, of: string) =>
  (await Effect.runPromise(Metric.snapshot))
    .filter(({ id, attributes }) => id === name && Object.values(attributes ?? {}).includes(of))
    .map(({ attributes, state }) => ({ attributes, state }))

it("measures requests and commands in seconds, each under its own labels", async () => {
  await Effect.runPromise(
    Effect.all([
      requestMetrics.answered("OPTIONS", 200, 1_500_000_000n),
      requestMetrics.answered("OPTIONS", 503, 20_000_000n),
      requestMetrics.asked("PlaceMeasured", "accepted", 2_000_000n),
      requestMetrics.asked("PlaceMeasured", "duplicate", 3_000_000_000n),
    ]),
  )
  expect(await histograms("everstate_http_request_duration_seconds", "OPTIONS")).toEqual([
    {
      attributes: { method: "OPTIONS", status: "200" },
      state: expect.objectContaining({ count: 1, sum: 1.5 }),
    },
    {
      attributes: { method: "OPTIONS", status: "503" },
      state: expect.objectContaining({ count: 1, sum: 0.02 }),
    },
  ])
  expect(await histograms("everstate_ask_duration_seconds", "PlaceMeasured")).toEqual([
    {
      attributes: { command: "PlaceMeasured", outcome: "accepted" },
      state: expect.objectContaining({ sum: 0.002 }),
    },
    {
      attributes: { command: "PlaceMeasured", outcome: "duplicate" },
      state: expect.objectContaining({ sum: 3 }),
    },
  ])
})
