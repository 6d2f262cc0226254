/**
 * `everstate sim`: plays the simulation scenarios of a user's module over many seeds.
 *
 * Owns the verb. A session is infra/cli/Simulation.ts, which `npm run sim` of this repository uses, too.
 */
import { relative } from "node:path"
import { Effect, Option } from "effect"
import { Argument, Command } from "effect/cli"
import type { SimulateOptions } from "../../runtime/testing.ts"
import { optionalText, simulationFlags, UnknownScenario } from "../cli/SimulationFlags.ts"
import { importModule, moduleFile } from "./DefinitionModule.ts"
import { Json, present } from "./Output.ts"
import { VerbFailed, wrongUse } from "./VerbFailed.ts"

const MODULES_DEFAULT = ["test/scenarios.ts", "test/scenarios.js", "scenarios.ts", "scenarios.js"]

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
    const { scenarios } = yield* importModule(file)
    if (typeof scenarios !== "object" || scenarios === null) {
      return yield* wrongUse(
        `${file} exports no \`scenarios\`.`,
        "Export an object of options of `simulate` by name: { actors, workload, ... }.",
      )
    }
    const isJson = yield* Json
    const { playScenarios } = yield* Effect.promise(() => import("../cli/Simulation.ts"))
    const { results, failedCount } = yield* Effect.tryPromise({
      try: () =>
        playScenarios(
          scenarios as { readonly [name: string]: SimulateOptions },
          {
            ...given,
            reportFile: report,
            repeatWith: `npx everstate sim ${relative(".", file)} --scenario "{scenario}" --seed {seed} --seeds 1`,
          },
          isJson ? process.stderr : process.stdout,
        ),
      catch: (error) =>
        error instanceof UnknownScenario
          ? wrongUse(error.message)
          : new VerbFailed({ exit: "failed", what: String(error), hint: "" }),
    })
    if (isJson) yield* present(results, () => "")
    if (failedCount > 0) {
      return yield* new VerbFailed({ exit: "failed", what: `${failedCount} scenarios failed.`, hint: "" })
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
