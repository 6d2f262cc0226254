/**
 * `npm run sim`: plays simulation scenarios over many seeds and reports what it found.
 *
 * The module `index.ts` of a folder exports scenarios as `scenarios`: the folder of this repository, unless
 * `--from` names another one. Exits 1 on a violation. A session is Simulation.ts; `everstate sim` is the same
 * for a user's own module.
 */
import { join, resolve } from "node:path"
import { pathToFileURL } from "node:url"
import { Effect } from "effect"
import { Command, Flag } from "effect/cli"
import type { SimulateOptions } from "../../runtime/testing.ts"
import { EXIT_INTERRUPTED, endAtSignals, runProgram } from "./Program.ts"
import { playScenarios } from "./Simulation.ts"
import { optionalText, simulationFlags, UnknownScenario } from "./SimulationFlags.ts"

const scenariosFolder = "test/simulation/scenarios"

const flags = {
  ...simulationFlags,
  json: optionalText("json", "File for the whole report"),
  from: Flag.String("from").pipe(
    Flag.withDescription(`Folder whose index.ts exports \`scenarios\` (default ${scenariosFolder})`),
    Flag.withDefault(scenariosFolder),
  ),
}

class WrongUse extends Error {}

const scenariosIn = async (folder: string): Promise<{ readonly [name: string]: SimulateOptions }> => {
  const module = (await import(pathToFileURL(join(resolve(folder), "index.ts")).href)) as {
    readonly scenarios?: { readonly [name: string]: SimulateOptions }
  }
  if (module.scenarios === undefined) throw new WrongUse(`${folder}/index.ts exports no \`scenarios\`.`)
  return module.scenarios
}

const isWrongUse = (error: unknown): error is Error =>
  error instanceof WrongUse || error instanceof UnknownScenario

const sim = Command.make("sim", flags, ({ json, from, ...given }) =>
  Effect.tryPromise({
    try: async () =>
      playScenarios(
        await scenariosIn(from),
        {
          ...given,
          reportFile: json,
          repeatWith: "npm run sim -- --scenario {scenario} --seed {seed} --seeds 1",
        },
        process.stdout,
      ),
    catch: (error) => error,
  }).pipe(
    Effect.tap(({ failedCount }) =>
      Effect.sync(() => {
        process.exitCode = failedCount === 0 ? 0 : 1
      }),
    ),
    Effect.catchIf(isWrongUse, (error) =>
      Effect.sync(() => {
        console.error(error.message)
        process.exitCode = 2
      }),
    ),
  ),
).pipe(Command.withDescription("Plays simulation scenarios over many seeds; exits 1 on a violation."))

runProgram(sim, { signalExitCode: EXIT_INTERRUPTED })
// A seed runs without a pause.
endAtSignals()
