/** Drawings that can be read: nothing lies over anything else, whatever the chart. */
import ELK from "elkjs/lib/elk.bundled.js"
import { describe, expect, it } from "vitest"
import type { ChartState } from "../../../infra/console/api/Documents.ts"
import {
  type ChartGeometry,
  chartGeometry,
  type DrawnState,
} from "../../../infra/console/chart/ChartGeometry.ts"
import { chartModel, NO_CHOICES } from "../../../infra/console/chart/ChartModel.ts"
import { closableStates, collapsedAtFirst } from "../../../infra/console/chart/CollapsedStates.ts"
import type { Box } from "../../../infra/console/chart/Container.ts"
import type { Elk, Point } from "../../../infra/console/chart/ElkGraph.ts"
import { layoutChart } from "../../../infra/console/chart/NestedLayout.ts"
import { estimatedWidth } from "../../../infra/console/chart/TextMeasure.ts"
import { charts } from "../../fixtures/console/Charts.ts"

/** The module has its class as default of its default under Node. */
const engine = new (ELK as unknown as { new (): { layout: Elk } })()
const elk: Elk = (graph) => engine.layout(graph)

const draw = async (
  chart: ChartState,
  aspect: number,
  collapsed: ReadonlySet<string> = new Set(),
  isCounted = false,
) => {
  const model = chartModel(chart, { ...NO_CHOICES, collapsed })
  const numbers = { counts: isCounted, traffic: isCounted }
  return chartGeometry(model, await layoutChart(model, elk, { numbers, measure: estimatedWidth, aspect }))
}

const overlaps = (left: Box, right: Box): boolean =>
  left.x < right.x + right.width - 0.5 &&
  right.x < left.x + left.width - 0.5 &&
  left.y < right.y + right.height - 0.5 &&
  right.y < left.y + left.height - 0.5

/** The box around a straight piece of a line. */
const around = (from: Point, to: Point): Box => ({
  x: Math.min(from.x, to.x) - 0.6,
  y: Math.min(from.y, to.y) - 0.6,
  width: Math.abs(from.x - to.x) + 1.2,
  height: Math.abs(from.y - to.y) + 1.2,
})

const contains = (outer: Box, inner: Box): boolean =>
  inner.x >= outer.x - 0.5 &&
  inner.y >= outer.y - 0.5 &&
  inner.x + inner.width <= outer.x + outer.width + 0.5 &&
  inner.y + inner.height <= outer.y + outer.height + 0.5

const headOf = ({ head, content }: DrawnState): Box => ({
  ...head,
  width: content.width,
  height: content.height,
})

const smaller = ({ x, y, width, height }: Box): Box => ({
  x: x + 1.5,
  y: y + 1.5,
  width: width - 3,
  height: height - 3,
})

/** Everything that lies over something else, in words. */
const faultsOf = ({ states, edges, width, height }: ChartGeometry): ReadonlyArray<string> => {
  const leaves = states.filter(({ isContainer }) => !isContainer)
  const containers = states.filter(({ isContainer }) => isContainer)
  const labels = edges.flatMap(({ edge, label }) =>
    label === undefined ? [] : [{ id: edge.id, box: label.box }],
  )
  const wires = edges.flatMap(({ edge, points }) =>
    points.slice(1).map((to, index) => ({ id: edge.id, from: points[index] ?? to, to })),
  )
  const faults: Array<string> = []
  const check = (isFault: boolean, fault: string) => {
    if (isFault) faults.push(fault)
  }
  for (const [index, { id, box }] of labels.entries()) {
    for (const other of labels.slice(index + 1))
      check(overlaps(box, other.box), `labels ${id} and ${other.id}`)
    for (const leaf of leaves) check(overlaps(box, leaf.box), `label ${id} over ${leaf.node.path}`)
    for (const one of containers) {
      check(overlaps(box, headOf(one)), `label ${id} over the head of ${one.node.path}`)
      check(
        overlaps(box, one.box) && !contains(one.box, box),
        `label ${id} over the border of ${one.node.path}`,
      )
    }
    for (const { id: wire, from, to } of wires) {
      check(overlaps(box, around(from, to)), `line ${wire} through label ${id}`)
    }
    check(!contains({ x: 0, y: 0, width, height }, box), `label ${id} outside`)
  }
  for (const { id, from, to } of wires) {
    check(Math.min(Math.abs(from.x - to.x), Math.abs(from.y - to.y)) > 0.6, `line ${id} is slanted`)
    for (const leaf of leaves) {
      check(overlaps(smaller(leaf.box), around(from, to)), `line ${id} through ${leaf.node.path}`)
    }
    for (const one of containers) {
      check(
        overlaps(smaller(headOf(one)), around(from, to)),
        `line ${id} through the head of ${one.node.path}`,
      )
    }
  }
  for (const [index, { node, box }] of states.entries()) {
    for (const other of states.slice(index + 1)) {
      const isInside = contains(box, other.box)
      check(overlaps(box, other.box) && !isInside, `states ${node.path} and ${other.node.path}`)
    }
  }
  return faults
}

const shapes = [
  ["wide", 1.6],
  ["narrow", 0.6],
] as const

describe.each(["order", "payment", "fulfilment", "parts", "states60"] as const)(
  "the drawing of %s",
  (name) => {
    const chart = charts[name]

    it.each(shapes)("lays nothing over anything else in a %s place", async (_, aspect) => {
      expect(faultsOf(await draw(chart, aspect))).toEqual([])
    })

    it("keeps the places of numbers free", async () => {
      expect(faultsOf(await draw(chart, 1.6, new Set(), true))).toEqual([])
    })

    it("has every edge from its source to its target", async () => {
      const { edges, states } = await draw(chart, 1.6)
      const boxes = new Map(states.map(({ node, box }) => [node.path, box]))
      const isAt = (path: string, point: Point | undefined): boolean => {
        const box = boxes.get(path)
        if (box === undefined || point === undefined) return point !== undefined
        const grown = { x: box.x - 1, y: box.y - 1, width: box.width + 2, height: box.height + 2 }
        return (
          contains(grown, { ...point, width: 0, height: 0 }) &&
          !contains(smaller(smaller(box)), { ...point, width: 0, height: 0 })
        )
      }
      const loose = edges.filter(
        ({ edge, points }) => !isAt(edge.source, points[0]) || !isAt(edge.target, points.at(-1)),
      )
      expect(loose.map(({ edge }) => edge.id)).toEqual([])
    })
  },
)

describe("the drawing of 300 states", () => {
  const chart = charts.states300

  it("lays nothing over anything else while most states are closed", async () => {
    const collapsed = collapsedAtFirst(chart, new Set(["group7", "group7.step3"]))
    expect(faultsOf(await draw(chart, 1.6, collapsed))).toEqual([])
  })

  it("closes all states", async () => {
    const { states } = await draw(chart, 1.6, new Set(closableStates(chart)))
    expect(states).toHaveLength(23)
  })
})

describe("the judge of these drawings", () => {
  it("sees a label, a line and a state that lie over others", async () => {
    const drawing = await draw(charts.order, 1.6)
    const start = drawing.edges.find(({ edge }) => edge.source === "draft")?.points[0]
    if (start === undefined) throw new Error("the chart has edges")
    const moved = drawing.edges.map((drawn) =>
      drawn.label === undefined || drawn.edge.source !== "draft"
        ? drawn
        : {
            ...drawn,
            label: { ...drawn.label, box: { ...drawn.label.box, x: start.x - 5, y: start.y + 4 } },
          },
    )
    const faults = faultsOf({ ...drawing, edges: moved })
    expect(faults.some((fault) => fault.startsWith("labels "))).toBe(true)
    expect(faults.some((fault) => fault.includes(" through label "))).toBe(true)
    const [root, first, ...others] = drawing.states
    if (root === undefined || first === undefined) throw new Error("the chart has states")
    const wide = { ...first, box: { ...first.box, width: 900, height: 500 } }
    const covered = faultsOf({ ...drawing, states: [root, wide, ...others] })
    expect(covered.some((fault) => fault.includes(" through draft"))).toBe(true)
    expect(covered.some((fault) => fault.startsWith("states draft"))).toBe(true)
  })
})

describe("regions", () => {
  it("are divided by dashes, and have no border of their own", async () => {
    const { states, dividers } = await draw(charts.parts, 1.6)
    expect(states.filter(({ isBare }) => isBare).map(({ node }) => node.name)).toEqual([
      "sound",
      "picture",
      "light",
    ])
    expect(dividers).toHaveLength(3)
  })
})
