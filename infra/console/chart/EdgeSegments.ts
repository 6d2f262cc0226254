/**
 * Cuts each edge at the borders of the states that it crosses, so that every state can be laid out by itself.
 *
 * Owns segments and the ports at which they meet. Who lays them out: NestedLayout.ts. An edge between two states of
 * one parent is one segment. An edge that leaves a state with states inside has a segment in it, a port on its
 * border, and goes on in the parent.
 */
import type { ChartEdge, ChartModel } from "./ChartModel.ts"
import { ROOT_PATH } from "./ChartModel.ts"

/** A point on the border of `on`: edges come in or go out there. */
export interface Port {
  readonly id: string
  readonly on: string
  readonly side: "in" | "out"
}

/** End of a segment: a state, dot or fork in the container, or a port on one of them or on the container itself. */
export interface SegmentEnd {
  readonly node: string
  readonly port?: string
}

export interface Segment {
  readonly edge: string
  /** Path of the state in which the segment is drawn. */
  readonly container: string
  readonly from: SegmentEnd
  readonly to: SegmentEnd
  readonly hasLabel: boolean
}

export interface Segments {
  /** By container, in the order of the edges. */
  readonly inside: ReadonlyMap<string, ReadonlyArray<Segment>>
  /** By edge, from its source to its target. */
  readonly ofEdge: ReadonlyMap<string, ReadonlyArray<Segment>>
  /** By the path of the state whose border they are on. */
  readonly ports: ReadonlyMap<string, ReadonlyArray<Port>>
}

export const edgeSegments = (model: ChartModel): Segments => {
  const homes = new Map([...model.dots, ...model.forks].map(({ id, parent }) => [id, parent]))
  const parentOf = (id: string): string | undefined => homes.get(id) ?? model.nodes.get(id)?.parent
  const inside = new Map<string, Array<Segment>>()
  const ofEdge = new Map<string, ReadonlyArray<Segment>>()
  const ports = new Map<string, Array<Port>>()
  for (const edge of model.edges) {
    const cut = cutEdge(edge, parentOf)
    for (const port of cut.ports) append(ports, port.on, port)
    const labelled = cut.segments.findIndex(({ container }) => !isRow(model, container))
    const segments = cut.segments.map((segment, index) => ({
      ...segment,
      hasLabel: edge.labels.length > 0 && index === Math.max(0, labelled),
    }))
    for (const segment of segments) append(inside, segment.container, segment)
    ofEdge.set(edge.id, segments)
  }
  return { inside, ofEdge, ports }
}

/** The regions of a parallel state stand side by side, so there is no room for labels between them. */
const isRow = (model: ChartModel, path: string): boolean => model.nodes.get(path)?.type === "parallel"

const append = <Item>(lists: Map<string, Array<Item>>, key: string, item: Item): void => {
  const list = lists.get(key)
  if (list === undefined) lists.set(key, [item])
  else list.push(item)
}

interface Cut {
  readonly segments: ReadonlyArray<Omit<Segment, "hasLabel">>
  readonly ports: ReadonlyArray<Port>
}

const cutEdge = (
  { id, source, target }: Pick<ChartEdge, "id" | "source" | "target">,
  parentOf: (id: string) => string | undefined,
): Cut => {
  const segments: Array<Omit<Segment, "hasLabel">> = []
  const ports: Array<Port> = []
  const portOn = (on: string, side: Port["side"]): SegmentEnd => {
    const port = `${id} @ ${on} ${side}`
    ports.push({ id: port, on, side })
    return { node: on, port }
  }
  const above = parentsOf(source, parentOf)
  const below = parentsOf(target, parentOf)
  const common = commonOf(source, target, above, below)
  let end: SegmentEnd = common === source && source !== target ? portOn(source, "in") : { node: source }
  const add = (container: string, to: SegmentEnd): void => {
    segments.push({ edge: id, container, from: end, to })
    end = to
  }
  const upwards = common === source && source !== target ? [] : before(above, common)
  for (const container of upwards) add(container, portOn(container, "out"))
  const downwards = common === target && source !== target ? [] : before(below, common).toReversed()
  for (const [index, inner] of downwards.entries()) {
    add(index === 0 ? common : (downwards[index - 1] as string), portOn(inner, "in"))
  }
  const last = downwards.at(-1) ?? common
  add(last, common === target && source !== target ? portOn(target, "out") : { node: target })
  return { segments, ports }
}

/** Innermost first. */
const parentsOf = (id: string, parentOf: (id: string) => string | undefined): ReadonlyArray<string> => {
  const parent = parentOf(id)
  return parent === undefined ? [] : [parent, ...parentsOf(parent, parentOf)]
}

/** The state in which the edge runs from one side to the other; the outer end of the two if one is in the other. */
const commonOf = (
  source: string,
  target: string,
  above: ReadonlyArray<string>,
  below: ReadonlyArray<string>,
): string => {
  if (source !== target && below.includes(source)) return source
  if (source !== target && above.includes(target)) return target
  return above.find((path) => below.includes(path)) ?? ROOT_PATH
}

const before = (paths: ReadonlyArray<string>, end: string): ReadonlyArray<string> => {
  const index = paths.indexOf(end)
  return index < 0 ? paths : paths.slice(0, index)
}
