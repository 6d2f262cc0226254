/**
 * Plants bugs one at a time and asks the tests: the fast tier first, the next tier for survivors alone.
 *
 * Owns the order of tiers, and the second look at a failure: a test that fails on a busy machine without a reason must
 * not count as one that noticed the bug. What is planted is bugs/, how a run is made is TestRun.ts.
 */
import { existsSync, readdirSync } from "node:fs"
import { basename, join } from "node:path"
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
  /** Time until the test that noticed it failed first, or until the last test had passed, in milliseconds. */
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

/** Time of one unit test, in milliseconds: one that a bug keeps waiting says so soon. */
const UNIT_TEST_LIMIT_MS = 10_000

const runOf = (root: string, tier: Tier): TestRun => ({
  root,
  args: [
    "--project",
    tier,
    `--exclude=${TESTS_OF_THE_LIST}`,
    ...(tier === "unit" ? [`--testTimeout=${UNIT_TEST_LIMIT_MS}`] : []),
  ],
  limitMs: LIMIT_MS[tier],
})

/** The port whose contract a file helps to keep: that of infra/nats/journal/JournalRead.ts is `Journal`. */
const portOf = (root: string, file: string): string | undefined => {
  const contracts = join(root, "runtime", "contract")
  if (!existsSync(contracts)) return undefined
  const ports = readdirSync(contracts).flatMap((name) =>
    name.endsWith("Contract.ts") ? [name.slice(0, -"Contract.ts".length)] : [],
  )
  return ports.find((port) => basename(file).startsWith(port))
}

/** Few chosen seeds of all scenarios: the first answer of the simulation. */
export const SHORT_RUN = "test/simulation/ShortRun.test.ts"

/**
 * The tests that most often notice a bug of this file: the folder of its room, of the contracts those of its port, of
 * the simulation the short run.
 * Undefined where the tier has none.
 */
const nearTestsOf = (root: string, tier: Tier, { file }: PlantedBug): string | undefined => {
  if (tier === "simulation" && existsSync(join(root, SHORT_RUN))) return SHORT_RUN
  if (tier === "contract") {
    const port = portOf(root, file)
    return port && join("test", tier, port)
  }
  const [, room = ""] = file.split("/")
  const folder = join("test", tier, room)
  return existsSync(join(root, folder)) ? folder : undefined
}

/** How often a tier is run to its end where a test fails once and passes when it is run again. */
const TIER_ATTEMPTS_MAX = 3

interface TierResult {
  readonly failure: TestFailure | undefined
  /** When the test failed that fails again; the end of the tier without one. */
  readonly atMs: number
  readonly unsteady: ReadonlyArray<string>
}

/** The failure among the tests of one run, and the tests that failed without a reason on the way. */
const failureOf = async (whole: TestRun, { run = runTests, nowMs }: MutationOptions): Promise<TierResult> => {
  const unsteady: Array<string> = []
  // Each failure leaves the rest of the tests out, so one without a reason needs the whole run again.
  for (let attempt = 1; attempt <= TIER_ATTEMPTS_MAX; attempt++) {
    const failure = await run(whole)
    if (failure === undefined) break
    const atMs = nowMs()
    const { file } = failure
    const again = file === undefined ? failure : await run({ ...whole, args: [...whole.args, file] })
    if (again !== undefined) return { failure: again, atMs, unsteady }
    unsteady.push(failure.test)
  }
  return { failure: undefined, atMs: nowMs(), unsteady }
}

/** The failure of a tier. Tests near the bug run first, because a run of few tests is the quickest answer. */
const failureIn = async (tier: Tier, options: MutationOptions, bug?: PlantedBug): Promise<TierResult> => {
  const whole = runOf(options.root, tier)
  const near = bug && nearTestsOf(options.root, tier, bug)
  if (near === undefined) return await failureOf(whole, options)
  const first = await failureOf({ ...whole, args: [...whole.args, near] }, options)
  if (first.failure !== undefined) return first
  const rest = await failureOf(whole, options)
  return { ...rest, unsteady: [...first.unsteady, ...rest.unsteady] }
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
      const { failure, atMs, unsteady: again } = await failureIn(tier, options, bug)
      unsteady.push(...again)
      if (failure !== undefined) return { bug, tier, failure, elapsedMs: atMs - beganAtMs, unsteady }
    }
    return { bug, tier: undefined, failure: undefined, elapsedMs: nowMs() - beganAtMs, unsteady }
  } finally {
    takeOut()
  }
}
