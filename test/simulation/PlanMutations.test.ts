/**
 * The simulator finds runtimes that forget under which plan a saga runs. As in Mutations.test.ts each test breaks one
 * promise, and says within how many seeds that must be found.
 */
import { describe, expect, it } from "vitest"
import type { AnySaga } from "../../runtime/index.ts"
import {
  PROMISES,
  type SimulateOptions,
  SimulationFailed,
  simulate,
  type Workload,
} from "../../runtime/testing.ts"
import { ofFirstRelease } from "../fixtures/saga/FirstRelease.ts"
import { Guide, plansScenario, Room, TourV1, TourV2, tour } from "./scenarios/Plans.ts"

const actors = [Room, Guide]
const stepsAfter = TourV2.plan.stages.map(({ key }) => key)

/** The failure that is found within `seeds` seeds when the code changes to that of `saga`. */
const found = async (
  seeds: number,
  saga: AnySaga,
  options: Partial<SimulateOptions> = {},
): Promise<SimulationFailed> => {
  // Nobody looks: a broken definition judges as wrongly as it runs, so what it breaks has to show in what happens.
  const workload: Workload = function* (draw) {
    for (const request of plansScenario.workload(draw)) {
      if (request.command !== undefined) yield { ...request, actor: saga.actor, via: "tell" }
    }
  }
  const outcome = await simulate({
    ...plansScenario,
    sagas: [saga],
    workload,
    faults: "none",
    twice: 0,
    ...options,
    runs: seeds,
  }).then(
    () => undefined,
    (error: unknown) => error,
  )
  if (outcome instanceof SimulationFailed) return outcome
  throw outcome ?? new Error(`not found in ${seeds} seeds`)
}

/** What ran before stored no plan. */
const former = { actors, sagas: [ofFirstRelease(TourV1)] }
const newestOnly = tour(stepsAfter, { version: 2 })

describe("the simulator finds a runtime", () => {
  it("FAULT 74: that takes every saga for one of the newest plan, in 3 seeds", async () => {
    const { regression } = await found(3, ofFirstRelease(newestOnly), { former, invariants: {} })
    // A tour that waits for ever in a step that was never asked, or has one undone that was not done.
    expect([PROMISES.converges, PROMISES.saga, PROMISES.carried]).toContain(regression.promise)
  })

  it("FAULT 74: whose sagas ask for the steps of another plan, in 3 seeds", async () => {
    const { regression } = await found(3, ofFirstRelease(newestOnly), { former })
    expect(regression.promise).toBe("a tour asks for the steps of its own plan, in their order")
  })

  it("FAULT 74: that does not have the former plan: its sagas are stuck, and do nothing, in 3 seeds", async () => {
    const { regression, message } = await found(3, newestOnly)
    expect(regression.promise).toBe(PROMISES.converges)
    expect(message).toMatch(/tour\/t-\d+: is "stuck"/)
  })
})

describe("plans that change under running sagas", () => {
  it("FAULT 74: hold for sagas that the first releases started", async () => {
    await simulate({
      ...plansScenario,
      former,
      runs: 6,
      twice: 1,
      sometimes: ["a tour of plan 1 is completed", "a tour of plan 1 is compensated"],
    })
  })

  it("FAULT 74: are met by tours of both, to either end", async () => {
    await simulate({
      ...plansScenario,
      runs: 8,
      twice: 1,
      sometimes: [1, 2].flatMap((plan) =>
        ["completed", "compensated"].map((end) => `a tour of plan ${plan} is ${end}`),
      ),
    })
  })
})
