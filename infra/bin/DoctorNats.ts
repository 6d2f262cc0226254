/**
 * What `everstate doctor` checks on NATS: version, JetStream and its room, rights, streams and their settings, the
 * nodes that are recorded, and the server's clock.
 *
 * Owns the connection, and the order of the checks. They write nothing.
 */
import { Context, Effect, Layer, type Scope } from "effect"
import type { JournalIdentity } from "../../runtime/journal/JournalRegister.ts"
import { streamInfo } from "../nats/connection/JetStreamApi.ts"
import { NatsConnection, type NatsConnectionService } from "../nats/connection/NatsConnection.ts"
import { RIGHTS_HINT } from "../nats/connection/NatsErrors.ts"
import { inboxPrefixOf } from "../nats/connection/NatsRole.ts"
import { shownServers } from "../nats/connection/ServerAddresses.ts"
import { findJournal, journalIdOf } from "../nats/journal/JournalLayout.ts"
import {
  NAMESPACE_HINT,
  NAMESPACE_PATTERN,
  STREAMS_DEFAULT,
  streamName,
  verifyCounts,
} from "../nats/journal/JournalSettings.ts"
import { serverVersionVerdict } from "../nats/journal/ServerVersion.ts"
import { findLegacyStream } from "../nats/mailbox/MailboxStream.ts"
import { hearsAnswers } from "../nats/stores/LackingRights.ts"
import { connectionOf } from "../nats/stores/NatsPermissions.ts"
import { clockFinding } from "./DoctorClock.ts"
import { jetStreamReport } from "./DoctorJetStream.ts"
import { membersFindings } from "./DoctorMembers.ts"
import { rightsFindings } from "./DoctorRights.ts"
import { storesFindings } from "./DoctorStores.ts"
import { counted, type Finding, failed, fault, ok, sizeText, warning } from "./Finding.ts"
import { verbFailureOf } from "./VerbFailed.ts"

/** `registered` is the journal as Postgres has it; `undefined` if that is not known. */
export const natsFindings = Effect.fnUntraced(function* (
  nats: string,
  namespace: string,
  registered: JournalIdentity | undefined,
): Effect.fn.Return<ReadonlyArray<Finding>, never, Scope.Scope> {
  if (!NAMESPACE_PATTERN.test(namespace)) return [fault("namespace", namespace, NAMESPACE_HINT)]
  const built = yield* Effect.result(
    Layer.build(NatsConnection.layer(connectionOf(nats, namespace, "service"))),
  )
  if (built._tag === "Failure") {
    const { what, hint } = verbFailureOf(built.failure)
    return [fault("NATS", what, hint || "Is --nats right, and is the server up?")]
  }
  const connection = Context.get(built.success, NatsConnection)
  const prefix = inboxPrefixOf(namespace, "service")
  if (!(yield* hearsAnswers(connection, prefix))) {
    const detail = `this user may not subscribe to ${prefix}.>, so it hears no answers, and nothing else was checked`
    return [versionFinding(connection, nats), fault("rights on NATS", detail, RIGHTS_HINT)]
  }
  const { isThere, findings } = yield* jetStreamReport(connection)
  const server = [versionFinding(connection, nats), ...findings]
  // Without JetStream every further check fails for this reason.
  if (!isThere) return server
  return [...server, ...(yield* systemFindings(connection, namespace, registered))]
})

const systemFindings = Effect.fnUntraced(function* (
  connection: NatsConnectionService,
  namespace: string,
  registered: JournalIdentity | undefined,
): Effect.fn.Return<ReadonlyArray<Finding>> {
  const found = yield* Effect.result(findJournal(connection, namespace))
  const journal = found._tag === "Success" ? found.success : undefined
  const about =
    found._tag === "Success"
      ? journalFinding(namespace, journal, registered)
      : failed("journal", found.failure)
  const known = journal ?? registered
  const streams = known?.streams.length ?? STREAMS_DEFAULT
  const rights = yield* rightsFindings(connection, namespace, streams)
  if (known === undefined) return [...rights, about]
  const { shards } = known
  const journalId = yield* Effect.orElseSucceed(journalIdOf(connection, namespace, streams), () => undefined)
  return [
    ...rights,
    about,
    ...(yield* storesFindings(connection, { namespace, shards, streams, journalId, registered })),
    ...(yield* legacyFindings(connection, namespace)),
    ...(yield* membersFindings(connection, namespace)),
    yield* natsClock(connection, streamName(namespace, streams)),
  ]
})

/** The journal that NATS has, against the registered one. */
export const journalFinding = (
  namespace: string,
  found: JournalIdentity | undefined,
  registered: JournalIdentity | undefined,
): Finding => {
  if (found === undefined) {
    return registered === undefined
      ? warning(
          "journal",
          `the namespace "${namespace}" has none`,
          "Is --namespace right? If so: the first start of a node makes it.",
        )
      : fault(
          "journal",
          `the namespace "${namespace}" has none here, though Postgres has one registered`,
          "Do --nats and --postgres belong together? If so, restore the journal from a backup.",
        )
  }
  const { shards, streams } = found
  const counts = { namespace, shards, streams: streams.length }
  const wrong =
    registered && verifyCounts(counts, { shards: registered.shards, streams: registered.streams.length })
  return wrong === undefined
    ? ok("journal", `${counted(streams.length, "stream")}, ${counted(shards, "shard")}`)
    : fault("journal", wrong.detail, "Do --nats and --postgres belong together?")
}

const versionFinding = ({ client }: NatsConnectionService, nats: string): Finding => {
  const { version = "unknown", max_payload: bytesMax = 0 } = client.info ?? {}
  const detail = `nats-server ${version} at ${shownServers(nats).join(",")}, messages up to ${sizeText(bytesMax)}`
  const upgrade =
    "Upgrade to 2.14.5 or newer before production: https://github.com/nats-io/nats-server/releases"
  switch (serverVersionVerdict(version)) {
    case "ok":
      return ok("NATS", detail)
    case "warn":
      return warning("NATS", `${detail}; this version can lose acknowledged commits`, upgrade)
    case "refuse":
      return fault("NATS", `${detail}; this version is too old`, upgrade)
  }
}

/** The mailbox of the first release, which an administrator deletes once it is empty. */
const legacyFindings = Effect.fnUntraced(function* (connection: NatsConnectionService, namespace: string) {
  const name = yield* Effect.orElseSucceed(findLegacyStream(connection, namespace), () => undefined)
  if (name === undefined) return []
  const hint = "Delete it once it is empty: docs/DEPLOYMENT.md says when, under 'Rolling upgrades'."
  return [warning(`stream ${name}`, "the mailbox of the first release is still there", hint)]
})

/** The server's clock fires timers, so it is compared with the clock of this machine. */
const natsClock = ({ requests }: NatsConnectionService, stream: string) =>
  clockFinding(
    "clock of NATS",
    Effect.map(streamInfo(requests, stream), ({ ts }) => Date.parse(ts ?? "")),
  )
