/**
 * What a journal's stream must look like, as pure checks: its name, settings and identity (DESIGN "Journal safety").
 *
 * Owns the settings of a new journal and every refusal of a wrong one. Who asks the server: JournalStream.ts at
 * start, JournalGuard.ts from then on.
 */
import type { StreamConfig } from "@nats-io/jetstream"
import { JournalRefused } from "../../runtime/journal/Journal.ts"
import type { JournalIdentity } from "../../runtime/journal/JournalRegister.ts"

/** Version of the journal's layout: subjects, headers, commit envelope. */
export const JOURNAL_FORMAT_VERSION = 1

/** A namespace becomes a subject token and a stream's name. */
export const NAMESPACE_PATTERN = /^[a-z][a-z0-9_-]{0,31}$/

export interface JournalStreamOptions {
  readonly namespace: string
  /** Number of shards, fixed at creation. */
  readonly shards: number
  /** 1, 3 or 5; by default 3 in a cluster and 1 on a single server. Used at creation alone. */
  readonly replicas?: number
  /** Bytes after which appends are refused as `Full`; without it the server's storage is the limit. Creation alone. */
  readonly bytesMax?: number
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

export const refused = (reason: JournalRefused["reason"], detail: string, hint: string): JournalRefused =>
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
