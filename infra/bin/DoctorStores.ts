/**
 * What `everstate doctor` checks on one stream or bucket: that it is there, its settings, replicas and room.
 *
 * Owns how each is told. The rules are those that nodes start with (infra/nats/stores/StoreRules.ts).
 */
import { Effect } from "effect"
import { type StreamInfo, streamInfo } from "../nats/connection/JetStreamApi.ts"
import type { NatsConnectionService } from "../nats/connection/NatsConnection.ts"
import { isCode, jetStreamCode, RIGHTS_HINT } from "../nats/connection/NatsErrors.ts"
import { type NeededStore, neededStores } from "../nats/stores/NeededStores.ts"
import { type JudgedSystem, type StoreRule, storeRules } from "../nats/stores/StoreRules.ts"
import { ofInfo } from "../nats/stores/StoreWatch.ts"
import { roomFinding } from "./DoctorRoom.ts"
import { counted, type Finding, fault, ok, sizeText, warning } from "./Finding.ts"

const ODD_HINT =
  "An earlier release made it so, or somebody edited it. Prepare the namespace again (`ActorSystem.prepare`), and set what stays with `nats stream edit`."

export const storesFindings = Effect.fnUntraced(function* (
  connection: NatsConnectionService,
  system: JudgedSystem,
): Effect.fn.Return<ReadonlyArray<Finding>> {
  const rules = storeRules(system)
  const found = yield* Effect.forEach(
    neededStores(system.namespace, system.streams),
    (store) => storeFindings(connection, store, rules.get(store.name)),
    { concurrency: "unbounded" },
  )
  return found.flat()
})

const aboutOf = ({ kind, name }: NeededStore): string => `${kind} ${name}`

const storeFindings = Effect.fnUntraced(function* (
  connection: NatsConnectionService,
  store: NeededStore,
  rule: StoreRule | undefined,
) {
  const about = aboutOf(store)
  const answer = yield* Effect.result(streamInfo(connection.requests, store.name))
  if (answer._tag === "Success") {
    const { cluster, max_payload = 0 } = connection.client.info ?? {}
    return storeFindingsOf(about, answer.success, rule, {
      isClustered: cluster !== undefined,
      messageBytesMax: max_payload,
    })
  }
  const { failure } = answer
  if (isCode(failure, jetStreamCode.streamNotFound)) {
    return [fault(about, "nats-server does not have it", store.ifMissing)]
  }
  const isDenied = failure._tag === "NatsRequestFailed" && failure.reason === "NotPermitted"
  return [fault(about, failure.message, isDenied ? RIGHTS_HINT : "Look at the log of nats-server.")]
})

interface ServerFacts {
  readonly isClustered: boolean
  readonly messageBytesMax: number
}

/** What is wrong with a stream, or a line that says what it holds. */
export const storeFindingsOf = (
  about: string,
  info: StreamInfo,
  rule: StoreRule | undefined,
  server: ServerFacts,
): ReadonlyArray<Finding> => {
  const refusal = rule?.refusal(info)
  const problem = ofInfo(info)
  const oddities = refusal === undefined ? (rule?.oddities(info) ?? []) : []
  const found = [
    ...(refusal === undefined ? [] : [fault(about, refusal.detail, refusal.hint)]),
    ...(problem === undefined ? [] : [fault(about, problem.detail, problem.hint)]),
    ...(oddities.length === 0 ? [] : [warning(about, oddities.join("; "), ODD_HINT)]),
    ...replicaFindings(about, info, server),
    ...(problem === undefined ? streamRoom(about, info, server) : []),
  ]
  return found.length === 0 ? [ok(about, holds(info))] : found
}

const holds = ({ state, config }: StreamInfo): string => {
  const { messages, bytes = 0 } = state
  return `${counted(messages, "message")}, ${sizeText(bytes)}, ${counted(config.num_replicas ?? 1, "replica")}`
}

const replicaFindings = (
  about: string,
  { config, cluster }: StreamInfo,
  { isClustered }: ServerFacts,
): ReadonlyArray<Finding> => {
  if (!isClustered) return []
  if (cluster?.leader === undefined || cluster.leader === "") {
    return [
      fault(about, "it has no leader, so it takes no writes", "Start the servers that have its replicas."),
    ]
  }
  const { num_replicas: count = 1 } = config
  const others = cluster.replicas ?? []
  const away = others.filter(({ offline }) => offline === true)
  const behind = others.filter(({ current, offline }) => !current && offline !== true)
  if (2 * away.length >= count && away.length > 0) {
    // A leader that has just lost the others is told as leader for some seconds.
    const detail = `${away.length} of ${count} replicas are offline (${namesOf(away)}), so it takes no writes`
    return [fault(about, detail, "Start these servers: a stream needs more than half of its replicas.")]
  }
  return [
    ...(count > 1
      ? []
      : [
          warning(
            about,
            "it has one replica: a lost server takes it along",
            `\`nats stream edit --replicas 3\`, on a cluster of three servers.`,
          ),
        ]),
    ...replicaWarning(about, away, "is offline"),
    ...replicaWarning(about, behind, "is behind"),
  ]
}

type Replicas = ReadonlyArray<{ readonly name: string }>

const namesOf = (replicas: Replicas): string => replicas.map(({ name }) => name).join(", ")

const replicaWarning = (about: string, replicas: Replicas, how: string): ReadonlyArray<Finding> =>
  replicas.length === 0
    ? []
    : [
        warning(
          about,
          `a replica ${how}: ${namesOf(replicas)}`,
          "Start that server, or look at its log and disk.",
        ),
      ]

/** A stream that removes its oldest messages is never full. */
const streamRoom = (
  about: string,
  { config, state }: StreamInfo,
  { messageBytesMax }: ServerFacts,
): ReadonlyArray<Finding> => {
  if (config.discard !== "new") return []
  const room = { usedBytes: state.bytes ?? 0, limitBytes: config.max_bytes ?? -1, messageBytesMax }
  const finding = roomFinding(about, room, "no limit", "Raise max_bytes with `nats stream edit`, or archive.")
  return finding.health === "ok" ? [] : [finding]
}
