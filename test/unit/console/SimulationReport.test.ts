/** How the console reads a report of simulations: its shapes, its steps, and where their marks stand. */
import { describe, expect, it } from "vitest"
import { marksOf, timeTicks } from "../../../infra/console/pages/simulation/LaneMarks.ts"
import { NotAReport, neverOf, reportOf, typesIn } from "../../../infra/console/pages/simulation/Report.ts"
import { indexOfStep, runOf, stepsLike } from "../../../infra/console/pages/simulation/RunSteps.ts"

const TEXT = `an acknowledged command is in the journal: #0 Place of order/o-3 was accepted at version 1

  seed 11, hash 46c4a836672189e7, 913 steps, 3 nodes, 8 clients, 80 requests
  again: npm run sim -- --scenario "planted" --seed 11 --seeds 1

  The last steps, each with its number ← the one it came from:
            1     1850.0 ms  client    #0 Place of order/o-3 is asked
        2 ← 1     1851.0 ms  node 1    journal.last order/o-3
        3 ← 2     1852.0 ms  journal   journal.last order/o-3 of node 1: done
        4 ← 3     1860.0 ms  node 1    FAULT append lost
        5 ← 4     1860.0 ms  node 1    append order/o-3 after 0
        6 ← 5     1861.0 ms  journal   append order/o-3 after 0 of node 1: done
            7     1900.0 ms  node 1    crashed
            8     2000.0 ms  node 2    FAULT reply slow
        9 ← 8     2001.0 ms  journal   append account/a-1 after 0 of node 2: done
           10     2400.0 ms  node 1    starts again
           11     2500.0 ms  node 1    started
           12     3860.0 ms  world     VIOLATION an acknowledged command is in the journal`

const line = (never: ReadonlyArray<string>) => ({ reachedCount: 1, totalCount: 1 + never.length, never })
const report = (changes = {}) => ({
  results: [
    { scenario: "order", seeds: 1, seconds: 2, stepCount: 3, repeatedCount: 0, marks: {}, coverage: {} },
  ],
  coverage: {
    states: line(["order state returned", "saga-order state done"]),
    transitions: line(["order transition a --B--> c"]),
    guards: line(["order guard a --B--> c refused"]),
    crashes: line(["order transition a --B--> c @ crash before append"]),
  },
  ...changes,
})

const reasonOf = (content: string): string => {
  try {
    reportOf("a.json", content)
  } catch (cause) {
    if (cause instanceof NotAReport) return cause.reason
    throw cause
  }
  return "a report"
}

describe("a report of simulations", () => {
  it("is opened as the command line writes it, and as a list of results", () => {
    const opened = reportOf("r.json", JSON.stringify(report()))
    expect(opened.results).toMatchObject([{ scenario: "order", trace: [] }])
    expect(typesIn(opened)).toEqual(["order", "saga-order"])
    expect(reportOf("r.json", JSON.stringify(report().results)).coverage).toBeUndefined()
  })

  it("says of each kind of part what was never reached, of this type alone", () => {
    const opened = reportOf("r.json", JSON.stringify(report()))
    expect(neverOf(opened, "order")).toEqual({
      states: ["returned"],
      transitions: ["a --B--> c"],
      guards: ["a --B--> c refused"],
      crashes: ["a --B--> c @ crash before append"],
    })
  })

  it("takes its steps from the text of the failure if it has no trace", () => {
    const [result] = report().results
    const failing = report({ results: [{ ...result, failure: { seed: 11, report: TEXT } }] })
    expect(reportOf("r.json", JSON.stringify(failing)).results[0]?.trace).toHaveLength(12)
  })

  it("is opened from the text of a failing seed", () => {
    const { results } = reportOf("log.txt", TEXT)
    expect(results).toMatchObject([{ scenario: "planted", stepCount: 913, failure: { seed: 11 } }])
    expect(results[0]?.trace[5]).toEqual({
      number: 6,
      cause: 5,
      atMs: 1861,
      place: "journal",
      what: "append order/o-3 after 0 of node 1: done",
    })
  })

  it.each([
    ["nothing", "", "empty"],
    ["prose", "all is well", "text"],
    ["half of a file", '{"results": [', "json"],
    ["other JSON", '{"name": "everstate"}', "broken"],
    ["results of another kind", '{"results": [7]}', "broken"],
    ["lines of coverage without lists", JSON.stringify(report({ coverage: {} })), "broken"],
    ["a step without words", '[{"scenario": "a", "trace": [{"number": 1}]}]', "broken"],
    ["a saved case", '{"scenario": "order", "seed": 3, "promise": "once"}', "savedCase"],
  ])("is not %s", (_, content, reason) => {
    expect(reasonOf(content)).toBe(reason)
  })
})

const run = runOf(reportOf("log.txt", TEXT).results[0]?.trace ?? [], ["order", "account"])
const numbers = (filter: Partial<Parameters<typeof stepsLike>[1]>) =>
  stepsLike(run, { place: undefined, actor: undefined, isAll: true, ...filter }).map(({ number }) => number)

describe("a simulated run", () => {
  it("has a lane for each place, and says when each node was up", () => {
    expect(run.lanes.map(({ place }) => place)).toEqual(["client", "node 1", "node 2", "journal", "world"])
    expect(run.lanes[1]?.spans).toEqual([
      { fromMs: 1850, toMs: 1900, state: "up" },
      { fromMs: 1900, toMs: 2400, state: "down" },
      { fromMs: 2400, toMs: 2500, state: "starting" },
      { fromMs: 2500, toMs: 3860, state: "up" },
    ])
  })

  it("leaves the routine of nodes out of its story", () => {
    expect(numbers({ isAll: false })).toEqual([1, 4, 6, 7, 8, 9, 10, 11, 12])
  })

  it("counts a fault to the actor whose call it struck, and the life of nodes to every actor", () => {
    expect(numbers({ actor: "order/o-3" })).toEqual([1, 2, 3, 4, 5, 6, 7, 10, 11, 12])
    expect(numbers({ actor: "account/a-1" })).toEqual([7, 8, 9, 10, 11, 12])
  })

  it("counts what a server did for a node to both", () => {
    expect(numbers({ place: "node 2" })).toEqual([8, 9, 12])
    expect(numbers({ place: "journal" })).toEqual([3, 6, 9, 12])
  })

  it("finds a step by its number, or the next one that is shown", () => {
    const story = stepsLike(run, { place: undefined, actor: undefined, isAll: false })
    expect(story[indexOfStep(story, 4)]?.number).toBe(4)
    expect(story[indexOfStep(story, 5)]?.number).toBe(6)
    expect(story[indexOfStep(story, 99)]?.number).toBe(12)
  })

  it("draws no more marks than there is room for, and no words over words", () => {
    const steps = Array.from({ length: 20_000 }, (_, index) => ({
      number: index + 1,
      cause: 0,
      atMs: index,
      place: "journal",
      what: "FAULT append lost",
    }))
    const scale = { fromMs: 0, toMs: 20_000, left: 0, width: 900 }
    const marks = marksOf(runOf(steps, []).steps, "fault", scale)
    expect(marks.length).toBeLessThanOrEqual(100)
    expect(marks.reduce((sum, { count }) => sum + count, 0)).toBe(20_000)
    const told = marks.filter(({ isTold }) => isTold).map(({ x }) => x)
    expect(told.every((x, index) => index === 0 || x - (told[index - 1] ?? 0) > 100)).toBe(true)
    expect(timeTicks(scale).length).toBeLessThanOrEqual(10)
  })
})
