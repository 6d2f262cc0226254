/** What is drawn of a chart: texts, lines and edges. */
import { describe, expect, it } from "vitest"
import type { ChartState } from "../../../infra/console/api/Documents.ts"
import { durationText } from "../../../infra/console/chart/Amounts.ts"
import {
  chartModel,
  INTERNAL_LINES_MAX,
  NO_CHOICES,
  ROOT_PATH,
} from "../../../infra/console/chart/ChartModel.ts"
import {
  closableStates,
  collapsedAtFirst,
  OPEN_STATES_MAX,
} from "../../../infra/console/chart/CollapsedStates.ts"
import { highlightOf } from "../../../infra/console/chart/Highlight.ts"
import { countsByPath, heatOf } from "../../../infra/console/chart/StateCounts.ts"
import { charts } from "../../fixtures/console/Charts.ts"

const { order, payment, fulfilment, parts, states300 } = charts

const labelsOf = (chart: ChartState, source: string, target: string) =>
  chartModel(chart)
    .edges.filter((edge) => edge.source === source && edge.target === target)
    .flatMap(({ labels }) => labels.map(({ trigger, guard }) => [trigger, guard].filter(Boolean).join(" ")))

const linesOf = (chart: ChartState, path: string) =>
  chartModel(chart)
    .nodes.get(path)
    ?.lines.map(({ text }) => text)

describe("labels", () => {
  it("say event and guard", () => {
    expect(labelsOf(order, "placed", "paid")).toEqual(["OrderPaid [amountIsTotal]"])
    expect(labelsOf(order, "draft", "placed")).toEqual(["OrderPlaced"])
  })

  it("say after, always and what became of a call", () => {
    expect(labelsOf(parts, "on.sound.muted", "on.sound.audible")).toEqual(["after 30 s"])
    expect(labelsOf(parts, "on.picture.paused", "on.picture.asleep")).toEqual(["after sleepDelay"])
    expect(labelsOf(payment, "authorising", "authorised")).toEqual(["done: authorise"])
    expect(labelsOf(payment, "authorising", "declined")).toEqual(["error: authorise [isRefused]"])
    expect(labelsOf(parts, "on", "worn")).toEqual(["done"])
  })

  it("join the transitions between two states in one edge, in their order", () => {
    expect(labelsOf(parts, "on.picture.playing.backward", "on.picture.playing.forward")).toEqual([
      "Play",
      "always [isAtStart]",
    ])
  })

  it("show some of a guard's parameters, and never a name that is none", () => {
    expect(labelsOf(fulfilment, "idle", "reserveStock")).toEqual(["always [isAt reserveStock|…]"])
    expect(linesOf(payment, ROOT_PATH)).toEqual(["PaymentSettled […] / assign"])
  })

  it.each([
    [0, "0 ms"],
    [250, "250 ms"],
    [30_000, "30 s"],
    [90_000, "1 min 30 s"],
    [86_400_000, "1 d"],
    [90_061_001, "1 d 1 h"],
  ])("write %i ms as %s", (durationMs, written) => {
    expect(durationText(durationMs)).toBe(written)
  })
})

describe("the lines of a state", () => {
  it("are its tags, actions, calls and internal transitions", () => {
    expect(linesOf(parts, "off")).toEqual(["tags: dark, silent"])
    expect(linesOf(parts, "on")).toEqual(["entry / warmUp, greet", "exit / coolDown"])
    expect(linesOf(parts, "on.picture.loading")).toEqual(["invoke / fetch (fetchFilm)"])
    expect(linesOf(parts, "on.sound.audible")).toEqual([
      "Louder [isBelowMaximum] / louder",
      "Softer / softer",
    ])
    expect(linesOf(parts, ROOT_PATH)).toEqual(["* (any other event) / countUnknown"])
  })

  it("count internal transitions beyond the limit, until a reader opens them", () => {
    const closed = linesOf(fulfilment, "takePayment") ?? []
    expect(closed).toHaveLength(INTERNAL_LINES_MAX)
    expect(closed.at(-1)).toBe("+ 7 more")
    const open = chartModel(fulfilment, { ...NO_CHOICES, expanded: new Set(["takePayment"]) })
    expect(open.nodes.get("takePayment")?.lines.map(({ text }) => text)).toHaveLength(11)
  })
})

describe("edges", () => {
  const { edges, forks, dots } = chartModel(parts)
  const has = (source: string, target: string) =>
    edges.some((edge) => edge.source === source && edge.target === target)

  it("begin at a dot for each initial state", () => {
    expect(dots.map(({ parent }) => parent)).toEqual([
      ROOT_PATH,
      "on.sound",
      "on.picture",
      "on.picture.playing",
      "on.light",
    ])
    expect(has("on.sound (initial)", "on.sound.audible")).toBe(true)
  })

  it("lead from a history to its default", () => {
    expect(edges.find(({ source }) => source === "on.picture.last")).toMatchObject({
      kind: "default",
      target: "on.picture.playing",
      labels: [],
    })
  })

  it("part at a bar into several targets", () => {
    const [fork] = forks
    expect(forks).toEqual([{ id: expect.stringContaining("Restore"), parent: ROOT_PATH }])
    expect(has("off", fork?.id ?? "")).toBe(true)
    expect(has(fork?.id ?? "", "on.sound.muted") && has(fork?.id ?? "", "on.picture.playing")).toBe(true)
  })

  it("return to a state that is entered again", () => {
    expect(labelsOf(parts, "on.sound.audible", "on.sound.audible")).toEqual(["Calibrate"])
  })

  it("end at the state that hides their target", () => {
    const closed = chartModel(parts, { ...NO_CHOICES, collapsed: new Set(["on"]) })
    expect([...closed.nodes.keys()]).toEqual([ROOT_PATH, "off", "on", "worn"])
    const between = closed.edges.filter(({ source, target }) => source === "off" && target === "on")
    expect(between.flatMap(({ labels }) => labels.map(({ trigger }) => trigger))).toEqual([
      "SwitchOn",
      "Resume",
      "Restore",
    ])
    expect(closed.edges.some(({ source, target }) => source === target)).toBe(false)
    expect(closed.nodes.get("on")?.lines.at(-1)?.text).toBe("15 states inside")
  })
})

describe("a large chart", () => {
  it("opens with whole levels, and with the current state", () => {
    const collapsed = collapsedAtFirst(states300, new Set([ROOT_PATH, "group7", "group7.step3"]))
    expect(collapsed.has("group6")).toBe(true)
    expect(collapsed.has("group7")).toBe(false)
    expect(chartModel(states300, { ...NO_CHOICES, collapsed }).nodes.size).toBeLessThan(OPEN_STATES_MAX)
    expect(closableStates(states300)).toHaveLength(20)
  })

  it("is not closed if it is small", () => {
    expect([...collapsedAtFirst(parts, new Set())]).toEqual([])
  })
})

describe("what is lit", () => {
  const model = chartModel(parts)
  const leaves = (lit: Parameters<typeof highlightOf>[1]) => [...highlightOf(model, lit).leaves]

  it.each([
    ["off", ["off"]],
    [
      "{on:{sound:muted,picture:{playing:forward},light:dim}}",
      ["on.sound.muted", "on.picture.playing.forward", "on.light.dim"],
    ],
    ["on.sound.muted", ["on.sound.muted"]],
  ])("is read from %s", (name, paths) => {
    expect(leaves(name)).toEqual(paths)
  })

  it("is read from a value, with all parents", () => {
    const lit = highlightOf(model, { on: { sound: "audible", light: "bright" } })
    expect([...lit.active]).toEqual([
      ROOT_PATH,
      "on",
      "on.sound",
      "on.sound.audible",
      "on.light",
      "on.light.bright",
    ])
  })

  it("is nothing without a state, and says which states the chart has not", () => {
    expect(highlightOf(model, undefined)).toEqual({ active: new Set(), leaves: new Set(), unknown: [] })
    expect(highlightOf(model, "gone")).toEqual({ active: new Set(), leaves: new Set(), unknown: ["gone"] })
    expect(highlightOf(model, "{on:{sound:gone}}").unknown).toEqual(["on.sound.gone"])
    expect(highlightOf(model, "{broken").unknown).toEqual(["{broken"])
  })
})

describe("counts", () => {
  it("are summed in parents, and not twice over regions", () => {
    const counts = countsByPath(parts, {
      off: 3,
      "on.sound.muted": 5,
      "on.sound.audible": 2,
      "on.light.dim": 7,
    })
    expect(counts.get("on.sound")).toBe(7)
    expect(counts.get("on")).toBe(7)
    expect(counts.get(ROOT_PATH)).toBe(10)
    expect(counts.get("worn")).toBe(0)
  })

  it("warm a state by their order of magnitude", () => {
    expect(heatOf(0, 100)).toBe(0)
    expect(heatOf(100, 100)).toBe(1)
    expect(heatOf(10, 100)).toBeGreaterThan(0.4)
  })
})
