/** Where a chart is on its canvas when all of it is shown. */
import { expect, it } from "vitest"
import { fitView } from "../../../infra/console/chart/Viewport.ts"

it("shows a whole chart in the middle where nothing of it is under the tools", () => {
  expect(fitView({ width: 800, height: 840 }, { width: 1_400, height: 840 })).toEqual({
    scale: 1,
    x: 300,
    y: 0,
  })
  expect(fitView({ width: 1_400, height: 400 }, { width: 1_400, height: 840 })).toEqual({
    scale: 1,
    x: 0,
    y: 220,
  })
})

it("shows a whole chart below the tools where a part of it would be under them", () => {
  const canvas = { width: 1_200, height: 840 }
  const { scale, x, y } = fitView({ width: 1_100, height: 840 }, canvas)
  expect(y).toBeGreaterThanOrEqual(48)
  expect(y + 840 * scale).toBeLessThanOrEqual(canvas.height)
  expect(x).toBeCloseTo((canvas.width - 1_100 * scale) / 2)
})

it("shows a whole chart under the tools where it could not be read below them", () => {
  const canvas = { width: 1_200, height: 640 }
  expect(fitView({ width: 1_480, height: 880 }, canvas)).toMatchObject({ scale: 640 / 880, y: 0 })
})
