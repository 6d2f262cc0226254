/** A state has one look wherever it is shown. */
import { expect, test } from "vitest"
import type { ChartState } from "../../../infra/console/api/Documents.ts"
import { stateLook, statePaths, stateText } from "../../../infra/console/parts/StateLook.ts"

const state = (
  key: string,
  states: ReadonlyArray<ChartState> = [],
  type: ChartState["type"] = "atomic",
): ChartState => ({
  id: key,
  path: key,
  key,
  type,
  tags: [],
  entry: [],
  exit: [],
  invokes: [],
  transitions: [],
  states,
})

test.each([
  ["placed", ["placed"]],
  ["{fulfilling:packed}", ["fulfilling.packed"]],
  ["{payment:due,stock:held}", ["payment.due", "stock.held"]],
  ["(payment.due, stock.held)", ["payment.due", "stock.held"]],
  ["shipping.packed", ["shipping.packed"]],
  ["{a:b,c:{d:e}}", ["a.b", "c.d.e"]],
  ["{r:{p:{x:y,z:w}},q:s}", ["r.p.x.y", "r.p.z.w", "q.s"]],
])("reads the name %s", (name, paths) => {
  expect(statePaths(name)).toEqual(paths)
})

test("shows a name as people write it", () => {
  expect(stateText("{payment:due,stock:held}")).toBe("payment.due + stock.held")
})

test("states of a chart look different, ends are rings, troubles are crosses", () => {
  const chart = state("order", [
    state("draft"),
    state("placed", [state("paid")]),
    state("shipped", [], "final"),
  ])
  const looks = ["draft", "placed", "{placed:paid}"].map((name) => stateLook(name, chart))
  expect(new Set(looks.map(({ colour }) => colour)).size).toBe(3)
  expect(new Set(looks.map(({ shape }) => shape)).size).toBe(3)
  expect(stateLook("shipped", chart).shape).toBe("ring")
  expect(stateLook("stuck", chart).shape).toBe("cross")
})
