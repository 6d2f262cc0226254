/**
 * Where a reader stands over a drawing: pan, zoom, fit.
 *
 * Owns the arithmetic and its limits. A point of the drawing is on the screen at `x + scale * point.x`.
 */
import type { Box } from "./Container.ts"
import type { Point } from "./ElkGraph.ts"
import type { Size } from "./StateContent.ts"

export interface View extends Point {
  readonly scale: number
}

const SCALE_MIN = 0.04
const SCALE_MAX = 3
/** Below this scale, labels cannot be read: the drawing shows names alone. */
export const FAR_SCALE = 0.45
/** A whole drawing that is smaller than this is not opened as a whole. */
const WHOLE_SCALE_MIN = 0.72
/** Scale at which a drawing that does not fit is opened. */
const READING_SCALE = 0.85
/** A whole drawing is not shown larger than this. */
const FIT_SCALE_MAX = 1.15

const clamp = (scale: number): number => Math.min(SCALE_MAX, Math.max(SCALE_MIN, scale))

/** Place of the tools in the upper right corner of the canvas. */
const TOOLS: Size = { width: 160, height: 48 }

/**
 * The whole drawing in the middle of the canvas, or below the tools where it would be under them and can still be read
 * below them.
 */
export const fitView = (drawing: Size, canvas: Size): View => {
  const view = middleView(drawing, canvas)
  const isUnderTools =
    view.x + drawing.width * view.scale > canvas.width - TOOLS.width && view.y < TOOLS.height
  if (!isUnderTools) return view
  const below = middleView(drawing, { width: canvas.width, height: canvas.height - TOOLS.height })
  const isTooSmall = below.scale < WHOLE_SCALE_MIN && view.scale >= WHOLE_SCALE_MIN
  return isTooSmall ? view : { ...below, y: below.y + TOOLS.height }
}

const middleView = (drawing: Size, canvas: Size): View => {
  const scale = clamp(Math.min(FIT_SCALE_MAX, canvas.width / drawing.width, canvas.height / drawing.height))
  return {
    scale,
    x: (canvas.width - drawing.width * scale) / 2,
    y: (canvas.height - drawing.height * scale) / 2,
  }
}

/** `point` on the screen stays where it is. */
export const zoomAt = (view: View, factor: number, point: Point): View => {
  const scale = clamp(view.scale * factor)
  const ratio = scale / view.scale
  return { scale, x: point.x - (point.x - view.x) * ratio, y: point.y - (point.y - view.y) * ratio }
}

/** The middle of the box in the middle of the canvas. */
export const centerOn = (box: Box, canvas: Size, scale: number): View => ({
  scale,
  x: canvas.width / 2 - (box.x + box.width / 2) * scale,
  y: canvas.height / 2 - (box.y + box.height / 2) * scale,
})

/** Moves the view as little as possible so that the box is on the canvas. */
export const bringIntoView = (view: View, box: Box, canvas: Size): View => ({
  ...view,
  x: shifted(view.x, box.x * view.scale, box.width * view.scale, canvas.width),
  y: shifted(view.y, box.y * view.scale, box.height * view.scale, canvas.height),
})

/** Least distance between a state in view and the edge of the canvas. */
const EDGE_PX = 16

const shifted = (offset: number, start: number, length: number, canvas: number): number => {
  if (offset + start < EDGE_PX || length > canvas - 2 * EDGE_PX) return EDGE_PX - start
  return Math.min(offset, canvas - EDGE_PX - start - length)
}

/**
 * The view in which a drawing is opened: all of it if it can be read, or else `focus` in the middle at a scale for
 * reading. Without a focus it begins at the start of the drawing.
 */
export const firstView = (drawing: Size, canvas: Size, focus: Box | undefined, start: Box): View => {
  const whole = fitView(drawing, canvas)
  if (whole.scale >= WHOLE_SCALE_MIN) return whole
  if (focus !== undefined) return within(centerOn(focus, canvas, READING_SCALE), drawing, canvas)
  return within(centerOn(start, canvas, READING_SCALE), drawing, canvas)
}

/** No empty canvas beside the drawing as long as the drawing is larger. */
const within = (view: View, { width, height }: Size, canvas: Size): View => ({
  ...view,
  x: bounded(view.x, width * view.scale, canvas.width),
  y: bounded(view.y, height * view.scale, canvas.height),
})

const bounded = (offset: number, length: number, canvas: number): number =>
  length <= canvas ? (canvas - length) / 2 : Math.min(0, Math.max(canvas - length, offset))

export type ArrowKey = "ArrowLeft" | "ArrowRight" | "ArrowUp" | "ArrowDown"

const STEPS: Readonly<Record<ArrowKey, Point>> = {
  ArrowLeft: { x: -1, y: 0 },
  ArrowRight: { x: 1, y: 0 },
  ArrowUp: { x: 0, y: -1 },
  ArrowDown: { x: 0, y: 1 },
}

export const isArrowKey = (key: string): key is ArrowKey => Object.hasOwn(STEPS, key)

/** How much more a step to the side counts than a step ahead. */
const SIDEWAYS = 2.5

/** Index of the next box in the direction of the key; `undefined` if there is none. */
export const nextBox = (boxes: ReadonlyArray<Box>, from: number, key: ArrowKey): number | undefined => {
  const start = boxes[from]
  if (start === undefined) return undefined
  const step = STEPS[key]
  let best: number | undefined
  let bestCost = Number.POSITIVE_INFINITY
  for (const [index, box] of boxes.entries()) {
    const dx = middle(box).x - middle(start).x
    const dy = middle(box).y - middle(start).y
    const ahead = dx * step.x + dy * step.y
    const aside = Math.abs(dx * step.y) + Math.abs(dy * step.x)
    const cost = ahead + SIDEWAYS * aside
    if (index === from || ahead < 4 || cost >= bestCost) continue
    best = index
    bestCost = cost
  }
  return best
}

/** The left upper part of a state stands for it, because that is where its name is. */
const middle = ({ x, y, width }: Box): Point => ({ x: x + Math.min(width, 120) / 2, y: y + 16 })
