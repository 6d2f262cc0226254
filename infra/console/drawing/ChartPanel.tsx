/**
 * The drawings of a statechart and of a saga's steps, whose code is loaded when they are shown.
 *
 * Owns the way to the drawings, which are in `chart/`. A build without the drawing of statecharts says so.
 */
import { type ComponentProps, type ComponentType, lazy, Suspense } from "react"
import type { ChartState, Json } from "../api/Documents.ts"
import { Loading, Notice } from "../parts/Notice.tsx"
import { text } from "../text/English.ts"

interface ChartPanelProps {
  readonly chart: ChartState
  /** The state to light up, as XState has it. */
  readonly lit?: Json | undefined
  /** Number of actors by the path of their state. */
  readonly counts?: Readonly<Record<string, number>> | undefined
  /** Number of commits by the key of the transition. */
  readonly traffic?: Readonly<Record<string, number>> | undefined
  /** What a simulation never reached. */
  readonly coverage?:
    | { readonly states: ReadonlyArray<string>; readonly transitions: ReadonlyArray<string> }
    | undefined
  readonly onState?: ((path: string) => void) | undefined
  readonly height?: number | undefined
}

type Drawing = () => Promise<{ readonly default: ComponentType<ChartPanelProps> }>

const drawings = import.meta.glob("../chart/StateChart.tsx")

const NoDrawing = () => <Notice title={text.chart.none} />

const StateChart = lazy(
  (drawings["../chart/StateChart.tsx"] as Drawing | undefined) ?? (async () => ({ default: NoDrawing })),
)
const SagaPicture = lazy(() => import("../chart/SagaPicture.tsx"))

export const ChartPanel = (props: ChartPanelProps) => (
  <Suspense fallback={<Loading />}>
    <StateChart {...props} />
  </Suspense>
)

export const StepsPanel = (props: ComponentProps<typeof SagaPicture>) => (
  <Suspense fallback={<Loading />}>
    <SagaPicture {...props} />
  </Suspense>
)
