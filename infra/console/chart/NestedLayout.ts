/**
 * The layout of a chart: every state with states inside is laid out by itself, from the inside out.
 *
 * Owns the order of the work and the choice of directions. A state's own inside: ContainerLayout.ts. The result has
 * places relative to each state: ChartGeometry.ts makes one drawing of them.
 */
import type { ChartModel, ChartNode } from "./ChartModel.ts"
import type { Container, LayoutWork } from "./Container.ts"
import { layoutFlat } from "./ContainerLayout.ts"
import { edgeSegments, type Segments } from "./EdgeSegments.ts"
import type { Direction, Elk } from "./ElkGraph.ts"
import { isRowOfRegions, layoutRegions } from "./RegionLayout.ts"
import {
  type LabelContent,
  labelContent,
  type Numbers,
  type Size,
  type StateContent,
  stateContent,
} from "./StateContent.ts"
import type { MeasureText } from "./TextMeasure.ts"

export interface LayoutOptions {
  readonly numbers: Numbers
  readonly measure: MeasureText
  /** Width of the place for the drawing, divided by its height. */
  readonly aspect: number
}

export interface ChartLayout {
  readonly root: Container
  readonly segments: Segments
  readonly states: ReadonlyMap<string, StateContent>
  readonly labels: ReadonlyMap<string, LabelContent>
}

/** Good shape of a state inside of others: its width divided by its height. */
const INNER_ASPECT = 1.5
/** A drawing of the first direction is taken if it is not longer than this many times the least length of its area. */
const GOOD_LENGTH = 1.25
/** A drawing whose better direction is this many times longer than its place is broken into rows. */
const WRAP_FROM = 2.2
/** Edges for each state, at most, of a chart that is worth breaking: of others ELK makes no better rows. */
const CHAIN_EDGES_MAX = 1.8

export const layoutChart = async (
  model: ChartModel,
  elk: Elk,
  { numbers, measure, aspect }: LayoutOptions,
): Promise<ChartLayout> => {
  const segments = edgeSegments(model)
  const states = new Map(
    [...model.nodes.values()].map((node) => [node.path, stateContent(node, numbers, measure)]),
  )
  const labels = new Map(
    model.edges.flatMap((edge) => {
      const content = labelContent(edge, numbers, measure)
      return content === undefined ? [] : [[edge.id, content] as const]
    }),
  )
  const made = new Map<string, Promise<Container>>()
  const make = (node: ChartNode, direction: Direction): Promise<Container> => {
    const key = `${direction} ${node.path}`
    const known = made.get(key)
    if (known !== undefined) return known
    const container = isRowOfRegions(work, node)
      ? layoutRegions(work, node, direction)
      : layoutFlat(work, node, direction)
    made.set(key, container)
    return container
  }
  const work: LayoutWork = {
    model,
    segments,
    states,
    labels,
    elk,
    // Edges that cross its border want it to run in the direction of its parent.
    inside: async (node, direction) =>
      segments.ports.has(node.path)
        ? make(node, direction)
        : betterDirection((one) => make(node, one), INNER_ASPECT),
  }
  const best = await betterDirection((direction) => make(model.root, direction), aspect)
  const edgeCount = segments.inside.get(model.root.path)?.length ?? 0
  const isChain = edgeCount <= CHAIN_EDGES_MAX * model.root.children.length
  const wrapped: Array<Container> = []
  if (isChain && !best.isRow && stretchOf(best, aspect) > WRAP_FROM) {
    for (const direction of ["DOWN", "RIGHT"] as const) {
      wrapped.push(await layoutFlat(work, model.root, direction, aspect))
    }
  }
  return { root: bestOf([best, ...wrapped.filter(isOrthogonal)], aspect), segments, states, labels }
}

/** ELK leaves out the bends of some edges that it breaks into rows. */
const isOrthogonal = ({ lines }: Container): boolean =>
  [...lines.values()].every((points) =>
    points.every((point, index) => {
      const before = points[index - 1]
      return before === undefined || Math.min(Math.abs(point.x - before.x), Math.abs(point.y - before.y)) < 1
    }),
  )

/** The container in the direction that suits the place. Each layout takes long, so a good one is not compared. */
const betterDirection = async (
  make: (direction: Direction) => Promise<Container>,
  aspect: number,
): Promise<Container> => {
  const down = await make("DOWN")
  if (stretchOf(down, aspect) <= GOOD_LENGTH) return down
  return bestOf([down, await make("RIGHT")], aspect)
}

/** Height of the smallest place with this aspect that the container fits into. */
const lengthOf = ({ width, height }: Size, aspect: number): number => Math.max(width / aspect, height)

/** How many times longer the container is than a container of its area in the shape of the place. */
const stretchOf = (size: Size, aspect: number): number =>
  lengthOf(size, aspect) / Math.sqrt((size.width * size.height) / aspect)

const bestOf = (containers: ReadonlyArray<Container>, aspect: number): Container =>
  containers.reduce((best, one) => (lengthOf(one, aspect) < lengthOf(best, aspect) ? one : best))
