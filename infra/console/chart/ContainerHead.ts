/**
 * The place of a container's head (its name and lines), and of what is below it.
 *
 * Owns the rule that no line crosses the head: lines that come in from above pass beside it.
 */
import type { Point } from "./ElkGraph.ts"
import type { Size } from "./StateContent.ts"

export const INNER_PADDING_PX = 16
/** Free space between a line and a head. */
const HEAD_GAP_PX = 8
/** Free space below the head. */
const BELOW_HEAD_PX = 10

export interface HeadPlace {
  readonly head: Point
  /** Where the inside begins. */
  readonly body: Point
  readonly size: Size
}

/**
 * `crossings`: the x of each line that passes the head, measured from the body's left edge. The head goes into the
 * first gap that is wide enough; without one, the body moves to the right of the head.
 */
export const placeHead = (
  head: Size,
  body: Size,
  crossings: ReadonlyArray<number>,
  padding = INNER_PADDING_PX,
): HeadPlace => {
  const top = head.height + BELOW_HEAD_PX
  const widthOf = (left: number): number => Math.max(left + body.width + padding, head.width)
  const lines = crossings.map((x) => x + padding)
  const width = widthOf(padding)
  const starts = [0, ...lines.map((x) => x + HEAD_GAP_PX)].sort((left, right) => left - right)
  const gap = starts.find(
    (start) =>
      start + head.width <= width &&
      lines.every((x) => x < start - HEAD_GAP_PX / 2 || x > start + head.width + HEAD_GAP_PX),
  )
  const left = gap === undefined ? Math.max(padding, head.width + HEAD_GAP_PX) : padding
  return {
    head: { x: gap ?? 0, y: 0 },
    body: { x: left, y: top },
    size: { width: widthOf(left), height: top + body.height + padding },
  }
}
