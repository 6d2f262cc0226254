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

/** The test of the list itself sees every bug, as a text that is not there any more. */
const TESTS_OF_THE_LIST = "test/unit/mutation/**"

const runOf = (root: string, tier: Tier): TestRun => ({
  root,
  args: ["--project", tier, `--exclude=${TESTS_OF_THE_LIST}`],
  limitMs: LIMIT_MS[tier],
})

/** How often a tier is run to its end where a test fails once and passes when it is run again. */
const TIER_ATTEMPTS_MAX = 3

/** The failure of a tier, and the tests that failed without a reason on the way. */
const failureIn = async (
  tier: Tier,
  { root, run = runTests }: MutationOptions,
): Promise<{ readonly failure: TestFailure | undefined; readonly unsteady: ReadonlyArray<string> }> => {
  const whole = runOf(root, tier)
  const unsteady: Array<string> = []
  // Each failure leaves the rest of the tier out, so one without a reason needs the whole tier again.
  for (let attempt = 1; attempt <= TIER_ATTEMPTS_MAX; attempt++) {
    const failure = await run(whole)
    if (failure === undefined) break
    const { file } = failure
    const again = file === undefined ? failure : await run({ ...whole, args: [...whole.args, file] })
    if (again !== undefined) return { failure: again, unsteady }
    unsteady.push(failure.test)
  }
  return { failure: undefined, unsteady }
}

/** The tests must pass without any bug; the first failure of the first tier otherwise. */
export const checkUnharmed = async (options: MutationOptions): Promise<TestFailure | undefined> => {
  const [first = "unit"] = options.tiers
  return (await failureIn(first, options)).failure
}

/** What becomes of one bug. The tree is as it was afterwards. */
export const outcomeOf = async (bug: PlantedBug, options: MutationOptions): Promise<BugOutcome> => {
  const { root, tiers, nowMs } = options
  const beganAtMs = nowMs()
  const unsteady: Array<string> = []
  const takeOut = plant(root, bug)
  try {
    for (const tier of tiers) {
      const found = await failureIn(tier, options)
      unsteady.push(...found.unsteady)
      if (found.failure === undefined) continue
      return { bug, tier, failure: found.failure, elapsedMs: nowMs() - beganAtMs, unsteady }
    }
    return { bug, tier: undefined, failure: undefined, elapsedMs: nowMs() - beganAtMs, unsteady }
  } finally {
    takeOut()
  }
}
