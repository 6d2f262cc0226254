/** `everstate init`: a new service in a folder. Owns the verb; the files are NewService.ts. */
import { relative } from "node:path"
import { Effect, Option } from "effect"
import { Argument, Command, Flag } from "effect/cli"
import { writeNewService } from "./NewService.ts"
import { present } from "./Output.ts"
import { VerbFailed } from "./VerbFailed.ts"

export const initCommand = Command.make(
  "init",
  {
    folder: Argument.String("folder").pipe(
      Argument.withDescription("Folder of the service, new or empty (default: the current one)"),
      Argument.withDefault("."),
    ),
    everstate: Flag.String("everstate").pipe(
      Flag.withDescription(
        "What package.json asks npm for: a version, or file:PATH of an archive (default: this version)",
      ),
      Flag.optional,
      Flag.map(Option.getOrUndefined),
    ),
  },
  Effect.fnUntraced(function* ({ folder, everstate }) {
    const files = yield* Effect.try({
      try: () => writeNewService({ folder, everstate }),
      catch: (error) =>
        error instanceof VerbFailed
          ? error
          : new VerbFailed({ exit: "failed", what: `The service cannot be written: ${error}`, hint: "" }),
    })
    const cd = relative(".", folder) === "" ? [] : [`cd ${folder}`]
    const next = [...cd, "npm install", "npm start"]
    yield* present({ folder, files, next }, (_, paint) =>
      [
        ...files.map((file) => `${paint("green", "+")} ${file}`),
        "",
        "Go on with:",
        ...next.map((line) => `  ${paint("bold", line)}`),
      ].join("\n"),
    )
  }),
).pipe(
  Command.withDescription(
    "Makes a new service: an actor, a saga, a projection, their tests, a Dockerfile. It runs after `npm install` and `npm start`.",
  ),
  Command.withShortDescription("Make a new service that runs"),
  Command.withExamples([
    { command: "everstate init shop", description: "In the new folder shop" },
    { command: "everstate init", description: "In the current folder, which has to be empty" },
    {
      command: "everstate init shop --everstate file:../everstate-0.1.0.tgz",
      description: "From an archive",
    },
  ]),
)
