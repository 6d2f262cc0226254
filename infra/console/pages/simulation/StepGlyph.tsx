/** The mark of a kind of step: the same shape in the lanes, in the list and in the legend. */
import { text } from "../../text/English.ts"
import type { StepKind } from "./RunSteps.ts"

/** Paths around the origin, about 10 px wide. */
export const GLYPHS: { readonly [kind in StepKind]?: string } = {
  violation: "M-4 -4L4 4M-4 4L4 -4",
  fault: "M0 -5L5 4H-5Z",
  life: "M0 -5L5 0L0 5L-5 0Z",
  commit: "M0 -6V6",
  ask: "M-3 0A3 3 0 1 0 3 0A3 3 0 1 0 -3 0",
  failed: "M-4 -3H4M-4 3H4",
}

export const Glyph = ({ kind }: { readonly kind: StepKind }) => (
  <svg width="14" height="14" viewBox="-7 -7 14 14" className={`sim-glyph is-${kind}`} role="img">
    <title>{text.simulation.steps.kind[kind]}</title>
    <path d={GLYPHS[kind] ?? ""} />
  </svg>
)
