/**
 * `npm run sim`: plays simulation scenarios over many seeds and reports what it found.
 *
 * The module `index.ts` of a folder exports scenarios as `scenarios`: the folder of this repository, unless
 * `--from` names another one. Exits 1 on a violation. A run is defined in
 * runtime/testing/simulation/Simulate.ts.
 */
import { execFileSync } from "node:child_process"
import { mkdirSync, writeFileSync } from "node:fs"
import { join, resolve } from "node:path"
import { pathToFileURL } from "node:url"
import { Effect, Option, Schema } from "effect"
import { Command, Flag } from "effect/cli"
import {
  type CoverageReport,
  coverageReport,
  FAULT_KINDS,
  type RunOutcome,
  type SimulateOptions,
  SimulationFailed,
  type SimulationReport,
  simulate,
} from "../../runtime/testing.ts"
import { EXIT_INTERRUPTED, runProgram } from "./Program.ts"
import { barOf } from "./ProgressBar.ts"

const scenariosFolder = "test/simulation/scenarios"
const seedsDefault = 1_000
/** Seeds of each scenario that are run a second time, to check that they take the same steps. */
const twiceMax = 200
/** Least time between two updates of the progress bar. */
const barEveryMs = 100

interface ScenarioResult {
  readonly scenario: string
  readonly seeds: number
  readonly seconds: number
  readonly stepCount: number
  readonly marks: { readonly [mark: string]: number }
  readonly coverage: { readonly [key: string]: number }
  readonly repeatedCount: number
  readonly failure?: { readonly seed: number; readonly report: string; readonly regression: unknown }
}

const optionalText = (name: string, description: string) =>
  Flag.String(name).pipe(Flag.withDescription(description), Flag.optional, Flag.map(Option.getOrUndefined))

const flags = {
  seeds: Flag.Int("seeds").pipe(
    Flag.withSchema(Schema.Int.check(Schema.isGreaterThan(0))),
    Flag.withDescription(`Seeds of each scenario (default ${seedsDefault}, with --seed 1)`),
    Flag.optional,
    Flag.map(Option.getOrUndefined),
  ),
  seed: Flag.Int("seed").pipe(
    Flag.withDescription("The first seed (default 1)"),
    Flag.optional,
    Flag.map(Option.getOrUndefined),
  ),
  twice: Flag.Int("twice").pipe(
    Flag.withDescription(`Seeds that are run again and must take the same steps (default ${twiceMax})`),
    Flag.withDefault(twiceMax),
  ),
  scenario: optionalText(
    "scenario",
    "Only this one, such as desks, cluster, or stores (lost and restored stores)",
  ),
  json: optionalText("json", "File for the whole report"),
  save: optionalText("save", "Folder for shrunk failing cases"),
  from: Flag.String("from").pipe(
    Flag.withDescription(`Folder whose index.ts exports \`scenarios\` (default ${scenariosFolder})`),
    Flag.withDefault(scenariosFolder),
  ),
}

interface Given {
  readonly seeds: number | undefined
  readonly seed: number | undefined
  readonly twice: number
  readonly scenario: string | undefined
  readonly json: string | undefined
  readonly save: string | undefined
  readonly from: string
}

class WrongUse extends Error {}

const loadScenarios = async (given: Given): Promise<{ readonly [name: string]: SimulateOptions }> => {
  const module = (await import(pathToFileURL(join(resolve(given.from), "index.ts")).href)) as {
    readonly scenarios?: { readonly [name: string]: SimulateOptions }
  }
  if (module.scenarios === undefined) throw new WrongUse(`${given.from}/index.ts exports no \`scenarios\`.`)
  const { scenario } = given
  if (scenario === undefined) return module.scenarios
  const chosen = module.scenarios[scenario]
  if (chosen !== undefined) return { [scenario]: chosen }
  throw new WrongUse(
    `There is no scenario "${scenario}"; there are: ${Object.keys(module.scenarios).join(", ")}.`,
  )
}

const progress = (name: string, total: number) => {
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
      if (!process.stdout.isTTY || !isDue) return
      shownAtMs = performance.now()
      process.stdout.write(`\r${line()}`)
    },
    end: () => console.log(process.stdout.isTTY ? `\r${line()}` : line()),
  }
}

const play = async (
  commit: string,
  scenario: string,
  options: SimulateOptions,
  seed: number,
  runs: number,
  twice: number,
): Promise<ScenarioResult> => {
  const bar = progress(scenario, runs)
  const repeatWith = `npm run sim -- --scenario "${scenario}" --seed {seed} --seeds 1`
  const facts = () => ({ scenario, seeds: runs, seconds: bar.seconds(), stepCount: bar.steps() })
  try {
    const report: SimulationReport = await simulate({
      ...options,
      seed,
      runs,
      twice,
      repeatWith,
      commit,
      onRun: bar.ran,
    })
    bar.end()
    return {
      ...facts(),
      marks: Object.fromEntries(report.marks),
      coverage: Object.fromEntries(report.coverage),
      repeatedCount: report.repeatedCount,
    }
  } catch (error) {
    bar.end()
    if (!(error instanceof SimulationFailed)) throw error
    const { outcome, regression, message } = error
    const failure = { seed: outcome.seed, report: message, regression: { scenario, ...regression } }
    return {
      ...facts(),
      marks: Object.fromEntries(outcome.marks),
      coverage: Object.fromEntries(outcome.coverage),
      repeatedCount: 0,
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

const summary = (results: ReadonlyArray<ScenarioResult>): string => {
  const total = sumOf(results.map(({ marks }) => marks))
  const line = (mark: string) => `  ${mark.padEnd(44)} ${String(total.get(mark) ?? 0).padStart(9)}`
  const others = [...total.keys()]
    .filter((mark) => !(FAULT_KINDS as ReadonlyArray<string>).includes(mark))
    .sort()
  return ["faults that struck", ...FAULT_KINDS.map(line), "reached", ...others.map(line)].join("\n")
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

const main = async (given: Given): Promise<number> => {
  const seed = given.seed ?? 1
  const runs = given.seeds ?? (given.seed === undefined ? seedsDefault : 1)
  const results: Array<ScenarioResult> = []
  const commit = commitOfCode()
  const scenarios = await loadScenarios(given)
  for (const [name, options] of Object.entries(scenarios)) {
    const result = await play(commit, name, options, seed, runs, given.twice)
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
  const coverage = coverageOf(Object.values(scenarios), results)
  console.log(`\n${summary(results)}\n\nstatecharts\n${coverage.text}`)
  const failed = results.filter(({ failure }) => failure !== undefined)
  const seeds = results.reduce((sum, result) => sum + result.seeds, 0)
  const repeated = results.reduce((sum, result) => sum + result.repeatedCount, 0)
  console.log(
    `\n${seeds} seeds, ${repeated} of them twice with the same steps, ${failed.length} scenarios failed.`,
  )
  if (given.json !== undefined)
    writeFileSync(given.json, `${JSON.stringify({ results, coverage }, undefined, 2)}\n`)
  return failed.length === 0 ? 0 : 1
}

const sim = Command.make("sim", flags, (given) =>
  Effect.tryPromise({ try: () => main(given), catch: (error) => error }).pipe(
    Effect.tap((exitCode) =>
      Effect.sync(() => {
        process.exitCode = exitCode
      }),
    ),
    Effect.catchIf(
      (error) => error instanceof WrongUse,
      (error) =>
        Effect.sync(() => {
          console.error((error as WrongUse).message)
          process.exitCode = 2
        }),
    ),
  ),
).pipe(Command.withDescription("Plays simulation scenarios over many seeds; exits 1 on a violation."))

runProgram(sim, { signalExitCode: EXIT_INTERRUPTED })
// A seed runs without a pause, so no handler of a signal would run. Without a handler, the signal ends the
// process.
for (const signal of ["SIGINT", "SIGTERM"] as const) process.removeAllListeners(signal)
