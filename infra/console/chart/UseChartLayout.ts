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
import { elk, startElk } from "./ElkClient.ts"
import { layoutChart } from "./NestedLayout.ts"
import type { Numbers } from "./StateContent.ts"

export interface Drawing {
  readonly geometry: ChartGeometry | undefined
  readonly isFailed: boolean
  /** Time that the layout took, in milliseconds. */
  readonly layoutMs: number
}

const NONE: Drawing = { geometry: undefined, isFailed: false, layoutMs: 0 }

/** Drawings that are kept for the next time. The one that was not shown for the longest time gives way. */
const DRAWINGS_MAX = 24

/** By what is drawn: another page may show the same chart of the same type. */
const drawings = new Map<string, Promise<Drawing>>()

const draw = async (model: ChartModel, numbers: Numbers, aspect: number): Promise<Drawing> => {
  const startMs = performance.now()
  startElk()
  const family =
    getComputedStyle(document.documentElement).getPropertyValue("--font") || "system-ui, sans-serif"
  await fontsLoaded(family)
  const layout = await layoutChart(model, elk, { numbers, measure: canvasMeasure(family), aspect })
  return { geometry: chartGeometry(model, layout), isFailed: false, layoutMs: performance.now() - startMs }
}

const drawingOf = (model: ChartModel, numbers: Numbers, aspect: number): Promise<Drawing> => {
  const key = `${numbers.counts} ${numbers.traffic} ${aspect} ${keyOf(model)}`
  const drawing = drawings.get(key) ?? draw(model, numbers, aspect)
  drawings.delete(key)
  drawings.set(key, drawing)
  const [oldest] = drawings.keys()
  if (drawings.size > DRAWINGS_MAX && oldest !== undefined) drawings.delete(oldest)
  drawing.catch(() => drawings.delete(key))
  return drawing
}

const keys = new WeakMap<ChartModel, string>()

/** The same text for models that are drawn alike. */
const keyOf = (model: ChartModel): string => {
  const key =
    keys.get(model) ?? JSON.stringify([...model.nodes.values(), model.edges, model.dots, model.forks])
  keys.set(model, key)
  return key
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
