/**
 * One drawing of a laid out chart: boxes, lines and texts with their places on the canvas.
 *
 * Owns absolute places and the paths of lines. The layout is relative: NestedLayout.ts.
 */
import type { ChartEdge, ChartModel, ChartNode } from "./ChartModel.ts"
import type { Box, Container } from "./Container.ts"
import type { Direction, Point } from "./ElkGraph.ts"
import type { ChartLayout } from "./NestedLayout.ts"
import type { LabelContent, StateContent } from "./StateContent.ts"

export interface DrawnState {
  readonly node: ChartNode
  readonly box: Box
  /** Left upper corner of the block with name and lines. */
  readonly head: Point
  readonly content: StateContent
  /** True: the state is a region that is divided from its neighbours by dashes alone. */
  readonly isBare: boolean
  readonly isContainer: boolean
}

export interface DrawnEdge {
  readonly edge: ChartEdge
  readonly points: ReadonlyArray<Point>
  readonly path: string
  /** `isBefore`: the label is on the left of its line, so its texts end at the line. */
  readonly label?: { readonly box: Box; readonly content: LabelContent; readonly isBefore: boolean }
}

export interface Stroke {
  readonly from: Point
  readonly to: Point
}

export interface ChartGeometry {
  readonly width: number
  readonly height: number
  readonly direction: Direction
  /** Parents come before their children. */
  readonly states: ReadonlyArray<DrawnState>
  readonly edges: ReadonlyArray<DrawnEdge>
  readonly dots: ReadonlyArray<Box>
  readonly forks: ReadonlyArray<Box>
  readonly dividers: ReadonlyArray<Stroke>
}

/** Free space around the drawing. */
const MARGIN_PX = 16
const CORNER_PX = 7

export const chartGeometry = (model: ChartModel, layout: ChartLayout): ChartGeometry => {
  const places = new Map<string, Point>()
  const states: Array<DrawnState> = []
  const dividers: Array<Stroke> = []
  const others = new Map<string, Box>()
  const add = (path: string, box: Box, container: Container | undefined, isBare: boolean): void => {
    const node = model.nodes.get(path)
    const content = layout.states.get(path)
    if (node === undefined || content === undefined) {
      others.set(path, box)
      return
    }
    places.set(path, box)
    const head = container === undefined ? leafHead(box, content) : sum(box, container.head)
    states.push({ node, box, head, content, isBare, isContainer: container !== undefined })
    if (container === undefined) return
    if (container.isRow) dividers.push(...dividersOf(box, container))
    for (const [inner, place] of container.boxes) {
      add(inner, { ...place, ...sum(box, place) }, container.inner.get(inner), container.isRow)
    }
  }
  const { root } = layout
  const origin = { x: MARGIN_PX, y: MARGIN_PX }
  add(
    model.root.path,
    { ...origin, width: root.width, height: root.height },
    rootContainer(model, root),
    false,
  )
  const containers = containersOf(model.root.path, root)
  const drawn = model.edges.flatMap((edge): ReadonlyArray<DrawnEdge> => {
    const points: Array<Point> = []
    let label: Point | undefined
    for (const { container: path, hasLabel } of layout.segments.ofEdge.get(edge.id) ?? []) {
      const container = containers.get(path)
      const place = places.get(path) ?? origin
      points.push(...(container?.lines.get(edge.id) ?? []).map((point) => sum(place, point)))
      const at = container?.labels.get(edge.id)
      if (hasLabel && at !== undefined) label = sum(place, at)
    }
    const content = layout.labels.get(edge.id)
    const straight = withoutNeedlessPoints(points)
    return [
      {
        edge,
        points: straight,
        path: pathOf(straight),
        ...(label === undefined || content === undefined
          ? {}
          : {
              label: labelAt({ ...label, width: content.width, height: content.height }, content, straight),
            }),
      },
    ]
  })
  const boxesOf = (ids: ReadonlyArray<{ readonly id: string }>): ReadonlyArray<Box> =>
    ids.flatMap(({ id }) => others.get(id) ?? [])
  return {
    width: root.width + 2 * MARGIN_PX,
    height: root.height + 2 * MARGIN_PX,
    direction: root.direction,
    states,
    edges: drawn,
    dots: boxesOf(model.dots),
    forks: boxesOf(model.forks),
    dividers,
  }
}

const labelAt = (
  box: Box,
  content: LabelContent,
  points: ReadonlyArray<Point>,
): NonNullable<DrawnEdge["label"]> => {
  const beside = points.slice(1).flatMap((to, index) => {
    const from = points[index] ?? to
    const isUpright = Math.abs(from.x - to.x) < 0.5
    const isAtHeight = Math.min(from.y, to.y) < box.y + box.height && box.y < Math.max(from.y, to.y)
    return isUpright && isAtHeight ? [from.x] : []
  })
  const distanceTo = (x: number): number => Math.min(...beside.map((line) => Math.abs(line - x)))
  return {
    box,
    content,
    isBefore: beside.length > 0 && distanceTo(box.x + box.width) < distanceTo(box.x),
  }
}

/** A machine may have one state only. */
const rootContainer = ({ root }: ChartModel, container: Container): Container | undefined =>
  root.children.length === 0 ? undefined : container

const sum = (left: Point, right: Point): Point => ({ x: left.x + right.x, y: left.y + right.y })

/** The content of a state without states inside stands in the middle of its box. */
const leafHead = (box: Box, { width, height }: StateContent): Point => ({
  x: box.x + (box.width - width) / 2,
  y: box.y + (box.height - height) / 2,
})

const containersOf = (path: string, container: Container): ReadonlyMap<string, Container> =>
  new Map([
    [path, container] as const,
    ...[...container.inner].flatMap(([inner, one]) => [...containersOf(inner, one)]),
  ])

const dividersOf = (box: Box, { direction, boxes, height, width }: Container): ReadonlyArray<Stroke> => {
  const regions = [...boxes.values()]
  const [first] = regions
  if (first === undefined) return []
  const right = box.x + width
  const bottom = box.y + height
  const top = box.y + first.y
  const below = regions
    .slice(1)
    .map(
      (region): Stroke =>
        direction === "DOWN"
          ? { from: { x: box.x + region.x, y: top }, to: { x: box.x + region.x, y: bottom } }
          : { from: { x: box.x, y: box.y + region.y }, to: { x: right, y: box.y + region.y } },
    )
  return [{ from: { x: box.x, y: top }, to: { x: right, y: top } }, ...below]
}

/** Points in the middle of a straight line are left out: segments meet there. */
const withoutNeedlessPoints = (points: ReadonlyArray<Point>): ReadonlyArray<Point> =>
  points.filter((point, index) => {
    const before = points[index - 1]
    const after = points[index + 1]
    if (before === undefined) return true
    if (isNear(before, point)) return false
    if (after === undefined) return true
    return !isOnLine(before, point, after)
  })

const isNear = (left: Point, right: Point): boolean =>
  Math.abs(left.x - right.x) < 0.5 && Math.abs(left.y - right.y) < 0.5

const isOnLine = (before: Point, { x, y }: Point, after: Point): boolean =>
  (Math.abs(before.x - x) < 0.5 && Math.abs(after.x - x) < 0.5) ||
  (Math.abs(before.y - y) < 0.5 && Math.abs(after.y - y) < 0.5)

/** The line with round corners, as the `d` of an SVG path. */
const pathOf = (points: ReadonlyArray<Point>): string =>
  points
    .map((point, index) => {
      const before = points[index - 1]
      const after = points[index + 1]
      if (before === undefined) return `M${at(point)}`
      if (after === undefined) return `L${at(point)}`
      return `L${at(towards(point, before))}Q${at(point)} ${at(towards(point, after))}`
    })
    .join("")

const at = ({ x, y }: Point): string => `${round(x)} ${round(y)}`

const round = (value: number): number => Math.round(value * 10) / 10

/** The point on the way to `other` where the corner begins. */
const towards = (corner: Point, other: Point): Point => {
  const distance = Math.hypot(other.x - corner.x, other.y - corner.y)
  const part = distance === 0 ? 0 : Math.min(CORNER_PX, distance / 2) / distance
  return { x: corner.x + (other.x - corner.x) * part, y: corner.y + (other.y - corner.y) * part }
}
