/**
 * `simulate({ actors, workload, ... })`: the whole system under faults, in one process, from one integer.
 *
 * Owns the promises of a suite of runs: every seed takes the same steps twice, the first violation is shrunk
 * and reported, and every mark of the suite was reached. One run: SwarmRun.ts. A script instead: Story.ts.
 */
import { EverstateError } from "../../error/EverstateError.ts"
import { failureReport } from "./FailureReport.ts"
import { FAULT_KINDS, type FaultKind, isDrawnAlways, isFaultKind, isOfClusters } from "./FaultKind.ts"
import { drawRates, type FaultRates } from "./Faults.ts"
import { Randomness } from "./Randomness.ts"
import { brokenBy, type Case, planOf, type Shrunk, shrink } from "./Shrink.ts"
import {
  CONVERGE_MS_DEFAULT,
  type RunOutcome,
  type RunPlan,
  runSwarm,
  SAFETY_MS_DEFAULT,
} from "./SwarmRun.ts"
import type { SystemUnderTest } from "./SystemUnderTest.ts"
import { requestsOf, type Workload } from "./Workload.ts"

/** Options of `simulate`: the system, what is asked of it, the seeds, and the faults. */
export interface SimulateOptions extends SystemUnderTest {
  /** Makes the requests of a run. Pure, except that it draws from its random source. */
  readonly workload: Workload
  /** `swarm` (default): each seed draws its own subset and rates, of all kinds or of the listed kinds. */
  readonly faults?: "swarm" | "none" | ReadonlyArray<FaultKind> | FaultRates
  /** Faults of every seed, besides those that it draws. */
  readonly always?: FaultRates
  /** First seed, a whole number; default 1. */
  readonly seed?: number
  /** Seeds to run, from `seed` on; default 1. */
  readonly runs?: number
  /** Default 3. Unless `placement` is `leases`, every node believes that it owns all shards. */
  readonly nodes?: number
  /** Clients that ask at the same time; default 8. */
  readonly clients?: number
  /** Longest safety phase, and time in which all work must be done after it, in virtual milliseconds. */
  readonly until?: { readonly safetyMs?: number; readonly convergeMs?: number }
  /**
   * Marks that must be reached over all runs: kinds of faults, branches of the runtime, your own `sometimes`.
   */
  readonly sometimes?: ReadonlyArray<string>
  /** Seeds that run twice and must take the same steps: all (default), or the given number of first ones. */
  readonly twice?: number | "all"
  /** Whether a failing run is shrunk first; default true. */
  readonly shrinks?: boolean
  /** Called after each run. */
  readonly onRun?: (outcome: RunOutcome) => void
  /** How a reader repeats a failing run; `{seed}` stands for the seed. */
  readonly repeatWith?: string
  /** The commit of the code under test, for the report. */
  readonly commit?: string
}

/** The result of all runs. */
export interface SimulationReport {
  readonly runCount: number
  readonly stepCount: number
  readonly virtualMs: number
  readonly answeredCount: number
  /** How often each fault struck and each mark was reached. */
  readonly marks: ReadonlyMap<string, number>
  /** Parts of the statecharts that were reached, with counts; pass it to `coverageReport`. */
  readonly coverage: ReadonlyMap<string, number>
  /** Assertions of the runtime that were checked, by the keys of `INVARIANTS`, with counts. */
  readonly invariants: ReadonlyMap<string, number>
  /** Runs that were repeated; all of them took the same steps. */
  readonly repeatedCount: number
}

/** A broken promise in the form of a regression file. */
export interface RegressionCase extends Case {
  readonly seed: number
  readonly promise: string
  readonly rates: FaultRates
}

/** A run broke a promise. The message tells the shrunk run step by step. */
export class SimulationFailed extends EverstateError {
  readonly _tag = "SimulationFailed"
  readonly kind = "defect"
  readonly retry = "never"
  readonly hint = "Replay the regression case, and follow its trace."
  override readonly name = "SimulationFailed"
  readonly outcome: RunOutcome
  readonly regression: RegressionCase
  readonly shrunk: Shrunk | undefined

  constructor(report: string, outcome: RunOutcome, regression: RegressionCase, shrunk: Shrunk | undefined) {
    super(report)
    this.outcome = outcome
    this.regression = regression
    this.shrunk = shrunk
  }
}

/** Runs took different steps from the same seed. */
export class SimulationDiverged extends EverstateError {
  readonly _tag = "SimulationDiverged"
  readonly kind = "defect"
  readonly retry = "never"
  readonly hint = "Find what two runs of a seed do not share: time, chance, I/O or state that outlives a run."
  override readonly name = "SimulationDiverged"
}

/** A mark was never reached, so the suite does not test what it claims. */
export class MarkNeverReached extends EverstateError {
  readonly _tag = "MarkNeverReached"
  readonly kind = "defect"
  readonly retry = "never"
  readonly hint = "Change the workload until it reaches the mark, or remove the mark."
  override readonly name = "MarkNeverReached"
}

/** Probability that a client of a generated workload sends a command to two nodes at once. */
const DOUBLE_SEND_CHANCE = 0.05

/** Throws {@link InvalidWorkload}, {@link SimulationFailed}, {@link SimulationDiverged}, {@link MarkNeverReached}. */
export const simulate = async (options: SimulateOptions): Promise<SimulationReport> => {
  const { runs = 1, seed = 1, twice = "all" } = options
  requireWhole("seed", seed, Number.MIN_SAFE_INTEGER)
  requireWhole("runs", runs, 1)
  requireWhole("nodes", options.nodes ?? 1, 1)
  requireWhole("clients", options.clients ?? 1, 1)
  const marks = new Map<string, number>()
  const coverage = new Map<string, number>()
  const invariants = new Map<string, number>()
  const total = { runCount: 0, stepCount: 0, virtualMs: 0, answeredCount: 0, repeatedCount: 0 }
  for (let run = 0; run < runs; run++) {
    const plan = planFor(options, seed + run)
    const outcome = runSwarm(options, plan)
    options.onRun?.(outcome)
    if (outcome.violation !== undefined) throw failure(options, plan, outcome)
    if (twice === "all" || run < twice) {
      requireSame(outcome, runSwarm(options, plan))
      total.repeatedCount++
    }
    total.runCount++
    total.stepCount += outcome.stepCount
    total.virtualMs += outcome.virtualMs
    total.answeredCount += outcome.answeredCount
    addTo(marks, outcome.marks)
    addTo(coverage, outcome.coverage)
    addTo(invariants, outcome.invariants)
  }
  const missing = (options.sometimes ?? []).filter((name) => !marks.has(name))
  if (missing.length > 0) {
    throw new MarkNeverReached(
      `Never reached in ${runs} runs from seed ${seed}: ${missing.join(", ")}. Give more runs, or a workload that gets there.`,
    )
  }
  return { ...total, marks, coverage, invariants }
}

const addTo = (sums: Map<string, number>, counts: ReadonlyMap<string, number>): void => {
  for (const [name, count] of counts) sums.set(name, (sums.get(name) ?? 0) + count)
}

/** Runs a stored case again. The outcome says whether it still breaks its promise. */
export const replayCase = (options: SimulateOptions, regression: RegressionCase): RunOutcome =>
  runSwarm(options, planOf({ ...planFor(options, regression.seed), rates: regression.rates }, regression))

const planFor = (options: SimulateOptions, seed: number): RunPlan => ({
  seed,
  nodeCount: options.nodes ?? 3,
  clientCount: options.clients ?? 8,
  rates: ratesFor(options, seed),
  interleaving: "seeded",
  doubleSendChance: DOUBLE_SEND_CHANCE,
  requests: requestsOf(options.workload, seed),
  safetyMs: options.until?.safetyMs ?? SAFETY_MS_DEFAULT,
  convergeMs: options.until?.convergeMs ?? CONVERGE_MS_DEFAULT,
})

const ratesFor = (options: SimulateOptions, seed: number): FaultRates => ({
  ...drawnFor(options, new Randomness(seed, "swarm")),
  ...options.always,
})

const drawnFor = ({ faults = "swarm", placement }: SimulateOptions, random: Randomness): FaultRates => {
  if (faults === "none") return {}
  if (faults === "swarm") {
    return drawRates(
      random,
      FAULT_KINDS.filter((kind) => isDrawnAlways(kind) && (placement === "leases" || !isOfClusters(kind))),
    )
  }
  const given: ReadonlyArray<string> = Array.isArray(faults) ? faults : Object.keys(faults)
  const unknown = given.filter((kind) => !isFaultKind(kind))
  if (unknown.length > 0) {
    throw new Error(`There is no fault "${unknown.join('", "')}"; there are: ${FAULT_KINDS.join(", ")}.`)
  }
  return Array.isArray(faults) ? drawRates(random, faults) : (faults as FaultRates)
}

const requireWhole = (name: string, value: number, min: number): void => {
  if (Number.isSafeInteger(value) && value >= min) return
  throw new Error(`\`${name}\` is ${value}; it must be a whole number${min > 0 ? ` from ${min}` : ""}.`)
}

const requireSame = (first: RunOutcome, second: RunOutcome): void => {
  if (first.hash === second.hash) return
  const at = first.trace.findIndex(({ what, atMs }, index) => {
    const other = second.trace[index]
    return other?.what !== what || other.atMs !== atMs
  })
  const told = (outcome: RunOutcome) => outcome.trace[at]?.what ?? "(nothing)"
  throw new SimulationDiverged(
    `Seed ${first.seed} took other steps the second time (hash ${first.hash}, then ${second.hash}); the first difference in the trace: "${told(first)}", then "${told(second)}". Something keeps state between runs or draws on what no seed decides.`,
  )
}

const failure = (options: SimulateOptions, plan: RunPlan, outcome: RunOutcome): SimulationFailed => {
  const shrunk = options.shrinks === false ? undefined : shrink(options, plan, outcome)
  const small: Case = shrunk?.case ?? {
    requests: plan.requests.map((_, index) => index),
    faults: [...new Set(outcome.struck)],
    nodeCount: plan.nodeCount,
    clientCount: plan.clientCount,
    interleaving: plan.interleaving,
  }
  const { seed, rates } = plan
  const repeat = (options.repeatWith ?? "simulate({ ...options, seed: {seed}, runs: 1 })").replace(
    "{seed}",
    String(seed),
  )
  const report = failureReport({ plan, outcome, shrunk, repeat, commit: options.commit })
  return new SimulationFailed(
    report,
    outcome,
    { seed, promise: brokenBy(outcome) ?? "", rates, ...small },
    shrunk,
  )
}
