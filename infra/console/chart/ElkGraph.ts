/**
 * The inside of one state as a graph for ELK, the layout engine.
 *
 * Owns the options of the layout. Graphs are flat: states with states inside are boxes with ports, because ELK fails
 * on some edges that cross borders, and takes 20 times as long for them. Who nests the boxes: NestedLayout.ts.
 */
import type { Size } from "./StateContent.ts"

export interface Point {
  readonly x: number
  readonly y: number
}

export interface ElkPort extends Partial<Size>, Partial<Point> {
  readonly id: string
  readonly layoutOptions?: ElkOptions
}

export interface ElkLabel extends Partial<Size>, Partial<Point> {
  readonly id?: string
  readonly text?: string
}

export interface ElkNode extends Partial<Size>, Partial<Point> {
  readonly id: string
  readonly layoutOptions?: ElkOptions
  readonly ports?: Array<ElkPort>
  readonly children?: Array<ElkNode>
  readonly edges?: Array<ElkEdge>
}

export interface ElkEdge {
  readonly id: string
  readonly sources: Array<string>
  readonly targets: Array<string>
  readonly layoutOptions?: ElkOptions
  readonly labels?: Array<ElkLabel>
  readonly sections?: ReadonlyArray<{
    readonly startPoint: Point
    readonly endPoint: Point
    readonly bendPoints?: ReadonlyArray<Point>
  }>
}

type ElkOptions = Record<string, string>

/** Lays a graph out; the answer has the same graph with places. */
export type Elk = (graph: ElkNode) => Promise<ElkNode>

export type Direction = "RIGHT" | "DOWN"
export type Side = "NORTH" | "SOUTH" | "WEST" | "EAST"

/** The sides at which edges come in and go out. */
export const sidesOf = (direction: Direction): { readonly in: Side; readonly out: Side } =>
  direction === "DOWN" ? { in: "NORTH", out: "SOUTH" } : { in: "WEST", out: "EAST" }

/** Graphs with more edges are placed by a quicker method: the network simplex takes seconds for them. */
const SIMPLEX_EDGES_MAX = 36

/** `wrapAspect`: a long chain is broken into rows whose width is so many times their height. */
export const elkRoot = (
  direction: Direction,
  children: Array<ElkNode>,
  edges: Array<ElkEdge>,
  wrapAspect?: number,
): ElkNode => ({
  id: "inside",
  layoutOptions: {
    "elk.algorithm": "layered",
    "elk.direction": direction,
    "elk.edgeRouting": "ORTHOGONAL",
    "elk.padding": "[top=0,left=0,bottom=0,right=0]",
    "elk.separateConnectedComponents": "true",
    "elk.layered.thoroughness": "10",
    "elk.layered.nodePlacement.strategy":
      edges.length > SIMPLEX_EDGES_MAX ? "BRANDES_KOEPF" : "NETWORK_SIMPLEX",
    "elk.layered.cycleBreaking.strategy": "DEPTH_FIRST",
    "elk.layered.considerModelOrder.strategy": "PREFER_EDGES",
    "elk.layered.crossingMinimization.greedySwitch.type": "TWO_SIDED",
    "elk.layered.edgeLabels.sideSelection": "SMART_DOWN",
    "elk.edgeLabels.placement": "CENTER",
    "elk.spacing.nodeNode": "28",
    "elk.spacing.edgeNode": "16",
    "elk.spacing.edgeEdge": "14",
    "elk.spacing.edgeLabel": "4",
    "elk.spacing.labelLabel": "6",
    "elk.spacing.nodeSelfLoop": "14",
    "elk.spacing.componentComponent": "28",
    "elk.layered.spacing.nodeNodeBetweenLayers": "26",
    "elk.layered.spacing.edgeNodeBetweenLayers": "14",
    "elk.layered.spacing.edgeEdgeBetweenLayers": "12",
    ...(wrapAspect === undefined
      ? {}
      : {
          // The network simplex takes ten times as long for broken chains.
          "elk.layered.nodePlacement.strategy": "BRANDES_KOEPF",
          "elk.layered.wrapping.strategy": "MULTI_EDGE",
          "elk.aspectRatio": String(wrapAspect),
          "elk.layered.wrapping.additionalEdgeSpacing": "16",
        }),
  },
  children,
  edges,
})

/** A box that ELK may place anywhere, with its ports where the inside of the box has them. */
export const elkBox = (id: string, { width, height }: Size, ports: Array<ElkPort>): ElkNode => ({
  id,
  width,
  height,
  ...(ports.length === 0 ? {} : { ports, layoutOptions: { "elk.portConstraints": "FIXED_POS" } }),
})

export const elkPort = (id: string, { x, y }: Point, side: Side): ElkPort => ({
  id,
  x,
  y,
  width: 0,
  height: 0,
  layoutOptions: { "elk.port.side": side },
})

/** A port of the container itself: a point before the first layer or behind the last. */
export const elkBorderPoint = (id: string, side: "in" | "out"): ElkNode => ({
  id,
  width: 1,
  height: 1,
  layoutOptions: {
    "elk.layered.layering.layerConstraint": side === "in" ? "FIRST_SEPARATE" : "LAST_SEPARATE",
  },
})

export const elkEdge = (id: string, source: string, target: string, label: Size | undefined): ElkEdge => ({
  id,
  sources: [source],
  targets: [target],
  ...(label === undefined
    ? {}
    : { labels: [{ id, text: "label", width: label.width, height: label.height }] }),
})
