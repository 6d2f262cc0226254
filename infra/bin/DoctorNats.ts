/**
 * What `everstate doctor` checks on NATS: version, JetStream and its room, streams and their settings, rights,
 * and the server's clock.
 *
 * Owns the checks. They write nothing. The settings of the journal are judged by the code that a node starts
 * with (infra/nats/journal/JournalStream.ts).
 */
import { Context, Effect, Layer, type Scope } from "effect"
import { NatsConnection, type NatsConnectionService } from "../nats/connection/NatsConnection.ts"
import { serverVersionVerdict } from "../nats/journal/ServerVersion.ts"
import { connectionOf } from "../nats/stores/NatsPermissions.ts"
import { type NeededStore, neededStores } from "../nats/stores/NeededStores.ts"
import { clockFinding } from "./DoctorClock.ts"
import { counted, type Finding, fault, ok, sizeText, warning } from "./Finding.ts"
import { hostOf, openJournal } from "./OpenJournal.ts"
import { verbFailureOf } from "./VerbFailed.ts"

/** Longest wait for one answer, in milliseconds. */
const ANSWER_MS = 5_000

/** Share of JetStream's room that is used, above which somebody should look. */
const ROOM_SHARE_MAX = 0.8

const RIGHTS = "Grant the right: docs/DEPLOYMENT.md lists the rights of each user."

interface ApiReply {
  readonly error?: { readonly code: number; readonly description?: string }
}

interface AccountReply extends ApiReply {
  readonly storage?: number
  readonly limits?: { readonly max_storage?: number }
  readonly tiers?: { readonly [tier: string]: unknown }
}

interface StreamReply extends ApiReply {
  readonly state?: { readonly messages: number; readonly bytes?: number }
  readonly config?: { readonly num_replicas?: number; readonly max_bytes?: number }
  /** Time of the answer, by the server's clock. */
  readonly ts?: string
}

const ask = <Reply>({ requests }: NatsConnectionService, api: string): Effect.Effect<Reply, Error> =>
  requests
    .request(`$JS.API.${api}`, new Uint8Array(), { timeoutMs: ANSWER_MS })
    .pipe(Effect.map((message) => message.json<Reply>()))

export const natsFindings = Effect.fnUntraced(function* (
  nats: string,
  namespace: string,
): Effect.fn.Return<ReadonlyArray<Finding>, never, Scope.Scope> {
  const built = yield* Effect.result(
    Layer.build(NatsConnection.layer(connectionOf(nats, namespace, "service"))),
  )
  if (built._tag === "Failure") {
    const { what, hint } = verbFailureOf(built.failure)
    return [fault("NATS", what, hint || "Is --nats right, and is the server up?")]
  }
  const connection = Context.get(built.success, NatsConnection)
  const jetStream = yield* jetStreamFinding(connection)
  const found = [versionFinding(connection, nats), jetStream]
  if (jetStream.health === "fault") return found
  const opened = yield* Effect.result(openJournal(nats, namespace))
  if (opened._tag === "Failure") {
    const { exit, what, hint } = opened.failure
    const isNew = exit === "notFound"
    return [...found, isNew ? warning("journal", what, hint) : fault("journal", what, hint || RIGHTS)]
  }
  const { journal, shardCount } = opened.success
  const { partitionCount } = journal
  const settings = ok(
    "journal",
    `${counted(partitionCount, "stream")}, ${counted(shardCount, "shard")}; its settings are safe`,
  )
  const stores = yield* Effect.forEach(neededStores(namespace, partitionCount), (store) =>
    storeFindings(connection, store),
  )
  return [...found, settings, ...stores.flat(), yield* natsClock(connection, namespace, partitionCount)]
})

const versionFinding = ({ client }: NatsConnectionService, nats: string): Finding => {
  const version = client.info?.version ?? "unknown"
  const detail = `nats-server ${version} at ${hostOf(nats)}`
  const upgrade =
    "Upgrade to 2.14.5 or newer before production: https://github.com/nats-io/nats-server/releases"
  switch (serverVersionVerdict(version)) {
    case "ok":
      return ok("NATS", detail)
    case "warn":
      return warning("NATS", `${detail}: has known defects that can lose acknowledged commits`, upgrade)
    case "refuse":
      return fault("NATS", `${detail}: too old`, upgrade)
  }
}

const jetStreamFinding = Effect.fnUntraced(function* (connection: NatsConnectionService) {
  const answer = yield* Effect.result(ask<AccountReply>(connection, "INFO"))
  if (answer._tag === "Failure") {
    const { message } = answer.failure
    // A user of least privilege may not ask for the account, and needs it for nothing else.
    return /NotPermitted/.test(message)
      ? ok("JetStream", "this user may not ask how much room there is")
      : fault("JetStream", message, "Turn JetStream on in nats-server: jetstream { store_dir: ... }")
  }
  const { error, storage = 0, limits } = answer.success
  if (error !== undefined) {
    return fault("JetStream", error.description ?? String(error.code), "Turn JetStream on for this account.")
  }
  const limit = limits?.max_storage ?? -1
  if (limit <= 0) return ok("JetStream", `${sizeText(storage)} used, no limit of the account`)
  const detail = `${sizeText(storage)} of ${sizeText(limit)} used`
  return storage / limit > ROOM_SHARE_MAX
    ? warning("JetStream", detail, "Make room, or raise max_file_store or the account's limit.")
    : ok("JetStream", detail)
})

const storeFindings = Effect.fnUntraced(function* (connection: NatsConnectionService, store: NeededStore) {
  const about = `${store.kind} ${store.name}`
  const answer = yield* Effect.result(ask<StreamReply>(connection, `STREAM.INFO.${store.name}`))
  if (answer._tag === "Failure") {
    const { message } = answer.failure
    return [fault(about, message, /NotPermitted/.test(message) ? RIGHTS : "Look at nats-server.")]
  }
  const { error, state, config } = answer.success
  if (error !== undefined) return [fault(about, error.description ?? String(error.code), store.ifMissing)]
  const { messages = 0, bytes = 0 } = state ?? {}
  const { num_replicas: replicas = 1, max_bytes: bytesMax = -1 } = config ?? {}
  const detail = `${counted(messages, "message")}, ${sizeText(bytes)}, ${counted(replicas, "replica")}`
  return bytesMax > 0 && bytes / bytesMax > ROOM_SHARE_MAX
    ? [warning(about, `${detail}, of ${sizeText(bytesMax)}`, "Raise max_bytes of the stream, or archive.")]
    : [ok(about, detail)]
})

/** The server's clock fires timers, so it is compared with the clock of this machine. */
const natsClock = Effect.fnUntraced(function* (
  connection: NatsConnectionService,
  namespace: string,
  streams: number,
) {
  const [journal] = neededStores(namespace, streams)
  return yield* clockFinding(
    "clock of NATS",
    Effect.map(ask<StreamReply>(connection, `STREAM.INFO.${journal?.name}`), ({ ts }) =>
      Date.parse(ts ?? ""),
    ),
  )
})
