/**
 * The drawings of a statechart and of a saga's steps, whose code is loaded when they are shown.
 *
 * Owns the way to the drawings, which are in `chart/`.
 */
import { type ComponentProps, lazy, Suspense } from "react"
import { patiently } from "../api/Connection.ts"
import { Loading } from "../parts/Notice.tsx"

// A page that has a chart asks for its data at the same time. What fails now is loaded again by `lazy`.
void import("../chart/StateChart.tsx").catch(() => undefined)

const StateChart = lazy(() => patiently(() => import("../chart/StateChart.tsx")))
const SagaPicture = lazy(() => patiently(() => import("../chart/SagaPicture.tsx")))

export const ChartPanel = (props: ComponentProps<typeof StateChart>) => (
  <Suspense fallback={<Loading />}>
    <StateChart {...props} />
  </Suspense>
)

export const StepsPanel = (props: ComponentProps<typeof SagaPicture>) => (
  <Suspense fallback={<Loading />}>
    <SagaPicture {...props} />
  </Suspense>
)
