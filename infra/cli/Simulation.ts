/**
 * Plays simulation scenarios over many seeds, and reports what was found: a bar for each scenario, the faults
 * that struck, coverage of the statecharts.
 *
 * Owns one whole session of `npm run sim` and of `everstate sim`. Their flags are SimulationFlags.ts, their
 * command lines sim.ts and infra/bin/SimCommand.ts. A run is defined in runtime/testing/simulation/Simulate.ts.
 */
import { execFileSync } from "node:child_process"
import { mkdirSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import {
  type CoverageReport,
  coverageReport,
  FAULT_KINDS,
  INVARIANTS,
  type RunOutcome,
  type SimulateOptions,
  SimulationFailed,
  type SimulationReport,
  simulate,
  type TraceEntry,
} from "../../runtime/testing.ts"
import { barOf } from "./ProgressBar.ts"
import { quoted } from "./ShellWord.ts"
import { type SimulationInput, seedsDefault, UnknownScenario } from "./SimulationFlags.ts"

/** Least time between two updates of the progress bar. */
const barEveryMs = 100

interface ScenarioResult {
  readonly scenario: string
  readonly seeds: number
  readonly seconds: number
  readonly stepCount: number
  readonly marks: { readonly [mark: string]: number }
  readonly coverage: { readonly [key: string]: number }
  /** Assertions of the runtime that were checked, with counts. */
  readonly invariants: { readonly [name: string]: number }
  readonly repeatedCount: number
  /** Steps of the failing run, made small; or of the only run of the session. The oldest steps may be missing. */
  readonly trace?: ReadonlyArray<TraceEntry>
  readonly failure?: {
    readonly seed: number
    readonly report: string
    /** Command that repeats the run. */
    readonly again: string
    readonly regression: unknown
  }
}

type Scenarios = { readonly [name: string]: SimulateOptions }

const chosenOf = (scenarios: Scenarios, scenario: string | undefined): Scenarios => {
  if (scenario === undefined) return scenarios
  const chosen = scenarios[scenario]
  if (chosen !== undefined) return { [scenario]: chosen }
  throw new UnknownScenario(
    `There is no scenario "${scenario}"; there are: ${Object.keys(scenarios).join(", ")}.`,
  )
}

const progress = (stream: NodeJS.WriteStream, name: string, total: number) => {
  const startedAtMs = performance.now()
  let shownAtMs = 0
  let doneCount = 0
  let stepCount = 0
  const line = (): string => {
    const seconds = (performance.now() - startedAtMs) / 1_000
    return `${name.padEnd(14)} ${barOf(doneCount / total)} ${doneCount}/${total}  ${(doneCount / seconds).toFixed(1)} seeds/s  ${Math.round(stepCount / seconds)} steps/s`
  }
  return {
    seconds: () => (performance.now() - startedAtMs) / 1_000,
    steps: () => stepCount,
    ran: (outcome: RunOutcome) => {
      doneCount++
      stepCount += outcome.stepCount
      const isDue = performance.now() - shownAtMs > barEveryMs
      if (!stream.isTTY || !isDue) return
      shownAtMs = performance.now()
      stream.write(`\r${line()}`)
    },
    end: () => stream.write(stream.isTTY ? `\r${line()}\n` : `${line()}\n`),
  }
}

interface Session {
  readonly commit: string
  readonly seed: number
  readonly runs: number
  readonly twice: number
  readonly repeatWith: string
  readonly stream: NodeJS.WriteStream
  /** Whether the session is one run of one scenario. */
  readonly isOneRun: boolean
}

/** The entries with times of microseconds. */
const rounded = (trace: ReadonlyArray<TraceEntry>): ReadonlyArray<TraceEntry> =>
  trace.map((entry) => ({ ...entry, atMs: Math.round(entry.atMs * 1_000) / 1_000 }))

const play = async (
  scenario: string,
  options: SimulateOptions,
  { commit, seed, runs, twice, stream, isOneRun, ...session }: Session,
): Promise<ScenarioResult> => {
  const bar = progress(stream, scenario, runs)
  const repeatWith = session.repeatWith.replace("{scenario}", () => quoted(scenario))
  const facts = () => ({ scenario, seeds: runs, seconds: bar.seconds(), stepCount: bar.steps() })
  let trace: ReadonlyArray<TraceEntry> = []
  try {
    const report: SimulationReport = await simulate({
      ...options,
      seed,
      runs,
      twice,
      repeatWith,
      commit,
      onRun: (outcome) => {
        bar.ran(outcome)
        if (isOneRun) trace = outcome.trace
      },
    })
    bar.end()
    return {
      ...facts(),
      marks: Object.fromEntries(report.marks),
      coverage: Object.fromEntries(report.coverage),
      invariants: Object.fromEntries(report.invariants),
      repeatedCount: report.repeatedCount,
      ...(isOneRun ? { trace: rounded(trace) } : {}),
    }
  } catch (error) {
    bar.end()
    if (!(error instanceof SimulationFailed)) throw error
    const { outcome, shrunk, regression, message } = error
    const failure = {
      seed: outcome.seed,
      report: message,
      again: repeatWith.replaceAll("{seed}", String(outcome.seed)),
      regression: { scenario, ...regression },
    }
    return {
      ...facts(),
      marks: Object.fromEntries(outcome.marks),
      coverage: Object.fromEntries(outcome.coverage),
      invariants: Object.fromEntries(outcome.invariants),
      repeatedCount: 0,
      trace: rounded((shrunk?.outcome ?? outcome).trace),
      failure,
    }
  }
}

const sumOf = (all: ReadonlyArray<{ readonly [name: string]: number }>): ReadonlyMap<string, number> => {
  const total = new Map<string, number>()
  for (const counts of all) {
    for (const [name, count] of Object.entries(counts)) total.set(name, (total.get(name) ?? 0) + count)
  }
  return total
}

/** Coverage of each actor type once, over all scenarios. */
const coverageOf = (
  scenarios: ReadonlyArray<SimulateOptions>,
  results: ReadonlyArray<ScenarioResult>,
): CoverageReport => {
  const actors = new Map(scenarios.flatMap((scenario) => scenario.actors).map((actor) => [actor.type, actor]))
  return coverageReport([...actors.values()], sumOf(results.map(({ coverage }) => coverage)))
}

/** The assertions of the runtime, and how often the runs checked each. */
const invariantsText = (results: ReadonlyArray<ScenarioResult>): string => {
  const total = sumOf(results.map(({ invariants }) => invariants))
  const line = ([name, what]: readonly [string, string]) =>
    `  ${what.padEnd(72)} ${String(total.get(name) ?? 0).padStart(9)}`
  return ["assertions checked", ...Object.entries(INVARIANTS).map(line)].join("\n")
}

/** Faults that did not strike are named only if they are few, as after many seeds. */
const NEVER_NAMED_MAX = 12

const neverText = (faults: ReadonlyArray<string>): ReadonlyArray<string> => {
  if (faults.length === 0) return []
  return [`  never: ${faults.length > NEVER_NAMED_MAX ? `${faults.length} other kinds` : faults.join(", ")}`]
}

const summary = (results: ReadonlyArray<ScenarioResult>): string => {
  const total = sumOf(results.map(({ marks }) => marks))
  const line = (mark: string) => `  ${mark.padEnd(44)} ${String(total.get(mark) ?? 0).padStart(9)}`
  const others = [...total.keys()]
    .filter((mark) => !(FAULT_KINDS as ReadonlyArray<string>).includes(mark))
    .sort()
  const struck = FAULT_KINDS.filter((kind) => (total.get(kind) ?? 0) > 0)
  const never = FAULT_KINDS.filter((kind) => !struck.includes(kind))
  return [
    "faults that struck",
    ...struck.map(line),
    ...neverText(never),
    "reached",
    ...others.map(line),
  ].join("\n")
}

/** Commit of the simulated code, for readers of the report; unknown outside of a repository. */
const commitOfCode = (): string => {
  try {
    return execFileSync("git", ["describe", "--always", "--dirty"], {
      encoding: "utf8",
      stdio: "pipe",
    }).trim()
  } catch {
    return "unknown"
  }
}

/** The report of a session, as `reportFile` keeps it. */
export interface SessionReport {
  readonly results: ReadonlyArray<ScenarioResult>
  readonly coverage: CoverageReport
  /** Number of scenarios that found a violation. */
  readonly failedCount: number
}

/** Plays all scenarios, or the chosen one, and writes to `stream` what it finds. */
export const playScenarios = async (
  scenarios: Scenarios,
  given: SimulationInput,
  stream: NodeJS.WriteStream,
): Promise<SessionReport> => {
  const seed = given.seed ?? 1
  const runs = given.seeds ?? (given.seed === undefined ? seedsDefault : 1)
  const results: Array<ScenarioResult> = []
  const commit = commitOfCode()
  const chosen = chosenOf(scenarios, given.scenario)
  const isOneRun = runs === 1 && Object.keys(chosen).length === 1
  const session = { commit, seed, runs, twice: given.twice, repeatWith: given.repeatWith, stream, isOneRun }
  for (const [name, options] of Object.entries(chosen)) {
    const result = await play(name, options, session)
    results.push(result)
    const { failure } = result
    if (failure === undefined) continue
    console.error(`\n${failure.report}\n`)
    if (given.save === undefined) continue
    mkdirSync(given.save, { recursive: true })
    const file = join(given.save, `${name.replaceAll(" ", "-")}-${failure.seed}.json`)
    writeFileSync(file, `${JSON.stringify(failure.regression, undefined, 2)}\n`)
    console.error(`Saved as ${file}.`)
  }
  const coverage = coverageOf(Object.values(chosen), results)
  stream.write(`\n${summary(results)}\n\n${invariantsText(results)}\n\nstatecharts\n${coverage.text}\n`)
  const failedCount = results.filter(({ failure }) => failure !== undefined).length
  const seeds = results.reduce((sum, result) => sum + result.seeds, 0)
  const repeated = results.reduce((sum, result) => sum + result.repeatedCount, 0)
  stream.write(
    `\n${seeds} seeds, ${repeated} of them twice with the same steps, ${failedCount} of ${results.length} scenarios failed.\n`,
  )
  if (given.reportFile !== undefined)
    writeFileSync(given.reportFile, `${JSON.stringify({ results, coverage }, undefined, 2)}\n`)
  return { results, coverage, failedCount }
}
