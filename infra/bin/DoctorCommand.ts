/**
 * `everstate doctor`: what is wrong, and what to do about it.
 *
 * Owns the verb and the checks of this machine. Servers: DoctorNats.ts, DoctorPostgres.ts.
 */
import { existsSync } from "node:fs"
import { statfs } from "node:fs/promises"
import { Config, Effect, Option, References } from "effect"
import { Command } from "effect/cli"
import { NODE_VERSION_MIN, nodeVersionComplaint } from "../cli/NodeVersion.ts"
import { packageVersion } from "../cli/PackageVersion.ts"
import { definitionsIn, importModule, MODULES_DEFAULT } from "./DefinitionModule.ts"
import { counted, type Finding, fault, findingsText, ok, sizeText, warning } from "./Finding.ts"
import { present } from "./Output.ts"
import type { Document } from "./Remote.ts"
import { acquireRemote, remoteFlags } from "./RemoteFlags.ts"
import { folderFlag } from "./ServersCommand.ts"
import { VerbFailed } from "./VerbFailed.ts"

/** Free room on the disk below which somebody should look, in bytes and as a share. */
const FREE_BYTES_MIN = 1024 ** 3
const FREE_SHARE_MIN = 0.05

const env = (name: string) =>
  Effect.map(Effect.orDie(Config.option(Config.NonEmptyString(name))), Option.getOrUndefined)

const machineFindings = Effect.fnUntraced(function* (folder: string) {
  const { node } = process.versions
  const complaint = nodeVersionComplaint(node)
  const versions =
    complaint === undefined
      ? ok("Node", `${node}, everstate ${packageVersion}`)
      : warning("Node", `${node} does not read TypeScript`, `Use ${NODE_VERSION_MIN} or newer, or compile.`)
  const place = existsSync(folder) ? folder : "."
  const disk = yield* Effect.result(Effect.tryPromise(() => statfs(place)))
  return disk._tag === "Failure" ? [versions] : [versions, diskFinding(place, disk.success)]
})

export const diskFinding = (
  place: string,
  { bavail, blocks, bsize }: { readonly bavail: number; readonly blocks: number; readonly bsize: number },
): Finding => {
  const free = bavail * bsize
  const detail = `${sizeText(free)} of ${sizeText(blocks * bsize)} are free`
  return free < FREE_BYTES_MIN || bavail / blocks < FREE_SHARE_MIN
    ? warning(`disk of ${place}`, detail, "Make room: a server on a full disk stores nothing.")
    : ok(`disk of ${place}`, detail)
}

const moduleFindings = Effect.fnUntraced(function* (module: string | undefined) {
  const file = module ?? MODULES_DEFAULT.find((candidate) => existsSync(candidate))
  if (file === undefined) return []
  const imported = yield* Effect.result(importModule(file))
  if (imported._tag === "Failure") return [fault("module", imported.failure.what, imported.failure.hint)]
  const { actors, sagas, projections } = definitionsIn(imported.success)
  const all = [...actors, ...sagas.map(({ actor }) => actor)]
  return [
    all.length === 0
      ? warning("module", `${file} exports no actor and no saga`, "Export what defineActor(...) returns.")
      : ok(
          "module",
          `${file}: ${counted(actors.length, "actor")}, ${counted(sagas.length, "saga")}, ${counted(projections.length, "projection")}`,
        ),
    ...all.flatMap(({ type, warnings }) =>
      warnings.map((text) => warning(`type ${type}`, text, "docs/XSTATE.md says what works.")),
    ),
  ]
})

/** Loaded here alone, as in RemoteFlags.ts: other verbs need not wait for the drivers. */
const serverFindings = Effect.fnUntraced(function* (
  nats: string | undefined,
  postgres: string | undefined,
  namespace: string,
) {
  // Postgres first: it knows which journal belongs to the namespace.
  const report =
    postgres === undefined
      ? undefined
      : yield* (yield* Effect.promise(() => import("./DoctorPostgres.ts"))).postgresReport(
          postgres,
          namespace,
        )
  const onNats =
    nats === undefined
      ? []
      : yield* (yield* Effect.promise(() => import("./DoctorNats.ts"))).natsFindings(
          nats,
          namespace,
          report?.registered,
        )
  return [...onNats, ...(report?.findings ?? [])]
})

const gatewayFindings = Effect.fnUntraced(function* (input: Parameters<typeof acquireRemote>[0]) {
  const remote = yield* acquireRemote(input)
  const read = yield* Effect.result(remote.get("/cluster"))
  if (read._tag === "Failure") return [fault("gateway", read.failure.what, read.failure.hint)]
  const { members = [], slots = [], paused = [] } = read.success
  const idle = slots.filter((slot: Document) => slot["member"] === undefined).length
  const stopped = slots.filter((slot: Document) => slot["stopped"] !== undefined)
  return [
    ok("gateway", `${remote.where}: ${counted(members.length, "member")}, ${counted(slots.length, "slot")}`),
    ...(idle === 0
      ? []
      : [
          fault(
            "slots",
            `${idle} have no owner`,
            "No node is up that can run them: `everstate cluster status`.",
          ),
        ]),
    ...stopped.map((slot: Document) =>
      fault(
        `slot ${slot["slot"]}`,
        `stopped at ${slot["stopped"].sequence}: ${slot["stopped"].reason}`,
        "docs/RUNBOOK.md says what to do.",
      ),
    ),
    ...(paused.length === 0
      ? []
      : [warning("types", `paused: ${paused.join(", ")}`, "`everstate cluster resume TYPE` ends it.")]),
  ]
})

export const doctorCommand = Command.make(
  "doctor",
  { ...remoteFlags, folder: folderFlag },
  Effect.fnUntraced(function* ({ folder, ...input }) {
    const nats = input.nats ?? (yield* env("NATS_URL"))
    const postgres = input.postgres ?? (yield* env("DATABASE_URL"))
    const url = input.url ?? (yield* env("EVERSTATE_URL"))
    const nothing =
      nats === undefined && postgres === undefined && url === undefined
        ? [warning("servers", "no server is named", "Give --nats and --postgres, or --url of a gateway.")]
        : []
    const findings = [
      ...(yield* machineFindings(folder)),
      ...(yield* moduleFindings(input.module)),
      // What a log would say is among the findings.
      ...(yield* Effect.provideService(
        serverFindings(nats, postgres, input.namespace),
        References.MinimumLogLevel,
        "None",
      )),
      ...(url === undefined
        ? []
        : yield* gatewayFindings({ ...input, url, nats: undefined, postgres: undefined, module: undefined })),
      ...nothing,
    ]
    yield* present({ findings }, (_, paint) => findingsText(findings, paint))
    const faults = findings.filter(({ health }) => health === "fault").length
    if (faults > 0) {
      return yield* new VerbFailed({ exit: "failed", what: `${counted(faults, "fault")}.`, hint: "" })
    }
  }, Effect.scoped),
).pipe(
  Command.withDescription(
    "Checks versions, servers, streams and their settings, rights, clocks, room on the disk, the schema's version and your module, and says what to do. Writes nothing. Exits 1 on a fault.",
  ),
  Command.withShortDescription("Check everything, and say what to do"),
  Command.withExamples([
    {
      command: "everstate doctor",
      description: "The servers of NATS_URL and DATABASE_URL, the gateway of EVERSTATE_URL",
    },
    { command: "everstate doctor --nats nats://host:4222 --postgres postgres://user@host/db" },
    { command: "everstate doctor --url https://shop.example/api --json" },
  ]),
)
