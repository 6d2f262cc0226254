/**
 * `npm run sim`: plays simulation scenarios over many seeds and says what was found.
 *
 *     npm run sim -- --seeds 1000 [--seed N] [--scenario NAME] [--json FILE] [--save FOLDER] [--from FOLDER]
 *
 * Scenarios are what the module `index.ts` of a folder exports as `scenarios`: those of this repository, unless
 * `--from` names another folder. Exits 1 on a violation. What a run is: runtime/testing/simulation/Simulate.ts.
 */
import { execFileSync } from "node:child_process"
import { mkdirSync, writeFileSync } from "node:fs"
import { join, resolve } from "node:path"
import { pathToFileURL } from "node:url"
import { parseArgs } from "node:util"
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

const scenariosFolder = "test/simulation/scenarios"
const seedsDefault = 1_000
/** Seeds of each scenario that are run a second time, to see that they take the same steps. */
const twiceMax = 200
/** Width of the progress bar, in characters, and the least time between two of its states. */
const barWidth = 30
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

const { values: given } = parseArgs({
  options: {
    seeds: { type: "string" },
    seed: { type: "string" },
    scenario: { type: "string" },
    json: { type: "string" },
    save: { type: "string" },
    from: { type: "string", default: scenariosFolder },
  },
})

class WrongUse extends Error {}

const whole = (name: string, text: string | undefined, otherwise: number): number => {
  if (text === undefined) return otherwise
  const value = Number(text)
  if (!Number.isSafeInteger(value)) throw new WrongUse(`--${name} is "${text}"; it must be a whole number.`)
  return value
}

const loadScenarios = async (): Promise<{ readonly [name: string]: SimulateOptions }> => {
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
    const full = Math.round((doneCount / total) * barWidth)
    const bar = "█".repeat(full) + "░".repeat(barWidth - full)
    return `${name.padEnd(14)} ${bar} ${doneCount}/${total}  ${(doneCount / seconds).toFixed(1)} seeds/s  ${Math.round(stepCount / seconds)} steps/s`
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
  scenario: string,
  options: SimulateOptions,
  seed: number,
  runs: number,
): Promise<ScenarioResult> => {
  const bar = progress(scenario, runs)
  const repeatWith = `npm run sim -- --scenario "${scenario}" --seed {seed} --seeds 1`
  const facts = () => ({ scenario, seeds: runs, seconds: bar.seconds(), stepCount: bar.steps() })
  try {
    const report: SimulationReport = await simulate({
      ...options,
      seed,
      runs,
      twice: twiceMax,
      repeatWith,
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

/** Of each type of actor once, over all scenarios. */
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

/** What was simulated, for whoever reads the report later; unknown outside of a repository. */
const commit = (): string => {
  try {
    return execFileSync("git", ["describe", "--always", "--dirty"], {
      encoding: "utf8",
      stdio: "pipe",
    }).trim()
  } catch {
    return "unknown"
  }
}

const main = async (): Promise<number> => {
  const seed = whole("seed", given.seed, 1)
  const runs = whole("seeds", given.seeds, given.seed === undefined ? seedsDefault : 1)
  const results: Array<ScenarioResult> = []
  const scenarios = await loadScenarios()
  for (const [name, options] of Object.entries(scenarios)) {
    const result = await play(name, options, seed, runs)
    results.push(result)
    const { failure } = result
    if (failure === undefined) continue
    console.error(`\ncommit ${commit()}: ${failure.report}\n`)
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

try {
  process.exitCode = await main()
} catch (error) {
  if (!(error instanceof WrongUse)) throw error
  console.error(error.message)
  process.exitCode = 2
}
