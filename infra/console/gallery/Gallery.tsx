/**
 * One chart or one saga alone on a page, for tests that look at the drawing.
 *
 * Owns nothing that is shipped: the build of the package begins at ../main.tsx. The test puts what is to be drawn on
 * `window.shown` before the page loads, and reads the clicks from `window.clicks`.
 */
import "../style/fonts.css"
import "../style/tokens.css"
import "../style/shell.css"
import "../style/parts.css"
import { StrictMode } from "react"
import { createRoot } from "react-dom/client"
import SagaPicture, { type SagaPictureProps } from "../chart/SagaPicture.tsx"
import StateChart, { type StateChartProps } from "../chart/StateChart.tsx"

interface Shown {
  readonly theme: "light" | "dark"
  readonly chart?: StateChartProps
  readonly saga?: SagaPictureProps
}

declare global {
  var shown: Shown
  var clicks: Array<string>
}

const { theme, chart, saga } = globalThis.shown
globalThis.clicks = []
document.documentElement.dataset["theme"] = theme
const click = (name: string): void => {
  globalThis.clicks.push(name)
}
const root = document.querySelector("#gallery")
if (root === null) throw new Error("The page has no element for the gallery.")
createRoot(root).render(
  <StrictMode>
    {chart === undefined ? null : <StateChart {...chart} onState={click} onTransition={click} />}
    {saga === undefined ? null : <SagaPicture {...saga} onStep={click} />}
  </StrictMode>,
)
