/**
 * A state with states inside, laid out: the places of everything directly inside, and the layouts of those states.
 *
 * Owns the shapes. Who makes them: ContainerLayout.ts and RegionLayout.ts, called by NestedLayout.ts.
 */
import type { ChartModel, ChartNode } from "./ChartModel.ts"
import type { Segments } from "./EdgeSegments.ts"
import type { Direction, Elk, Point } from "./ElkGraph.ts"
import type { LabelContent, Size, StateContent } from "./StateContent.ts"

export interface Box extends Point, Size {}

/** A state with states inside; places are relative to its left upper corner. */
export interface Container extends Size {
  readonly direction: Direction
  /** True: the states inside are regions, divided by dashes. */
  readonly isRow: boolean
  /** Where its name and lines begin. */
  readonly head: Point
  /** States, dots and forks directly inside. */
  readonly boxes: ReadonlyMap<string, Box>
  readonly ports: ReadonlyMap<string, Point>
  /** Segments of edges inside, by edge. */
  readonly lines: ReadonlyMap<string, ReadonlyArray<Point>>
  readonly labels: ReadonlyMap<string, Point>
  readonly inner: ReadonlyMap<string, Container>
}

/** What the layout of one container works with. */
export interface LayoutWork {
  readonly model: ChartModel
  readonly segments: Segments
  readonly states: ReadonlyMap<string, StateContent>
  readonly labels: ReadonlyMap<string, LabelContent>
  readonly elk: Elk
  /** Lays out a state with states inside that is a child of a container with this direction. */
  readonly inside: (node: ChartNode, direction: Direction) => Promise<Container>
}
