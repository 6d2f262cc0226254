/**
 * The drawing of a statechart or of a saga's steps, whose code is loaded when it is shown.
 *
 * Owns the way to the drawings, which are in `chart/`.
 */
import { type ComponentType, lazy, Suspense } from "react"
import type { ChartState, Json } from "../api/Documents.ts"
import { text } from "../text/English.ts"
import { Loading } from "./Notice.tsx"

interface ChartPanelProps {
  readonly chart: ChartState
  readonly lit?: Json
  readonly counts?: Readonly<Record<string, number>>
  readonly coverage?: { readonly states: ReadonlyArray<string>; readonly transitions: ReadonlyArray<string> }
  readonly onState?: (path: string) => void
  readonly height?: number
}

interface SagaStep {
  readonly key: string
  readonly status: string
  readonly attempts: number
  readonly undoAttempts: number
  readonly reason?: string
}

interface StepsPanelProps {
  readonly steps: ReadonlyArray<SagaStep>
  readonly onStep?: (key: string) => void
}

type Drawing<Props> = () => Promise<{ readonly default: ComponentType<Props> }>

const drawings = import.meta.glob("../chart/{StateChart,SagaPicture}.tsx")

const drawing = <Props,>(name: string) => {
  const load = drawings[`../chart/${name}.tsx`] as Drawing<Props> | undefined
  return lazy(load ?? (async () => ({ default: () => <p className="quiet panel">{text.chart.none}</p> })))
}

const StateChart = drawing<ChartPanelProps>("StateChart")
const SagaPicture = drawing<StepsPanelProps>("SagaPicture")

export const ChartPanel = (props: ChartPanelProps) => (
  <Suspense fallback={<Loading />}>
    <StateChart {...props} />
  </Suspense>
)

export const StepsPanel = (props: StepsPanelProps) => (
  <Suspense fallback={<Loading />}>
    <SagaPicture {...props} />
  </Suspense>
)
