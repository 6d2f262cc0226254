/**
 * `everstate sim`: plays the simulation scenarios of a user's module over many seeds.
 *
 * Owns the verb, and the check of the module. Runs are played by infra/cli/Simulation.ts, which `npm run sim`
 * of this repository uses, too.
 */
import { relative } from "node:path"
import { Effect, Option } from "effect"
import { Argument, Command } from "effect/cli"
import { InvalidWorkload } from "../../runtime/testing/simulation/Workload.ts"
import type { SimulateOptions } from "../../runtime/testing.ts"
import { endAtSignals } from "../cli/Program.ts"
import { shellWord } from "../cli/ShellWord.ts"
import { optionalText, simulationFlags, UnknownScenario } from "../cli/SimulationFlags.ts"
import { importModule, moduleFile, traceOf } from "./DefinitionModule.ts"
import { counted } from "./Finding.ts"
import { Json, present } from "./Output.ts"
import { VerbFailed, wrongUse } from "./VerbFailed.ts"

const MODULES_DEFAULT = ["test/scenarios.ts", "test/scenarios.js", "scenarios.ts", "scenarios.js"]

const FORM_HINT =
  "A scenario is the options of `simulate`: { actors: [...], workload: function* () { ... } }."

/** The scenarios that a module exports. What each is made of is checked here; what it means, by the simulation. */
const scenariosIn = (
  file: string,
  { scenarios }: { readonly [name: string]: unknown },
): Effect.Effect<{ readonly [name: string]: SimulateOptions }, VerbFailed> => {
  if (typeof scenarios !== "object" || scenarios === null || Object.keys(scenarios).length === 0) {
    return Effect.fail(wrongUse(`${file} exports no \`scenarios\`.`, `Export them by name. ${FORM_HINT}`))
  }
  for (const [name, scenario] of Object.entries(scenarios)) {
    const { actors, workload } = Object(scenario) as Partial<SimulateOptions>
    if (Array.isArray(actors) && typeof workload === "function") continue
    const lack = Array.isArray(actors) ? "workload" : "actors"
    return Effect.fail(wrongUse(`Scenario "${name}" of ${file} has no \`${lack}\`.`, FORM_HINT))
  }
  return Effect.succeed(scenarios as { readonly [name: string]: SimulateOptions })
}

const failureOf = (error: unknown): VerbFailed => {
  if (error instanceof UnknownScenario) return wrongUse(error.message)
  if (error instanceof InvalidWorkload) return wrongUse(error.message, error.hint)
  return new VerbFailed({ exit: "failed", what: traceOf(error), hint: "" })
}

export const simCommand = Command.make(
  "sim",
  {
    module: Argument.String("module").pipe(
      Argument.withDescription(
        `Module that exports \`scenarios\`: options of \`simulate\`, by name (default: ${MODULES_DEFAULT[0]})`,
      ),
      Argument.optional,
      Argument.map(Option.getOrUndefined),
    ),
    ...simulationFlags,
    report: optionalText("report", "File for the whole report, as JSON"),
  },
  Effect.fnUntraced(function* ({ module, report, ...given }) {
    const file = yield* moduleFile(module, MODULES_DEFAULT, "`scenarios`")
    const scenarios = yield* scenariosIn(file, yield* importModule(file))
    const isJson = yield* Json
    const { playScenarios } = yield* Effect.promise(() => import("../cli/Simulation.ts"))
    endAtSignals()
    const { results, failedCount } = yield* Effect.tryPromise({
      try: () =>
        playScenarios(
          scenarios,
          {
            ...given,
            reportFile: report,
            repeatWith: `npx everstate sim ${shellWord(relative(".", file))} --scenario {scenario} --seed {seed} --seeds 1`,
          },
          isJson ? process.stderr : process.stdout,
        ),
      catch: failureOf,
    })
    if (isJson) yield* present(results, () => "")
    if (failedCount > 0) {
      const failures = results.flatMap(({ scenario, failure }) =>
        failure === undefined ? [] : [{ scenario, failure }],
      )
      const names = failures.map(({ scenario, failure }) => `${scenario} (seed ${failure.seed})`)
      return yield* new VerbFailed({
        exit: "failed",
        what: `${counted(failedCount, "scenario")} failed: ${names.join(", ")}.`,
        hint: failures.map(({ failure }) => `Again: ${failure.again}`).join("\n"),
      })
    }
  }),
).pipe(
  Command.withDescription(
    "Plays whole systems of your actors in this process, on virtual time, under crashes, partitions and lost answers. Each run is decided by its seed. Exits 1 on a violation.",
  ),
  Command.withShortDescription("Simulate your actors under faults, over many seeds"),
  Command.withExamples([
    { command: "everstate sim", description: "Scenarios of test/scenarios.ts, 1,000 seeds each" },
    { command: "everstate sim test/scenarios.ts --scenario transfers --seed 4711", description: "One seed" },
    {
      command: "everstate sim --seeds 50 --save test/failures",
      description: "Shrunk failing cases as files",
    },
  ]),
)
