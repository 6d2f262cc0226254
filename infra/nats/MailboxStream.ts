/**
 * The stream that holds a system's mailbox and its schedules: found and verified, or created.
 *
 * Owns its settings and the refusal of wrong ones. A work queue: a message is gone once it is acknowledged. Unlike a
 * journal it may be created anew; what is lost with it is what the outboxes do not send again.
 */
import type { StreamConfig } from "@nats-io/jetstream"
import { Effect } from "effect"
import { type MailboxError, MailboxRefused, MESSAGES_PER_ACTOR_MAX } from "../../runtime/mailbox/Mailbox.ts"
import { NAMESPACE_HINT, NAMESPACE_PATTERN } from "./JournalSettings.ts"
import { mailboxSubjectsOf } from "./MailboxSubject.ts"
import type { NatsConnectionService } from "./NatsConnection.ts"
import { isCode, jetStreamCode, mailboxErrorOf } from "./NatsErrors.ts"
import {
  DUPLICATE_WINDOW_MS,
  findOrMakeStream,
  type NamedStream,
  replicaCountOf,
  wrongSettings,
} from "./OpenStream.ts"
import { NANOS_PER_MS } from "./PullConsumer.ts"
import { serverVersionVerdict } from "./ServerVersion.ts"

/** Version of the mailbox's layout: subjects and headers. */
export const MAILBOX_LAYOUT_VERSION = 1

export interface MailboxStreamOptions {
  readonly namespace: string
  /** Number of shards, fixed at creation. */
  readonly shards: number
  /** 1, 3 or 5; by default 3 in a cluster and 1 on a single server. Used at creation alone. */
  readonly replicas?: number
  /** Messages that may wait for one actor; the port's bound by default. Used at creation alone. */
  readonly messagesPerActorMax?: number
}

export const mailboxStreamName = (namespace: string): string => `${namespace}-mailbox`

const metadataOf = ({ namespace, shards }: MailboxStreamOptions): Record<string, string> => ({
  "everstate.namespace": namespace,
  "everstate.shards": String(shards),
  "everstate.mailbox": String(MAILBOX_LAYOUT_VERSION),
})

/** What is verified at every start. */
const settingsOf = ({ namespace }: MailboxStreamOptions) =>
  ({
    subjects: [...mailboxSubjectsOf(namespace).all],
    storage: "file",
    retention: "workqueue",
    discard: "new",
    discard_new_per_subject: true,
    max_age: 0,
    max_msgs: -1,
    allow_msg_schedules: true,
    no_ack: false,
    sealed: false,
  }) satisfies Partial<StreamConfig>

export const mailboxStreamConfig = (options: MailboxStreamOptions, replicas: number) =>
  ({
    name: mailboxStreamName(options.namespace),
    description: "Everstate mailbox: messages that wait for actors, and schedules",
    ...settingsOf(options),
    max_msgs_per_subject: options.messagesPerActorMax ?? MESSAGES_PER_ACTOR_MAX,
    max_bytes: -1,
    duplicate_window: DUPLICATE_WINDOW_MS * NANOS_PER_MS,
    num_replicas: replicas,
    allow_direct: true,
    metadata: metadataOf(options),
  }) satisfies NamedStream

const refused = (reason: MailboxRefused["reason"], detail: string, hint: string): MailboxRefused =>
  new MailboxRefused({ reason, detail, hint })

/** Whether the stream's settings are those of this system's mailbox. */
const verify = (config: Partial<StreamConfig>, options: MailboxStreamOptions): MailboxRefused | undefined => {
  const name = mailboxStreamName(options.namespace)
  for (const [key, value] of Object.entries(metadataOf(options))) {
    const found = config.metadata?.[key]
    if (found === value) continue
    const detail = `stream ${name} has ${key}=${found ?? "(none)"}, this system has ${value}`
    const hint =
      key === "everstate.shards"
        ? "The number of shards is fixed at creation: start with the one recorded."
        : "Choose another namespace, or point the system at its own NATS account."
    return refused("Foreign", detail, hint)
  }
  const wrong = wrongSettings(config, settingsOf(options))
  if (wrong.length === 0) return undefined
  const hint = "Set these back with `nats stream edit`; find out who changed them first."
  return refused("Unsafe", `stream ${name} could lose messages: ${wrong.join("; ")}`, hint)
}

const tooFewServers = (replicas: number, detail: string): MailboxRefused =>
  refused(
    "Unsafe",
    `a mailbox with ${replicas} replicas cannot be created here: ${detail}`,
    `Start ${replicas} JetStream servers of the cluster first, or ask for fewer replicas.`,
  )

/** The mailbox's stream, in order. Schedules need nats-server 2.12. */
export const openMailboxStream = Effect.fn("openMailboxStream")(function* (
  connection: NatsConnectionService,
  options: MailboxStreamOptions,
): Effect.fn.Return<string, MailboxError> {
  const { namespace } = options
  if (!NAMESPACE_PATTERN.test(namespace)) {
    return yield* refused("Foreign", `namespace ${JSON.stringify(namespace)}`, NAMESPACE_HINT)
  }
  const version = connection.client.info?.version ?? "unknown"
  if (serverVersionVerdict(version) === "refuse") {
    return yield* refused("Unsafe", `nats-server ${version} has no schedules`, "Upgrade to 2.14.5 or newer.")
  }
  const replicas = replicaCountOf(connection, options.replicas)
  const info = yield* findOrMakeStream(connection, mailboxStreamConfig(options, replicas)).pipe(
    Effect.mapError((error) =>
      isCode(error, jetStreamCode.noSuitablePeers) || isCode(error, jetStreamCode.replicasNotSupported)
        ? tooFewServers(replicas, error.message)
        : mailboxErrorOf(error),
    ),
  )
  const wrong = verify(info.config, options)
  if (wrong !== undefined) return yield* wrong
  return mailboxStreamName(namespace)
})
