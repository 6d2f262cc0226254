/** A state: its shape, its colour, its name. */
import type { ChartState } from "../api/Documents.ts"
import { text } from "../text/English.ts"
import { type Shape, stateLook, stateText } from "./StateLook.ts"

const PATHS: { readonly [shape in Exclude<Shape, "circle" | "ring">]: string } = {
  square: "M2 2h8v8H2z",
  diamond: "M6 .8 11.2 6 6 11.2.8 6z",
  triangle: "M6 1.2 11.4 10.6H.6z",
  pentagon: "M6 .8 11.3 4.7 9.3 11H2.7L.7 4.7z",
  bar: "M1 4h10v4H1z",
  cross: "M2.5.8 6 4.3 9.5.8l1.7 1.7L7.7 6l3.5 3.5-1.7 1.7L6 7.7l-3.5 3.5L.8 9.5 4.3 6 .8 2.5z",
}

/** The shape alone, 12 by 12, for a place inside of another drawing. It has the current colour. */
export const ShapeGlyph = ({ shape }: { readonly shape: Shape }) =>
  shape === "circle" ? (
    <circle cx="6" cy="6" r="5" fill="currentColor" />
  ) : shape === "ring" ? (
    <g fill="none" stroke="currentColor" strokeWidth="1.4">
      <circle cx="6" cy="6" r="5" />
      <circle cx="6" cy="6" r="2" />
    </g>
  ) : (
    <path d={PATHS[shape]} fill="currentColor" />
  )

export const ShapeMark = ({ shape, colour }: { readonly shape: Shape; readonly colour: string }) => (
  <svg width="12" height="12" viewBox="0 0 12 12" aria-hidden="true" style={{ color: colour }}>
    <ShapeGlyph shape={shape} />
  </svg>
)

export const StateMark = ({
  state,
  chart,
}: {
  readonly state: string | undefined
  readonly chart?: ChartState | undefined
}) => {
  const name = state === undefined || state === "" ? text.state.unknown : stateText(state)
  return (
    <span className="state" title={name}>
      <ShapeMark {...stateLook(state, chart)} />
      <span>{name}</span>
    </span>
  )
}
