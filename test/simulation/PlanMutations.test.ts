/**
 * The simulator finds runtimes that forget under which plan a saga runs. As in Mutations.test.ts each test breaks one
 * promise, and says within how many seeds that must be found.
 */
import { describe, expect, it } from "vitest"
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

/** Nobody looks: a broken definition judges as wrongly as it runs, so what it breaks has to show in what happens. */
const unseen: Workload = function* (draw) {
  for (const request of plansScenario.workload(draw)) {
    if (request.command !== undefined) yield { ...request, via: "tell" }
  }
}

/** The failure that is found within `seeds` seeds. */
const found = async (seeds: number, options: Partial<SimulateOptions>): Promise<SimulationFailed> => {
  const faults = "none" as const
  const outcome = await simulate({
    ...plansScenario,
    workload: unseen,
    faults,
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

describe("the simulator finds a runtime", () => {
  it("FAULT 74: that takes every saga for one of the newest plan, in 3 seeds", async () => {
    const { regression } = await found(3, {
      former: { actors, sagas: [ofFirstRelease(TourV1)] },
      sagas: [ofFirstRelease(tour(stepsAfter, { version: 2 }))],
      invariants: {},
    })
    // A tour that waits for ever in a step that was never asked, or has one undone that was not done.
    expect([PROMISES.converges, PROMISES.saga, PROMISES.carried]).toContain(regression.promise)
  })

  it("FAULT 74: whose sagas ask for the steps of another plan, in 3 seeds", async () => {
    const { regression } = await found(3, {
      former: { actors, sagas: [ofFirstRelease(TourV1)] },
      sagas: [ofFirstRelease(tour(stepsAfter, { version: 2 }))],
    })
    expect(regression.promise).toBe("a tour asks for the steps of its own plan, in their order")
  })

  it("FAULT 74: that does not have the former plan: its sagas are stuck, and do nothing, in 3 seeds", async () => {
    const { regression, message } = await found(3, { sagas: [tour(stepsAfter, { version: 2 })] })
    expect(regression.promise).toBe(PROMISES.converges)
    expect(message).toMatch(/tour\/t-\d+: is "stuck"/)
  })
})

describe("plans that change under running sagas", () => {
  it("FAULT 74: hold for sagas that the first releases started", async () => {
    await simulate({
      ...plansScenario,
      former: { actors, sagas: [ofFirstRelease(TourV1)] },
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
