/**
 * The drawing of a chart as React state: laid out in the background, kept for the next time.
 *
 * Owns the cache. The layout: NestedLayout.ts. The drawing of before stays until the new one is there.
 */
import { useEffect, useState } from "react"
import { useReturns } from "../api/Connection.ts"
import { canvasMeasure, fontsLoaded } from "./CanvasMeasure.ts"
import { type ChartGeometry, chartGeometry } from "./ChartGeometry.ts"
import type { ChartModel } from "./ChartModel.ts"
import { elk } from "./ElkClient.ts"
import { layoutChart } from "./NestedLayout.ts"
import type { Numbers } from "./StateContent.ts"

export interface Drawing {
  readonly geometry: ChartGeometry | undefined
  readonly isFailed: boolean
  /** Time that the layout took, in milliseconds. */
  readonly layoutMs: number
}

const NONE: Drawing = { geometry: undefined, isFailed: false, layoutMs: 0 }

const drawings = new WeakMap<ChartModel, Map<string, Promise<Drawing>>>()

const draw = async (model: ChartModel, numbers: Numbers, aspect: number): Promise<Drawing> => {
  const startMs = performance.now()
  const family =
    getComputedStyle(document.documentElement).getPropertyValue("--font") || "system-ui, sans-serif"
  await fontsLoaded(family)
  const layout = await layoutChart(model, elk, { numbers, measure: canvasMeasure(family), aspect })
  return { geometry: chartGeometry(model, layout), isFailed: false, layoutMs: performance.now() - startMs }
}

const drawingOf = (model: ChartModel, numbers: Numbers, aspect: number): Promise<Drawing> => {
  const known = drawings.get(model) ?? new Map<string, Promise<Drawing>>()
  drawings.set(model, known)
  const key = `${numbers.counts} ${numbers.traffic} ${aspect}`
  const drawing = known.get(key) ?? draw(model, numbers, aspect)
  known.set(key, drawing)
  drawing.catch(() => known.delete(key))
  return drawing
}

/** `aspect`: see LayoutOptions; `undefined` until the place of the chart is known. */
export const useChartLayout = (
  model: ChartModel,
  { counts, traffic }: Numbers,
  aspect: number | undefined,
): Drawing => {
  const [drawing, setDrawing] = useState(NONE)
  // The layout engine may not have been loaded while the service was gone.
  const returns = useReturns()
  // biome-ignore lint/correctness/useExhaustiveDependencies: a failed layout is tried again when the service is back
  useEffect(() => {
    if (aspect === undefined) return
    let isWanted = true
    drawingOf(model, { counts, traffic }, aspect).then(
      (done) => isWanted && setDrawing(done),
      () => isWanted && setDrawing({ ...NONE, isFailed: true }),
    )
    return () => {
      isWanted = false
    }
  }, [model, counts, traffic, aspect, returns])
  return drawing
}
