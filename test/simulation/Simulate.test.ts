/** The standard scenarios through every kind of fault (all scenarios: ShortRun.test.ts), the saved regressions, and what is said of wrong use. */
import { readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { Hash } from "effect"
import { describe, expect, it } from "vitest"
import { assign, setup } from "xstate"
import { Order } from "../../actors/order/Order.ts"
import { defineActor, reject } from "../../runtime/index.ts"
import {
  type FaultKind,
  isDrawnAlways,
  isOfClusters,
  shapeOf,
} from "../../runtime/testing/simulation/FaultKind.ts"
import {
  coverageReport,
  FAULT_KINDS,
  MarkNeverReached,
  type RegressionCase,
  replayCase,
  type SimulateOptions,
  SimulationDiverged,
  simulate,
  sometimes,
} from "../../runtime/testing.ts"
import { scenarios } from "./scenarios/index.ts"
import { orderWorkload } from "./scenarios/OrderWorkload.ts"

const small = { actors: [Order], workload: orderWorkload(4, 30), nodes: 2 } satisfies SimulateOptions

/** A kind that no seed draws strikes where a story or a scenario asks for it. */
const isDrawn = (kind: FaultKind): boolean => shapeOf(kind).most > 0 && isDrawnAlways(kind)

/** Kinds that only actors which send, wait or call can meet. */
const ofMessages: ReadonlyArray<FaultKind> = FAULT_KINDS.filter((kind) => {
  const { port = "" } = shapeOf(kind)
  return /^(mailbox\.|deadLetters|publisher|calls)/.test(port) && isDrawn(kind)
})

/** Kinds that only members of a cluster can meet. */
const ofClusters = FAULT_KINDS.filter(isOfClusters)
const ofOrders = FAULT_KINDS.filter((kind) => isDrawn(kind) && ![...ofMessages, ...ofClusters].includes(kind))

/** Branches of the runtime that the standard scenario must have been through. */
const branches = [
  "a repeat got the first answer",
  "accepted at a later attempt",
  "asked again with the same commandId",
  "sent to two nodes at once",
  "snapshot discarded",
]

describe("the scenarios keep every promise", () => {
  it("order, through every kind of fault and every branch of recovery", async () => {
    const report = await simulate({
      ...scenarios.order,
      runs: 10,
      twice: 1,
      sometimes: [...ofOrders, ...branches],
    })
    expect(report.answeredCount).toBeGreaterThan(10 * 200)
  })

  it("desks, through every fault that messages, timers and calls can meet", async () => {
    await simulate({
      ...scenarios.desks,
      runs: 15,
      twice: 1,
      sometimes: [...ofMessages, "a timer fired", "a call ended", "a message of a commit was applied"],
    })
  })

  it("order without any fault", async () => {
    await simulate({ ...scenarios.order, faults: "none", runs: 3 })
  })
})

describe("what was found once stays found", () => {
  const folder = join(import.meta.dirname, "regressions")
  it.each(readdirSync(folder).filter((name) => name.endsWith(".json")))("%s", (file) => {
    const regression = JSON.parse(readFileSync(join(folder, file), "utf8")) as RegressionCase & {
      readonly scenario: keyof typeof scenarios
    }
    expect(replayCase(scenarios[regression.scenario], regression).violation).toBeUndefined()
  })
})

describe("simulate", () => {
  it("gives each seed the same steps twice, and different seeds different ones", async () => {
    const hashes: Array<string> = []
    const onRun = ({ hash }: { readonly hash: string }) => hashes.push(hash)
    await simulate({ ...small, runs: 10, onRun })
    await simulate({ ...small, runs: 10, twice: 0, onRun })
    expect(hashes.slice(10)).toEqual(hashes.slice(0, 10))
    expect(new Set(hashes).size).toBe(10)
  })

  it("says so when something keeps state between runs", async () => {
    const place = Order.commands?.Place
    if (place === undefined) throw new Error("Order has no Place")
    let placedCount = 0
    const drifting = {
      ...Order,
      commands: {
        ...Order.commands,
        Place: {
          ...place,
          decide: (input: Parameters<typeof place.decide>[0]) =>
            placedCount++ % 7 === 0 ? reject("NotToday") : place.decide(input),
        },
      },
    }
    const workload: SimulateOptions["workload"] = function* (draw) {
      for (const request of orderWorkload(4, 30)(draw)) yield { ...request, actor: drifting }
    }
    const suite = simulate({ ...small, actors: [drifting], workload, faults: "none" })
    const outcome = await suite.catch((error: unknown) => error)
    expect(outcome).toBeInstanceOf(SimulationDiverged)
  })

  const impure: ReadonlyArray<readonly [string, string, () => number, () => boolean]> = [
    ["Date.now", "an assign", () => Date.now(), () => true],
    ["performance.now", "an assign", () => performance.now(), () => true],
    ["Math.random", "a guard", () => 1, () => Math.random() < 2],
    ["Date.now", "a guard", () => 1, () => Date.now() > 0],
  ]
  it.each(impure)("catches a machine that calls %s in %s, with the place", async (what, _, at, isOpen) => {
    const Impure = defineActor({
      type: "impure",
      machine: setup({
        types: { context: {} as { readonly at: number }, events: {} as { readonly type: "Go" } },
      }).createMachine({
        context: { at: 0 },
        on: { Go: { guard: isOpen, actions: assign({ at }) } },
      }),
    })
    const workload: SimulateOptions["workload"] = function* () {
      yield { actor: Impure, id: "a", command: { type: "Go" } }
    }
    const suite = simulate({ actors: [Impure], workload, nodes: 1, runs: 1, faults: "none" })
    await expect(suite).rejects.toThrow(
      new RegExp(`${what} was called during a simulated run .*Simulate\\.test\\.ts`),
    )
  })

  it("lets Effect draw the hash of an object that has none", async () => {
    const Hashing = defineActor({
      type: "hashing",
      machine: setup({
        types: { context: {} as { readonly hash: boolean }, events: {} as { readonly type: "Go" } },
      }).createMachine({
        context: { hash: false },
        on: { Go: { actions: assign({ hash: () => Hash.random({}) !== undefined }) } },
      }),
    })
    const workload: SimulateOptions["workload"] = function* () {
      yield { actor: Hashing, id: "a", command: { type: "Go" } }
    }
    await simulate({ actors: [Hashing], workload, nodes: 1, runs: 1, faults: "none" })
  })

  it("fails when a mark was never reached", async () => {
    const suite = simulate({ ...small, faults: "none", sometimes: ["ack lost"] })
    await expect(suite).rejects.toThrow(MarkNeverReached)
    await expect(suite).rejects.toThrow(/ack lost/)
  })

  it("counts the marks of the user's own code", async () => {
    const invariants = {
      "is sometimes paid": ({ state }: { readonly state: { readonly value: unknown } }) => {
        sometimes("an order is paid", state.value === "paid")
        return true
      },
    }
    const { marks } = await simulate({ ...small, invariants, runs: 3, sometimes: ["an order is paid"] })
    expect(marks.get("an order is paid")).toBeGreaterThan(0)
  })

  it("tells what of the statecharts was reached, and what never", async () => {
    const workload: SimulateOptions["workload"] = function* () {
      const line = { sku: "TEA", quantity: 1, unitPriceMinor: 1_000 }
      const place = { type: "Place", customerId: "c-1", currency: "KRW", lines: [line] }
      for (const id of ["a", "b"]) yield { actor: Order, id, command: place }
    }
    const faults = { "node crashes": 4 }
    const { coverage } = await simulate({ ...small, workload, faults, runs: 30, twice: 0 })
    const report = coverageReport([Order], coverage)
    expect(report.states).toMatchObject({ reachedCount: 2, totalCount: 11 })
    expect(report.states.never).toContain("order state shipped")
    expect(report.transitions.reachedCount).toBe(1)
    expect(report.guards.never).toContain("order guard placed --OrderPaid--> paid passed")
    expect(report.text).toMatch(/never: order transition paid --OrderShipped--> shipped @ crash after append/)
  })

  it("tells at which point of which transition a node crashed", async () => {
    const faults = { "node crashes": 4, "ack lost": 0.3, "append lost": 0.3 }
    const { coverage } = await simulate({ ...scenarios.order, faults, runs: 10, twice: 0 })
    const { crashes } = coverageReport([Order], coverage)
    for (const point of ["before append", "after append"]) {
      expect(crashes.never).not.toContain(`order transition draft --OrderPlaced--> placed @ crash ${point}`)
    }
  })

  const wrong: ReadonlyArray<readonly [string, Partial<SimulateOptions>, RegExp]> = [
    ["a seed that is no whole number", { seed: 1.5 }, /`seed` is 1\.5; it must be a whole number/],
    ["no runs", { runs: 0 }, /`runs` is 0; it must be a whole number from 1/],
    [
      "a fault that there is not",
      { faults: ["gremlins" as never] },
      /There is no fault "gremlins"; there are: append lost/,
    ],
    [
      "an invariant that throws",
      {
        invariants: {
          "is well": () => {
            throw new Error("it is not")
          },
        },
        shrinks: false,
      },
      /^is well: order\/.* at version 1: it is not/,
    ],
  ]
  it.each(wrong)("says clearly what is wrong with %s", async (_, options, message) => {
    await expect(simulate({ ...small, ...options })).rejects.toThrow(message)
  })
})
