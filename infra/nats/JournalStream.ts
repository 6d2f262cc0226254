/**
 * The stream that is a system's journal: creates it once, verifies it ever after, refuses what is unsafe.
 *
 * Owns the stream's name, subjects, settings and identity (DESIGN "Journal safety"). Never re-creates a journal that
 * the register remembers: a missing or younger stream means lost data, and only an operator may decide about that.
 * Next: JournalGuard.ts keeps watching it while the process runs.
 */
import type { StreamConfig } from "@nats-io/jetstream"
import { Effect } from "effect"
import { JournalRefused, type JournalUnavailable } from "../../runtime/journal/Journal.ts"
import {
  type JournalIdentity,
  JournalRegister,
  type JournalRegisterUnavailable,
} from "../../runtime/journal/JournalRegister.ts"
import { createStream, type StreamInfo, streamInfo } from "./JetStreamApi.ts"
import type { NatsConnectionService } from "./NatsConnection.ts"
import { type JetStreamError, jetStreamCode, type NatsRequestFailed, readErrorOf } from "./NatsErrors.ts"

/** Version of the journal's layout: subjects, headers, commit envelope. */
export const JOURNAL_FORMAT_VERSION = 1

/** A namespace becomes a subject token and a stream's name. */
export const NAMESPACE_PATTERN = /^[a-z][a-z0-9_-]{0,31}$/

/** Oldest server that has what the journal needs: `[major, minor, patch]`. */
const serverVersionMin = [2, 12, 0] as const

/** Oldest server without known defects that lose acknowledged data. */
const serverVersionSafe = [2, 14, 5] as const

/** Replicas in a cluster, unless another number is asked for. Too few servers are an error, never fewer replicas. */
const REPLICA_COUNT_CLUSTERED = 3

export interface JournalStreamOptions {
  readonly namespace: string
  /** Number of shards, fixed at creation. */
  readonly shards: number
  /** 1, 3 or 5; by default 3 in a cluster and 1 on a single server. Used at creation alone. */
  readonly replicas?: number
  /** Bytes after which appends are refused as `Full`; without it the server's storage is the limit. Creation alone. */
  readonly bytesMax?: number
}

/** A journal's stream that was found in order. */
export interface OpenJournalStream {
  readonly stream: string
  readonly createdAt: string
  readonly lastSequence: number
}

export const streamName = (namespace: string): string => `${namespace}-journal`

/** `<ns>.evt.<shard>.<type>.<token>` */
export const journalSubjects = (namespace: string): string => `${namespace}.evt.*.*.*`

const metadataOf = (options: JournalStreamOptions): Record<string, string> => ({
  "everstate.namespace": options.namespace,
  "everstate.shards": String(options.shards),
  "everstate.format": String(JOURNAL_FORMAT_VERSION),
})

/** The settings of a new journal. Every one that protects data is checked again by {@link verifySettings}. */
export const journalStreamConfig = (options: JournalStreamOptions, replicas: number) =>
  ({
    name: streamName(options.namespace),
    description: "Everstate journal: never delete, edit or restore it by hand",
    subjects: [journalSubjects(options.namespace)],
    storage: "file",
    retention: "limits",
    discard: "new",
    max_msgs: -1,
    max_bytes: options.bytesMax ?? -1,
    max_age: 0,
    max_msgs_per_subject: -1,
    max_consumers: -1,
    num_replicas: replicas,
    deny_delete: true,
    deny_purge: false, // an archiver's right; NATS permissions deny it to services
    allow_rollup_hdrs: false,
    allow_direct: true,
    metadata: metadataOf(options),
  }) satisfies Partial<StreamConfig>

const refused = (reason: JournalRefused["reason"], detail: string, hint: string): JournalRefused =>
  new JournalRefused({ reason, detail, hint })

/** Each setting that could lose, change or misplace commits, as `name=value, want …`. */
export const unsafeSettings = (config: Partial<StreamConfig>, subjects: string): ReadonlyArray<string> => {
  const wrong: Array<string> = []
  const want = (name: string, value: unknown, isRight: boolean, wanted: string): void => {
    if (!isRight) wrong.push(`${name}=${JSON.stringify(value)}, want ${wanted}`)
  }
  const unlimited = (value: number | undefined) => value === undefined || value <= 0
  const off = (value: boolean | undefined) => value !== true
  want(
    "subjects",
    config.subjects,
    config.subjects?.length === 1 && config.subjects[0] === subjects,
    subjects,
  )
  want("storage", config.storage, config.storage === "file", "file")
  want("retention", config.retention, config.retention === "limits", "limits")
  want("discard", config.discard, config.discard === "new", "new")
  want("max_age", config.max_age, unlimited(config.max_age), "0")
  want("max_msgs_per_subject", config.max_msgs_per_subject, unlimited(config.max_msgs_per_subject), "-1")
  want("deny_delete", config.deny_delete, config.deny_delete === true, "true")
  want("allow_rollup_hdrs", config.allow_rollup_hdrs, off(config.allow_rollup_hdrs), "false")
  want("allow_msg_ttl", config.allow_msg_ttl, off(config.allow_msg_ttl), "false")
  want("allow_msg_schedules", config.allow_msg_schedules, off(config.allow_msg_schedules), "false")
  want("allow_msg_counter", config.allow_msg_counter, off(config.allow_msg_counter), "false")
  want("allow_direct", config.allow_direct, config.allow_direct === true, "true")
  want("no_ack", config.no_ack, off(config.no_ack), "false")
  want("sealed", config.sealed, off(config.sealed), "false")
  want("persist_mode", config.persist_mode, (config.persist_mode ?? "default") !== "async", "default")
  want("subject_transform", config.subject_transform, config.subject_transform === undefined, "none")
  want("mirror", config.mirror?.name, config.mirror === undefined, "none")
  want("sources", config.sources?.length, (config.sources?.length ?? 0) === 0, "none")
  return wrong
}

/** Whether the stream's settings are those of this system's journal. */
export const verifySettings = (
  config: Partial<StreamConfig>,
  options: JournalStreamOptions,
): JournalRefused | undefined => {
  const name = streamName(options.namespace)
  const metadata = config.metadata ?? {}
  const wanted = metadataOf(options)
  for (const [key, value] of Object.entries(wanted)) {
    if (metadata[key] === value) continue
    const hint =
      key === "everstate.shards"
        ? "The number of shards is fixed at creation: start with the one recorded."
        : "Choose another namespace, or point the system at its own NATS account."
    return refused(
      "Foreign",
      `stream ${name} has ${key}=${metadata[key] ?? "(none)"}, this system has ${value}`,
      hint,
    )
  }
  const unsafe = unsafeSettings(config, journalSubjects(options.namespace))
  if (unsafe.length === 0) return undefined
  const hint = "Set these back with `nats stream edit`; find out who changed them first."
  return refused("Unsafe", `stream ${name} could lose commits: ${unsafe.join("; ")}`, hint)
}

/** Whether a stream is the one remembered, no younger and no shorter. */
export const verifyIdentity = (
  info: { readonly created: string; readonly state: { readonly last_seq: number } },
  remembered: Pick<JournalIdentity, "createdAt" | "lastSequence" | "namespace">,
): JournalRefused | undefined => {
  const name = streamName(remembered.namespace)
  if (info.created !== remembered.createdAt) {
    return refused(
      "Replaced",
      `stream ${name} was created at ${info.created}, the registered one at ${remembered.createdAt}`,
      "Restore the registered stream from a backup; snapshots and read models belong to that one.",
    )
  }
  if (info.state.last_seq < remembered.lastSequence) {
    return refused(
      "Replaced",
      `stream ${name} ends at ${info.state.last_seq}, but ${remembered.lastSequence} was seen: it was restored older`,
      "Restore a newer backup; what was acknowledged after this one is missing.",
    )
  }
  return undefined
}

export const missing = (namespace: string): JournalRefused =>
  refused(
    "Missing",
    `stream ${streamName(namespace)} does not exist, though it is registered`,
    "Restore it from a backup. It is never created anew: that would hide the loss of every commit.",
  )

/** The refusal for a stream that gave a sequence away a second time. */
export const shortened = (namespace: string, sequence: number, seen: number): JournalRefused =>
  refused(
    "Replaced",
    `stream ${streamName(namespace)} gave sequence ${sequence} to a new commit, but ${seen} was seen before`,
    "It was restored from an older copy under a running system: restore a newer one, then restart the service.",
  )

const isOlder = (version: string, than: readonly [number, number, number]): boolean => {
  const parts = version.split(/[.+-]/, 3).map(Number)
  for (const [index, least] of than.entries()) {
    const part = parts[index] ?? 0
    if (Number.isNaN(part)) return true
    if (part !== least) return part < least
  }
  return false
}

/** What a server's version means for a journal: refuse below 2.12, warn below 2.14.5. */
export const serverVersionVerdict = (version: string): "ok" | "warn" | "refuse" => {
  if (isOlder(version, serverVersionMin)) return "refuse"
  return isOlder(version, serverVersionSafe) ? "warn" : "ok"
}

const checkServer = (version: string): Effect.Effect<void, JournalRefused> => {
  const verdict = serverVersionVerdict(version)
  const safe = serverVersionSafe.join(".")
  if (verdict === "refuse") {
    const least = serverVersionMin.join(".")
    return Effect.fail(
      refused("Unsafe", `nats-server ${version} is older than ${least}`, `Upgrade to ${safe} or newer.`),
    )
  }
  if (verdict === "ok") return Effect.void
  return Effect.logWarning(
    `nats-server ${version} is older than ${safe}: its JetStream has known defects that can lose acknowledged ` +
      "commits when a server crashes or a disk fills. Fine for development; upgrade before production.",
  )
}

const isCode = (error: NatsRequestFailed | JetStreamError, code: number): boolean =>
  error._tag === "JetStreamError" && error.code === code

/** The stream, or `undefined` where the server is sure that there is none. */
export const findStream = (
  connection: NatsConnectionService,
  namespace: string,
): Effect.Effect<StreamInfo | undefined, JournalUnavailable | JournalRefused> =>
  streamInfo(connection.requests, streamName(namespace)).pipe(
    Effect.catch((error) =>
      isCode(error, jetStreamCode.streamNotFound) ? Effect.undefined : Effect.fail(readErrorOf(error)),
    ),
  )

const tooFewServers = (replicas: number, detail: string): JournalRefused =>
  refused(
    "Unsafe",
    `a journal with ${replicas} replicas cannot be created here: ${detail}`,
    `Start ${replicas} JetStream servers of the cluster first, or ask for fewer replicas.`,
  )

const create = (connection: NatsConnectionService, options: JournalStreamOptions) => {
  const isClustered = connection.client.info?.cluster !== undefined
  const replicas = options.replicas ?? (isClustered ? REPLICA_COUNT_CLUSTERED : 1)
  return createStream(connection.requests, journalStreamConfig(options, replicas)).pipe(
    Effect.catch((error) =>
      // Somebody else was faster with other settings: theirs are verified like any.
      isCode(error, jetStreamCode.streamNameInUse)
        ? streamInfo(connection.requests, streamName(options.namespace))
        : Effect.fail(error),
    ),
    Effect.mapError((error) =>
      isCode(error, jetStreamCode.noSuitablePeers) || isCode(error, jetStreamCode.replicasNotSupported)
        ? tooFewServers(replicas, error.message)
        : readErrorOf(error),
    ),
  )
}

/**
 * The journal's stream: found and verified against settings and register, or created where neither stream nor
 * register knows one. Refusals: `Unsafe`, `Foreign`, `Missing`, `Replaced`, `NotPermitted`.
 */
export const openJournalStream = Effect.fn("openJournalStream")(function* (
  connection: NatsConnectionService,
  options: JournalStreamOptions,
): Effect.fn.Return<
  OpenJournalStream,
  JournalRefused | JournalUnavailable | JournalRegisterUnavailable,
  JournalRegister
> {
  const { namespace, shards } = options
  if (!NAMESPACE_PATTERN.test(namespace)) {
    return yield* refused(
      "Foreign",
      `namespace ${JSON.stringify(namespace)}`,
      `Use ${NAMESPACE_PATTERN.source}.`,
    )
  }
  yield* checkServer(connection.client.info?.version ?? "unknown")
  const register = yield* JournalRegister
  const remembered = yield* register.load(namespace)
  const found = yield* findStream(connection, namespace)
  if (found === undefined && remembered !== undefined) return yield* missing(namespace)

  const info = found ?? (yield* create(connection, options))
  const settings = verifySettings(info.config, options)
  if (settings !== undefined) return yield* settings
  if (remembered === undefined) {
    yield* register.record({ namespace, shards, createdAt: info.created, lastSequence: info.state.last_seq })
  }
  const identity = remembered ?? (yield* register.load(namespace))
  if (identity !== undefined) {
    if (identity.shards !== shards) {
      const hint = "The number of shards is fixed at creation: start with the one recorded."
      return yield* refused(
        "Foreign",
        `${identity.shards} shards are registered, this system has ${shards}`,
        hint,
      )
    }
    const wrong = verifyIdentity(info, identity)
    if (wrong !== undefined) return yield* wrong
  }
  return { stream: streamName(namespace), createdAt: info.created, lastSequence: info.state.last_seq }
})
