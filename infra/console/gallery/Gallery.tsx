/**
 * One chart or one saga alone on a page, for tests that look at the drawing.
 *
 * Owns nothing that is shipped: the build of the package begins at ../main.tsx. The test calls `window.show` with what
 * is to be drawn, as often as it likes, and reads the clicks from `window.clicks`.
 */
import "../style/fonts.css"
import "../style/tokens.css"
import "../style/shell.css"
import "../style/parts.css"
import { StrictMode } from "react"
import { flushSync } from "react-dom"
import { createRoot } from "react-dom/client"
import SagaPicture, { type SagaPictureProps } from "../chart/SagaPicture.tsx"
import StateChart, { type StateChartProps } from "../chart/StateChart.tsx"

interface Shown {
  readonly theme: "light" | "dark"
  readonly chart?: StateChartProps
  readonly saga?: SagaPictureProps
}

declare global {
  var show: (shown: Shown) => void
  var clicks: Array<string>
}

const click = (name: string): void => {
  globalThis.clicks.push(name)
}
const root = document.querySelector("#gallery")
if (root === null) throw new Error("The page has no element for the gallery.")
const drawn = createRoot(root)
let shownCount = 0
globalThis.show = ({ theme, chart, saga }) => {
  globalThis.clicks = []
  document.documentElement.dataset["theme"] = theme
  // Nothing of the drawing before is on the page when this returns.
  flushSync(() =>
    drawn.render(
      <StrictMode key={++shownCount}>
        {chart === undefined ? null : <StateChart {...chart} onState={click} onTransition={click} />}
        {saga === undefined ? null : <SagaPicture {...saga} onStep={click} />}
      </StrictMode>,
    ),
  )
}
