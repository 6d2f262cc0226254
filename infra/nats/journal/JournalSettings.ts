/**
 * The name, settings and identity that each stream of a journal must have, as pure checks.
 *
 * Owns the settings of a new journal and every refusal of a wrong one. JournalStream.ts asks the server at
 * start, JournalGuard.ts afterwards.
 */
import type { StreamConfig } from "@nats-io/jetstream"
import { nuid } from "@nats-io/transport-node"
import { JournalRefused } from "../../../runtime/journal/Journal.ts"
import { partitionOfShard } from "../../../runtime/journal/Partition.ts"

/** Version of the journal's layout: subjects, headers, commit envelope. */
export const JOURNAL_FORMAT_VERSION = 1

/** Form of a namespace, which becomes a subject token and a part of stream names. */
export const NAMESPACE_PATTERN = /^[a-z][a-z0-9_-]{0,31}$/
export const NAMESPACE_HINT =
  'Use lower-case letters, digits, "-" and "_", starting with a letter, 32 at most.'

export interface JournalStreamOptions {
  readonly namespace: string
  /** Number of shards, fixed at creation. */
  readonly shards: number
  /**
   * Number of streams that hold the journal, 1 by default and `shards` at most, fixed at creation. Each
   * stream is written, synced and replicated by itself, so several take more appends if every append is
   * fsynced. Order is kept within each.
   */
  readonly streams?: number
  /** 1, 3 or 5; by default 3 in a cluster and 1 on a single server. Used at creation alone. */
  readonly replicas?: number
  /**
   * Bytes in one stream after which its appends are refused as `Full`; by default the server's storage is the
   * limit. Used at creation alone.
   */
  readonly bytesMax?: number
  /**
   * True if an operator prepares the namespace: streams of earlier releases may then be changed for this
   * release.
   */
  readonly isPreparation?: boolean
}

export const STREAMS_DEFAULT = 1

/** `<ns>-journal`; if there are several streams, each has its partition appended. */
export const streamName = (namespace: string, streams = STREAMS_DEFAULT, partition = 0): string =>
  streams === 1 ? `${namespace}-journal` : `${namespace}-journal-${partition}`

/**
 * `<ns>.evt.<shard>.<type>.<token>` of all shards or, if there are several streams, of those in this stream.
 */
const journalSubjects = (options: JournalStreamOptions, partition: number): Array<string> => {
  const { namespace, shards, streams = STREAMS_DEFAULT } = options
  if (streams === 1) return [`${namespace}.evt.*.*.*`]
  return Array.from({ length: shards }, (_, shard) => shard)
    .filter((shard) => partitionOfShard(shard, streams) === partition)
    .map((shard) => `${namespace}.evt.${shard}.*.*`)
}

const metadataOf = (options: JournalStreamOptions): Record<string, string> => ({
  "everstate.namespace": options.namespace,
  "everstate.shards": String(options.shards),
  "everstate.streams": String(options.streams ?? STREAMS_DEFAULT),
  "everstate.format": String(JOURNAL_FORMAT_VERSION),
})

/** Metadata of a stream that has none: older journals have one stream. */
const metadataAbsent: Record<string, string> = { "everstate.streams": String(STREAMS_DEFAULT) }

const hintFixed: Record<string, string> = {
  "everstate.shards": "The number of shards is fixed at creation: start with the one recorded.",
  "everstate.streams": "The number of streams is fixed at creation: start with the one recorded.",
}

const idKey = "everstate.id"

type Identified = {
  readonly created: string
  readonly config: { readonly metadata?: Readonly<Record<string, string>> }
}

/** The id that the stream's creator gave it; streams made before there were ids have none. */
export const givenIdOf = ({ config }: Identified): string | undefined => config.metadata?.[idKey]

/**
 * Tells a stream from another one with the same name: the id that its creator gave it. The creation time does
 * not, because replicas of a stream that several nodes created in one moment may differ in it (seen with
 * nats-server 2.14.0, three servers). Streams made before there were ids have only the creation time.
 */
export const streamIdOf = (info: Identified): string => givenIdOf(info) ?? info.created

/**
 * The settings of a new stream, with its own new id. {@link verifySettings} checks again every setting that
 * protects data.
 */
export const journalStreamConfig = (options: JournalStreamOptions, replicas: number, partition = 0) =>
  ({
    name: streamName(options.namespace, options.streams, partition),
    description: "Everstate journal: never delete, edit or restore it by hand",
    subjects: journalSubjects(options, partition),
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
    deny_purge: false, // the right of an archiver; NATS permissions deny it to services
    allow_rollup_hdrs: false,
    allow_direct: true,
    allow_atomic: true,
    metadata: { ...metadataOf(options), [idKey]: nuid.next() } as Record<string, string>,
  }) satisfies Partial<StreamConfig>

export const refused = (reason: JournalRefused["reason"], detail: string, hint: string): JournalRefused =>
  new JournalRefused({ reason, detail, hint })

/** Each setting that could lose, change or misplace commits, as `name=value, want …`. */
export const unsafeSettings = (
  config: Partial<StreamConfig>,
  subjects: ReadonlyArray<string>,
): ReadonlyArray<string> => {
  const wrong: Array<string> = []
  const want = (name: string, value: unknown, isRight: boolean, wanted: string): void => {
    if (!isRight) wrong.push(`${name}=${JSON.stringify(value)}, want ${wanted}`)
  }
  const unlimited = (value: number | undefined) => value === undefined || value <= 0
  const off = (value: boolean | undefined) => value !== true
  const listed = (names: ReadonlyArray<string> = []) => names.toSorted().join(", ")
  want("subjects", config.subjects, listed(config.subjects) === listed(subjects), subjects.join(", "))
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

/** The refusal of a stream whose settings are not those of this system's journal; `undefined` if they are. */
export const verifySettings = (
  config: Partial<StreamConfig>,
  options: JournalStreamOptions,
  partition: number,
): JournalRefused | undefined => {
  const name = streamName(options.namespace, options.streams, partition)
  const metadata = { ...metadataAbsent, ...config.metadata }
  const wanted = metadataOf(options)
  for (const [key, value] of Object.entries(wanted)) {
    if (metadata[key] === value) continue
    const hint = hintFixed[key] ?? "Choose another namespace, or point the system at its own NATS account."
    return refused(
      "Foreign",
      `stream ${name} has ${key}=${metadata[key] ?? "(none)"}, this system has ${value}`,
      hint,
    )
  }
  const unsafe = unsafeSettings(config, journalSubjects(options, partition))
  if (unsafe.length === 0) return undefined
  const hint = "Set these back with `nats stream edit`; find out who changed them first."
  return refused("Unsafe", `stream ${name} could lose commits: ${unsafe.join("; ")}`, hint)
}

/** The refusal of a journal whose shards or streams differ in number from the registered ones. */
export const verifyCounts = (
  options: JournalStreamOptions,
  registered: { readonly shards: number; readonly streams: number },
): JournalRefused | undefined => {
  const own = { shards: options.shards, streams: options.streams ?? STREAMS_DEFAULT }
  const wrong = (["shards", "streams"] as const).find((count) => own[count] !== registered[count])
  if (wrong === undefined) return undefined
  return refused(
    "Foreign",
    `${registered[wrong]} ${wrong} are registered, this system has ${own[wrong]}`,
    hintFixed[`everstate.${wrong}`] ?? "",
  )
}

/**
 * The refusal of a stream that is not the remembered one, or is shorter. `lastStreamSequence` is a sequence of the
 * stream itself.
 */
export const verifyIdentity = (
  name: string,
  info: Parameters<typeof streamIdOf>[0] & { readonly state: { readonly last_seq: number } },
  remembered: { readonly streamId: string; readonly lastStreamSequence: number },
): JournalRefused | undefined => {
  if (streamIdOf(info) !== remembered.streamId) {
    return refused(
      "Replaced",
      `stream ${name} is ${streamIdOf(info)}, created at ${info.created}; the registered one is ${remembered.streamId}`,
      "Restore the registered stream from a backup; snapshots and read models belong to the registered one.",
    )
  }
  if (info.state.last_seq < remembered.lastStreamSequence) {
    return refused(
      "Replaced",
      `stream ${name} ends at ${info.state.last_seq}, but ${remembered.lastStreamSequence} was seen: it was restored older`,
      "Restore a newer backup: commits that were acknowledged after this one are missing.",
    )
  }
  return undefined
}

export const missing = (name: string, because = "it is registered"): JournalRefused =>
  refused(
    "Missing",
    `stream ${name} does not exist, though ${because}`,
    "Restore it from a backup. It is never created anew: that would hide the loss of every commit.",
  )

/** The refusal of a stream that gave a sequence away a second time. */
export const shortened = (name: string, sequence: number, seen: number): JournalRefused =>
  refused(
    "Replaced",
    `stream ${name} gave sequence ${sequence} to a new commit, but ${seen} was seen before`,
    "It was restored from an older copy under a running system: restore a newer copy, then restart the service.",
  )
