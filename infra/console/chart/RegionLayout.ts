/**
 * The layout of a parallel state: its regions in a row, or in a column, with a dashed line between two of them.
 *
 * Owns the row. Edges cross it straight from a region to the border. A parallel state with edges from one region to
 * another is laid out like any other state: ContainerLayout.ts.
 */
import type { ChartNode } from "./ChartModel.ts"
import type { Box, Container, LayoutWork } from "./Container.ts"
import { placeHead } from "./ContainerHead.ts"
import { freePlaces } from "./ContainerLayout.ts"
import type { Segment, SegmentEnd } from "./EdgeSegments.ts"
import type { Direction, Point } from "./ElkGraph.ts"
import type { Size } from "./StateContent.ts"

/** Whether every edge in the state goes from a region to its border or back. */
export const isRowOfRegions = (
  { model, segments }: LayoutWork,
  { type, path, children }: ChartNode,
): boolean =>
  type === "parallel" &&
  children.every((child) => model.nodes.get(child)?.type !== "history") &&
  (segments.inside.get(path) ?? []).every(({ from, to }) => (from.node === path) !== (to.node === path))

export const layoutRegions = async (
  work: LayoutWork,
  node: ChartNode,
  direction: Direction,
): Promise<Container> => {
  const inner = new Map<string, Container>()
  const sizes = new Map<string, Size>()
  for (const path of node.children) {
    const child = work.model.nodes.get(path)
    if (child === undefined) continue
    if (child.children.length > 0) inner.set(path, await work.inside(child, direction))
    sizes.set(path, inner.get(path) ?? work.states.get(path) ?? { width: 0, height: 0 })
  }
  const boxes = inARow(sizes, direction)
  const places = new Places(boxes, inner, direction)
  const lines = (work.segments.inside.get(node.path) ?? []).map((segment) => ({
    segment,
    ...places.lineOf(segment, node.path),
  }))
  const down = direction === "DOWN"
  const crossings = down ? lines.filter(({ isIn }) => isIn).map(({ at }) => at.x) : []
  const content = work.states.get(node.path) ?? { width: 0, height: 0 }
  const { head, body, size } = placeHead(content, sizeOfAll(boxes), crossings, 0)
  const moved = ({ x, y }: Point): Point => ({ x: x + body.x, y: y + body.y })
  const stretch = Math.max(0, size.width - body.x - sizeOfAll(boxes).width)
  const borderOf = (at: Point, isIn: boolean): Point => {
    const { x, y } = moved(at)
    return down ? { x, y: isIn ? 0 : size.height } : { x: isIn ? 0 : size.width, y }
  }
  return {
    ...size,
    direction,
    isRow: true,
    head,
    boxes: new Map(
      [...boxes].map(([path, box], index) => {
        const isWide = !down || index === boxes.size - 1
        return [path, { ...box, ...moved(box), width: box.width + (isWide ? stretch : 0) }]
      }),
    ),
    ports: new Map(lines.map(({ port, at, isIn }) => [port, borderOf(at, isIn)])),
    lines: new Map(
      lines.map(({ segment, at, isIn }) => [
        segment.edge,
        isIn ? [borderOf(at, isIn), moved(at)] : [moved(at), borderOf(at, isIn)],
      ]),
    ),
    labels: new Map(),
    inner,
  }
}

/** Boxes of the same height side by side, or of the same width one below the other. */
const inARow = (sizes: ReadonlyMap<string, Size>, direction: Direction): ReadonlyMap<string, Box> => {
  const all = [...sizes.values()]
  const width = Math.max(0, ...all.map((size) => size.width))
  const height = Math.max(0, ...all.map((size) => size.height))
  let place = 0
  const boxes = new Map<string, Box>()
  for (const [path, size] of sizes) {
    const box =
      direction === "DOWN"
        ? { x: place, y: 0, width: size.width, height }
        : { x: 0, y: place, width, height: size.height }
    boxes.set(path, box)
    place += direction === "DOWN" ? box.width : box.height
  }
  return boxes
}

const sizeOfAll = (boxes: ReadonlyMap<string, Box>): Size => ({
  width: Math.max(0, ...[...boxes.values()].map(({ x, width }) => x + width)),
  height: Math.max(0, ...[...boxes.values()].map(({ y, height }) => y + height)),
})

interface StraightLine {
  /** The end at the region; the other end is on the border. */
  readonly at: Point
  readonly isIn: boolean
  /** Port on the border. */
  readonly port: string
}

/** Where edges meet regions. */
class Places {
  readonly #boxes: ReadonlyMap<string, Box>
  readonly #inner: ReadonlyMap<string, Container>
  readonly #direction: Direction
  readonly #taken = new Map<string, Array<number>>()

  constructor(boxes: ReadonlyMap<string, Box>, inner: ReadonlyMap<string, Container>, direction: Direction) {
    this.#boxes = boxes
    this.#inner = inner
    this.#direction = direction
  }

  lineOf({ from, to }: Segment, container: string): StraightLine {
    const isIn = from.node === container
    return { at: this.#at(isIn ? to : from, isIn), isIn, port: (isIn ? from : to).port ?? "" }
  }

  #at({ node, port }: SegmentEnd, isIn: boolean): Point {
    const box = this.#boxes.get(node) ?? { x: 0, y: 0, width: 0, height: 0 }
    const inside = port === undefined ? undefined : this.#inner.get(node)?.ports.get(port)
    if (inside !== undefined) return { x: box.x + inside.x, y: box.y + inside.y }
    const down = this.#direction === "DOWN"
    const key = `${node} ${isIn}`
    const taken = this.#taken.get(key) ?? [...this.#portsAt(node, isIn)]
    const length = down ? box.width : box.height
    const [place = length / 2] = freePlaces(1, length * 1.6, taken)
    taken.push(place)
    this.#taken.set(key, taken)
    const across = isIn ? 0 : down ? box.height : box.width
    return down ? { x: box.x + place, y: box.y + across } : { x: box.x + across, y: box.y + place }
  }

  #portsAt(node: string, isIn: boolean): ReadonlyArray<number> {
    const ports = [...(this.#inner.get(node)?.ports.values() ?? [])]
    const down = this.#direction === "DOWN"
    return ports.filter((port) => ((down ? port.y : port.x) === 0) === isIn).map(({ x, y }) => (down ? x : y))
  }
}
