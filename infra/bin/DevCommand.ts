/**
 * `everstate dev`: a module's actors on embedded servers, with gateway and console, started again on changes.
 *
 * Owns the verb and its output. The rounds are DevProcess.ts.
 */
import { existsSync } from "node:fs"
import { dirname, join } from "node:path"
import { Console, Effect, Option } from "effect"
import { Argument, Command, Flag } from "effect/cli"
import { portFlag } from "../cli/BoundedFlag.ts"
import { showServerProgress } from "../cli/ServerProgress.ts"
import { MODULES_DEFAULT, moduleFile } from "./DefinitionModule.ts"
import { runDevProcess } from "./DevProcess.ts"
import { Json, paint } from "./Output.ts"
import { folderFlag } from "./ServersCommand.ts"

const PORT_DEFAULT = 3_000

/** The folder of the package that the module belongs to. */
const rootOf = (file: string): string => {
  const above = (folder: string): string | undefined => {
    if (existsSync(join(folder, "package.json"))) return folder
    return dirname(folder) === folder ? undefined : above(dirname(folder))
  }
  return above(dirname(file)) ?? dirname(file)
}

export const devCommand = Command.make(
  "dev",
  {
    module: Argument.String("module").pipe(
      Argument.withDescription(`Module that exports your definitions (default: ${MODULES_DEFAULT[0]})`),
      Argument.optional,
      Argument.map(Option.getOrUndefined),
    ),
    port: portFlag(PORT_DEFAULT, "Port of the gateway"),
    folder: folderFlag,
    namespace: Flag.String("namespace").pipe(
      Flag.withDescription("Namespace of the system (default everstate)"),
      Flag.withDefault("everstate"),
    ),
  },
  Effect.fnUntraced(function* ({ module, port, folder, namespace }) {
    const file = yield* moduleFile(module, MODULES_DEFAULT, "your definitions")
    const isJson = yield* Json
    const { acquireServersFromEnv } = yield* Effect.promise(() => import("../embedded.ts"))
    const { natsUrl, postgresUrl } = yield* acquireServersFromEnv(
      folder,
      isJson ? {} : { onProgress: showServerProgress(process.stderr) },
    )
    const colour = yield* paint
    const console = yield* Console.Console
    return yield* runDevProcess({
      input: { module: file, nats: natsUrl, postgres: postgresUrl, namespace, port },
      root: rootOf(file),
      onLine: (line) => console.error(line),
      onListening: (url, pid) =>
        console.log(
          isJson
            ? JSON.stringify({ url, pid, natsUrl, postgresUrl })
            : [
                "",
                `  Your actors are at ${colour("bold", url)}`,
                `  ${colour("dim", "look")}     ${url}/console/`,
                `  ${colour("dim", "ask")}      everstate actors ask TYPE ID COMMAND '{...}' --url ${url}`,
                `  ${colour("dim", "export")}   NATS_URL=${natsUrl}`,
                `  ${colour("dim", "export")}   DATABASE_URL=${postgresUrl}`,
                "",
                `  ${colour("dim", "Saving a source starts the process again. Ctrl-C stops all; data stays in")} ${folder}`,
                "",
              ].join("\n"),
        ),
      say: (text) => {
        if (!isJson) console.error(colour("yellow", text))
      },
    })
  }, Effect.scoped),
).pipe(
  Command.withDescription(
    "Runs your actors on embedded servers (or those of NATS_URL and DATABASE_URL), with a gateway and the console on this machine alone. Starts the process again when a source changes; state is kept.",
  ),
  Command.withShortDescription("Run your actors, and start again on changes"),
  Command.withExamples([
    { command: "everstate dev", description: "Definitions of src/definitions.ts" },
    { command: "everstate dev src/actors.ts --port 4000" },
  ]),
)
