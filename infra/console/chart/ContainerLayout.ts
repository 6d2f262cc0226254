/**
 * The layout of the inside of one state by ELK: its children, dots and forks as boxes, and the segments among them.
 *
 * Owns the translation to a flat graph and back. Regions of a parallel state: RegionLayout.ts.
 */
import type { ChartNode } from "./ChartModel.ts"
import type { Box, Container, LayoutWork } from "./Container.ts"
import { placeHead } from "./ContainerHead.ts"
import type { Segment } from "./EdgeSegments.ts"
import {
  type Direction,
  type ElkEdge,
  type ElkNode,
  type ElkPort,
  elkBorderPoint,
  elkBox,
  elkEdge,
  elkPort,
  elkRoot,
  type Point,
  sidesOf,
} from "./ElkGraph.ts"
import type { Size } from "./StateContent.ts"

export const DOT_SIZE_PX = 12
const FORK_LENGTH_PX = 48
const FORK_WIDTH_PX = 5
/** Least distance between two ports of a state. */
const PORT_GAP_PX = 12

/** `wrapAspect`: break long chains into rows, see ElkGraph.ts. */
export const layoutFlat = async (
  work: LayoutWork,
  node: ChartNode,
  direction: Direction,
  wrapAspect?: number,
): Promise<Container> => {
  const inner = await innerOf(work, node, direction)
  const segments = work.segments.inside.get(node.path) ?? []
  const ends = new Ends(node, inner, segments, direction)
  const graph = elkRoot(
    direction,
    [...nodesIn(work, node, inner, ends, direction), ...ends.borderPoints()],
    edgesIn(work, segments, ends),
    wrapAspect,
  )
  return containerOf(work, node, direction, inner, segments, await work.elk(graph))
}

/** The children that have states inside. */
const innerOf = async (
  { model, inside }: LayoutWork,
  { children }: ChartNode,
  direction: Direction,
): Promise<ReadonlyMap<string, Container>> => {
  const inner = new Map<string, Container>()
  for (const path of children) {
    const child = model.nodes.get(path)
    if (child !== undefined && child.children.length > 0) inner.set(path, await inside(child, direction))
  }
  return inner
}

/** The ends of segments at ELK's nodes and ports. */
class Ends {
  readonly #node: ChartNode
  readonly #segments: ReadonlyArray<Segment>
  readonly #direction: Direction
  readonly #made = new Map<string, ReadonlyArray<ElkPort>>()

  constructor(
    node: ChartNode,
    inner: ReadonlyMap<string, Container>,
    segments: ReadonlyArray<Segment>,
    direction: Direction,
  ) {
    this.#node = node
    this.#segments = segments
    this.#direction = direction
    for (const [path, container] of inner) {
      if (container.ports.size > 0) this.#made.set(path, this.#portsOf(path, container))
    }
  }

  source({ edge, from: { node, port } }: Segment): string {
    return port ?? (this.#made.has(node) ? madeId(edge, "out") : node)
  }

  target({ edge, to: { node, port } }: Segment): string {
    return port ?? (this.#made.has(node) ? madeId(edge, "in") : node)
  }

  portsOf(path: string): Array<ElkPort> {
    return [...(this.#made.get(path) ?? [])]
  }

  borderPoints(): ReadonlyArray<ElkNode> {
    return this.#segments.flatMap(({ from, to }) => [
      ...(from.node === this.#node.path && from.port !== undefined ? [elkBorderPoint(from.port, "in")] : []),
      ...(to.node === this.#node.path && to.port !== undefined ? [elkBorderPoint(to.port, "out")] : []),
    ])
  }

  /** Ports at which segments go on inside, and ports for the edges of the state itself between them. */
  #portsOf(path: string, container: Container): ReadonlyArray<ElkPort> {
    const ports = [...container.ports].map(([id, at]) => elkPort(id, at, sideAt(at, container)))
    const outs = this.#segments.filter(({ from }) => from.node === path && from.port === undefined)
    const ins = this.#segments.filter(({ to }) => to.node === path && to.port === undefined)
    const along = this.#direction === "DOWN" ? "x" : "y"
    const length = this.#direction === "DOWN" ? container.width : container.height
    const end = this.#direction === "DOWN" ? container.height : container.width
    const sides = sidesOf(this.#direction)
    const add = (side: "in" | "out", segments: ReadonlyArray<Segment>): ReadonlyArray<ElkPort> => {
      const taken = ports
        .filter(({ layoutOptions }) => layoutOptions?.["elk.port.side"] === sides[side])
        .map((port) => port[along] ?? 0)
      const places = freePlaces(segments.length, length, taken)
      return segments.map(({ edge }, index) => {
        const place = places[index] ?? 0
        const across = side === "in" ? 0 : end
        const at = along === "x" ? { x: place, y: across } : { x: across, y: place }
        return elkPort(madeId(edge, side), at, sides[side])
      })
    }
    return [...ports, ...add("in", ins), ...add("out", outs)]
  }
}

const madeId = (edge: string, side: "in" | "out"): string => `${edge} (${side})`

/** Places that are spread over the length, and keep their distance from those that are taken. */
export const freePlaces = (
  count: number,
  length: number,
  taken: ReadonlyArray<number>,
): ReadonlyArray<number> => {
  const places: Array<number> = []
  const isFree = (place: number): boolean =>
    [...taken, ...places].every((other) => Math.abs(other - place) >= PORT_GAP_PX)
  for (let index = 1; index <= count; index++) {
    const wish = (length * index) / (count + 1)
    const steps = Array.from({ length: Math.ceil(length / PORT_GAP_PX) }, (_, step) => step * PORT_GAP_PX)
    const free = steps
      .flatMap((step) => [wish + step, wish - step])
      .find((place) => place > PORT_GAP_PX / 2 && place < length - PORT_GAP_PX / 2 && isFree(place))
    places.push(free ?? wish)
  }
  return places
}

const sideAt = ({ x, y }: Point, { width }: Size) =>
  y <= 0 ? "NORTH" : x <= 0 ? "WEST" : x >= width ? "EAST" : "SOUTH"

const nodesIn = (
  { model, states }: LayoutWork,
  node: ChartNode,
  inner: ReadonlyMap<string, Container>,
  ends: Ends,
  direction: Direction,
): ReadonlyArray<ElkNode> => {
  const isHere = ({ parent }: { readonly parent: string }): boolean => parent === node.path
  const dot = { width: DOT_SIZE_PX, height: DOT_SIZE_PX }
  const fork =
    direction === "DOWN"
      ? { width: FORK_LENGTH_PX, height: FORK_WIDTH_PX }
      : { width: FORK_WIDTH_PX, height: FORK_LENGTH_PX }
  return [
    ...model.dots.filter(isHere).map(({ id }) => elkBox(id, dot, [])),
    ...node.children.flatMap((path) => {
      const size = inner.get(path) ?? states.get(path)
      return size === undefined ? [] : [elkBox(path, size, ends.portsOf(path))]
    }),
    ...model.forks.filter(isHere).map(({ id }) => elkBox(id, fork, [])),
  ]
}

const edgesIn = ({ labels }: LayoutWork, segments: ReadonlyArray<Segment>, ends: Ends): Array<ElkEdge> =>
  segments.map((segment) =>
    elkEdge(
      segment.edge,
      ends.source(segment),
      ends.target(segment),
      segment.hasLabel ? labels.get(segment.edge) : undefined,
    ),
  )

const containerOf = (
  { states }: LayoutWork,
  node: ChartNode,
  direction: Direction,
  inner: ReadonlyMap<string, Container>,
  segments: ReadonlyArray<Segment>,
  laid: ElkNode,
): Container => {
  const found = new Map((laid.children ?? []).map((child) => [child.id, child]))
  const edges = new Map((laid.edges ?? []).map((edge) => [edge.id, edge]))
  const borders = segments.flatMap(({ edge, from, to }) => {
    const points = pointsOf(edges.get(edge))
    const isFrom = from.node === node.path && from.port !== undefined
    const isTo = to.node === node.path && to.port !== undefined
    return [
      ...(isFrom ? [{ id: from.port, side: "in" as const, at: points[0] ?? ORIGIN }] : []),
      ...(isTo ? [{ id: to.port, side: "out" as const, at: points.at(-1) ?? ORIGIN }] : []),
    ]
  })
  const crossings =
    direction === "DOWN" ? borders.filter(({ side }) => side === "in").map(({ at }) => at.x) : []
  const content = states.get(node.path) ?? { width: 0, height: 0 }
  const { head, body, size } = placeHead(content, sizeOf(laid), crossings)
  const moved = ({ x, y }: Point): Point => ({ x: x + body.x, y: y + body.y })
  const ports = new Map(
    borders.map(({ id, side, at }) => {
      const { x, y } = moved(at)
      const end = side === "in" ? 0 : direction === "DOWN" ? size.height : size.width
      return [id, direction === "DOWN" ? { x, y: end } : { x: end, y }] as const
    }),
  )
  const lineOf = ({ edge, from, to }: Segment): ReadonlyArray<Point> => {
    const start = from.node === node.path && from.port !== undefined ? ports.get(from.port) : undefined
    const end = to.node === node.path && to.port !== undefined ? ports.get(to.port) : undefined
    return [
      ...(start === undefined ? [] : [start]),
      ...pointsOf(edges.get(edge)).map(moved),
      ...(end === undefined ? [] : [end]),
    ]
  }
  return {
    ...size,
    direction,
    isRow: false,
    head,
    boxes: new Map(
      [...found]
        .filter(([id]) => !ports.has(id))
        .map(([id, box]) => [id, { ...moved(placeOf(box)), ...sizeOf(box) }]),
    ),
    ports,
    lines: new Map(segments.map((segment) => [segment.edge, lineOf(segment)])),
    labels: new Map(
      [...edges].flatMap(([id, { labels = [] }]) =>
        labels.map((label) => [id, moved(placeOf(label))] as const),
      ),
    ),
    inner,
  }
}

const ORIGIN: Point = { x: 0, y: 0 }

const sizeOf = ({ width = 0, height = 0 }: Partial<Size>): Size => ({ width, height })

const placeOf = ({ x = 0, y = 0 }: Partial<Box>): Point => ({ x, y })

const pointsOf = (edge: ElkEdge | undefined): ReadonlyArray<Point> =>
  (edge?.sections ?? []).flatMap(({ startPoint, bendPoints = [], endPoint }) => [
    startPoint,
    ...bendPoints,
    endPoint,
  ])
