/** Counts of transitions find their arrows on the chart. */
import { expect, test } from "vitest"
import { setup } from "xstate"
import type { ChartState } from "../../../infra/console/api/Documents.ts"
import { trafficOf } from "../../../infra/console/parts/Traffic.ts"
import { chartOf } from "../../../runtime/machine/Chart.ts"

const machine = setup({ types: { events: {} as { type: "Pay" | "Ship" | "Pack" | "Stop" } } }).createMachine({
  id: "order",
  initial: "placed",
  states: {
    placed: { on: { Pay: "paid" }, after: { 1000: "stopped" } },
    paid: {
      initial: "waiting",
      on: { Stop: "stopped" },
      states: { waiting: { on: { Pack: "packed" } }, packed: {} },
    },
    stopped: { type: "final" },
  },
})

const chart = chartOf(machine) as ChartState

const keyOf = (path: string, at = 0): string => {
  const find = (state: ChartState): ChartState | undefined =>
    state.path === path ? state : state.states.map(find).find((found) => found !== undefined)
  return find(chart)?.transitions[at]?.key ?? "none"
}

test("counts by event, by the states that it leaves and enters, and by timers", () => {
  const traffic = trafficOf(chart, [
    { from: "placed", event: "Pay", to: "{paid:waiting}", count: 5 },
    { from: "paid.waiting", event: "Pack", to: "paid.packed", count: 3 },
    { from: "{paid:packed}", event: "Stop", to: "stopped", count: 1 },
    { from: "{paid:waiting}", event: "Stop", to: "stopped", count: 1 },
    { from: "placed", event: "xstate.after.1000.order.placed", to: "stopped", count: 2 },
    { from: "placed", event: "Unknown", to: "stopped", count: 9 },
  ])
  expect(traffic).toEqual({
    [keyOf("placed")]: 5,
    [keyOf("placed", 1)]: 2,
    [keyOf("paid.waiting")]: 3,
    [keyOf("paid")]: 2,
  })
})
