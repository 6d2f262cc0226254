/**
 * `everstate servers`: an embedded nats-server and Postgres in the foreground, for as many processes as want
 * them.
 *
 * Owns the verb and what it prints. The servers are infra/embedded/Servers.ts.
 */
import { Effect, Option } from "effect"
import { Command, Flag } from "effect/cli"
import { showServerProgress } from "../cli/ServerProgress.ts"
import { Json, present } from "./Output.ts"
import { factLines } from "./TextTable.ts"

export const folderFlag = Flag.String("folder").pipe(
  Flag.withDescription("Folder of the embedded servers: their data, logs and passwords (default .everstate)"),
  Flag.withDefault(".everstate"),
)

const optionalPort = (name: string, server: string) =>
  Flag.Int(name).pipe(
    Flag.withDescription(`Port of ${server} (default: any free one)`),
    Flag.optional,
    Flag.map(Option.getOrUndefined),
  )

export const serversCommand = Command.make(
  "servers",
  {
    folder: folderFlag,
    natsPort: optionalPort("nats-port", "nats-server"),
    postgresPort: optionalPort("postgres-port", "Postgres"),
  },
  Effect.fnUntraced(function* ({ folder, natsPort, postgresPort }) {
    const isJson = yield* Json
    const { acquireServers } = yield* Effect.promise(() => import("../embedded.ts"))
    const servers = yield* acquireServers({
      folder,
      ...(natsPort === undefined ? {} : { nats: { port: natsPort } }),
      ...(postgresPort === undefined ? {} : { postgres: { port: postgresPort } }),
      ...(isJson ? {} : { onProgress: showServerProgress(process.stderr) }),
    })
    const { natsUrl, postgresUrl } = servers
    yield* present({ natsUrl, postgresUrl, folder, pid: process.pid }, (_, paint) =>
      [
        "",
        `export NATS_URL=${natsUrl}`,
        `export DATABASE_URL=${postgresUrl}`,
        "",
        factLines(
          [
            ["data", folder],
            ["process", process.pid],
          ],
          paint,
        ),
        paint("dim", "Ctrl-C stops both servers; their data stays."),
      ].join("\n"),
    )
    return yield* Effect.never
  }, Effect.scoped),
).pipe(
  Command.withDescription(
    "Runs an embedded nats-server and Postgres in the foreground, and prints the addresses to export. Several processes may use them.",
  ),
  Command.withShortDescription("Run a nats-server and a Postgres for development"),
  Command.withExamples([
    { command: "everstate servers", description: "Data in .everstate, free ports" },
    { command: "everstate servers --folder /var/lib/shop --nats-port 4222 --postgres-port 5432" },
    {
      command: "everstate servers --json",
      description: "One JSON document with both addresses once they run",
    },
  ]),
)
