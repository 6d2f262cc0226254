/**
 * Plants bugs one at a time and asks the tests: the fast tier first, the next tier for survivors alone.
 *
 * Owns the order of tiers, and the second look at a failure: a test that fails on a busy machine without a reason must
 * not count as one that noticed the bug. What is planted is bugs/, how a run is made is TestRun.ts.
 */
import { type PlantedBug, plant } from "./PlantedBug.ts"
import { runTests, type TestFailure, type TestRun } from "./TestRun.ts"

/** Folders of tests, the fastest first; the last two start servers. */
export const TIERS = ["unit", "simulation", "contract", "integration"] as const
export type Tier = (typeof TIERS)[number]

/** Longest run of a tier, in milliseconds: several times what it takes on two cores. */
const LIMIT_MS: Readonly<Record<Tier, number>> = {
  unit: 300_000,
  simulation: 600_000,
  contract: 600_000,
  integration: 1_500_000,
}

export interface BugOutcome {
  readonly bug: PlantedBug
  /** The tier that noticed it; undefined: it survived. */
  readonly tier: Tier | undefined
  readonly failure: TestFailure | undefined
  /** Time until it was noticed, or until the last test had passed. */
  readonly elapsedMs: number
  /** Tests that failed once with the bug and passed when they were run again. */
  readonly unsteady: ReadonlyArray<string>
}

export interface MutationOptions {
  /** A copy of the tree. */
  readonly root: string
  readonly tiers: ReadonlyArray<Tier>
  readonly nowMs: () => number
  /** Replaced in tests. */
  readonly run?: (run: TestRun) => Promise<TestFailure | undefined>
}

const runOf = (root: string, tier: Tier): TestRun => ({
  root,
  args: ["--project", tier],
  limitMs: LIMIT_MS[tier],
})

/** The tests must pass without any bug; the first failure otherwise. */
export const checkUnharmed = async ({ root, tiers, run = runTests }: MutationOptions) => {
  const [first = "unit"] = tiers
  return await run(runOf(root, first))
}

/** What becomes of one bug. The tree is as it was afterwards. */
export const outcomeOf = async (
  bug: PlantedBug,
  { root, tiers, nowMs, run = runTests }: MutationOptions,
): Promise<BugOutcome> => {
  const beganAtMs = nowMs()
  const unsteady: Array<string> = []
  const takeOut = plant(root, bug)
  try {
    for (const tier of tiers) {
      const whole = runOf(root, tier)
      // Once more where the first failure was no real one: a bail had left the rest of the tier out.
      for (let attempt = 1; attempt <= 3; attempt++) {
        const failure = await run(whole)
        if (failure === undefined) break
        const alone = failure.file && { ...whole, args: [...whole.args, failure.file] }
        const again = alone ? await run(alone) : failure
        if (again !== undefined)
          return { bug, tier, failure: again, elapsedMs: nowMs() - beganAtMs, unsteady }
        unsteady.push(failure.test)
      }
    }
    return { bug, tier: undefined, failure: undefined, elapsedMs: nowMs() - beganAtMs, unsteady }
  } finally {
    takeOut()
  }
}
