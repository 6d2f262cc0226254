/** How the overview keeps the last hour, and what it reads from it. */
import { expect, it } from "vitest"
import type { HistoryOfMetrics, MetricSeries } from "../../../infra/console/api/Documents.ts"
import {
  endOf,
  flapping,
  joined,
  minutesSince,
  plottedFrom,
  silentNodes,
  timesOf,
} from "../../../infra/console/api/History.ts"

const SPAN_MS = 5_000

/** A history whose spans begin at `first`; every series has the values. */
const historyOf = (
  first: number,
  values: ReadonlyArray<number | null>,
  nodes = values.map(() => 1),
): HistoryOfMetrics => {
  const names = ["accepted", "rejected", "resident", "p50Ms", "p99Ms", "members"]
  return {
    spanMs: SPAN_MS,
    since: new Date(first * SPAN_MS).toISOString(),
    nodes: [{ id: "a-1", name: "a", self: true }],
    series: { ...Object.fromEntries(names.map((name) => [name, values])), nodes } as unknown as MetricSeries,
    projections: { orders: values },
    changes: [],
  }
}

it("plots from the start of the first node, but not less than ten minutes", () => {
  const plottedMs = (nodes: ReadonlyArray<number>) => {
    const history = historyOf(1_000, nodes, [...nodes])
    return endOf(history) - plottedFrom(history)
  }
  const spans = (silent: number, known: number) => [...Array(silent).fill(0), ...Array(known).fill(1)]
  expect(plottedMs(spans(0, 720))).toBe(3_600_000)
  expect(plottedMs(spans(360, 360))).toBe(1_800_000)
  expect(plottedMs(spans(719, 1))).toBe(600_000)
  expect(plottedMs(spans(720, 0))).toBe(600_000)
})

it("goes on where the older history ends", () => {
  const { since, series, projections } = joined(historyOf(100, [1, 2, 3]), historyOf(102, [30, 4, 5]))
  expect(Date.parse(since)).toBe(100 * SPAN_MS)
  expect([series.accepted, series.nodes]).toEqual([
    [1, 2, 30, 4, 5],
    [1, 1, 1, 1, 1],
  ])
  expect(projections["orders"]).toEqual([1, 2, 30, 4, 5])
})

it("keeps the parts of a node that has become silent", () => {
  const older = historyOf(100, [8, 8], [2, 2])
  expect(joined(older, historyOf(100, [4, 4, 4], [1, 1, 1])).series.accepted).toEqual([8, 8, 4])
  expect(joined(older, historyOf(101, [9, 9], [2, 2])).series.accepted).toEqual([8, 9, 9])
})

it("leaves a gap where it was not asked, and keeps an hour", () => {
  expect(joined(historyOf(100, [1]), historyOf(103, [2])).series.accepted).toEqual([1, null, null, 2])
  const full = historyOf(
    0,
    Array.from({ length: 720 }, () => 1),
  )
  const { since, series } = joined(full, historyOf(719, [2, 2]))
  expect([Date.parse(since), series.accepted.length, series.accepted.at(-1)]).toEqual([SPAN_MS, 720, 2])
})

it("keeps what it has when a part is empty", () => {
  expect(joined(historyOf(100, [1]), historyOf(0, [])).series.accepted).toEqual([1])
  expect(joined(historyOf(0, []), historyOf(100, [1])).series.accepted).toEqual([1])
})

it("asks for the minutes that are missing, and for all at first", () => {
  const history = historyOf(100, [1, 2])
  expect(minutesSince(undefined, 0)).toBeUndefined()
  expect(minutesSince(historyOf(0, []), 0)).toBeUndefined()
  expect(minutesSince(history, endOf(history) + 8_000)).toBe(2)
  expect(minutesSince(history, endOf(history) + 10 * 60_000)).toBe(11)
  expect(minutesSince(history, endOf(history) + 3 * 3_600_000)).toBeUndefined()
})

it("has a time for each value: the end of its span", () => {
  expect(timesOf(historyOf(100, [1, 2]))).toEqual([101 * SPAN_MS, 102 * SPAN_MS])
})

it("names silent nodes, and members that left three times", () => {
  const history = {
    ...historyOf(100, [1]),
    nodes: [
      { id: "a-1", name: "a", self: true },
      { id: "b-1", name: "b", self: false, silent: "The node does not answer." },
    ],
    changes: [
      { name: "a", joined: 1, left: 2, latest: "2026-01-01T00:00:00.000Z" },
      { name: "b", joined: 3, left: 3, latest: "2026-01-01T00:00:00.000Z" },
    ],
  }
  expect(silentNodes(history)).toEqual([{ name: "b", why: "The node does not answer." }])
  expect(flapping(history).map(({ name }) => name)).toEqual(["b"])
})
