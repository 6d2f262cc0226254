/**
 * The two streams of a system's mailbox, found and verified, or created: one of messages, one of timers.
 *
 * Owns their settings and the refusal of wrong ones. Both are work queues: a message is removed once it is
 * acknowledged. There are two because nats-server (since May 2026, at creation and when it loads its store)
 * refuses a stream that has schedules and also refuses messages when it is full. So the stream of messages
 * has the bound per actor, and the stream of timers has the schedules. Timers need no bound: a commit or a
 * stored message asked for each of them. Only the preparation of a used namespace makes a lost stream again.
 * The messages that waited in it are gone; timers are placed again from the journal.
 */
import type { StreamConfig } from "@nats-io/jetstream"
import { nuid } from "@nats-io/transport-node"
import { Effect } from "effect"
import {
  type MailboxError,
  MailboxRefused,
  MESSAGES_PER_ACTOR_MAX,
} from "../../../runtime/mailbox/Mailbox.ts"
import type { StreamInfo } from "../connection/JetStreamApi.ts"
import type { NatsConnectionService } from "../connection/NatsConnection.ts"
import { isCode, jetStreamCode, mailboxErrorOf, PREPARE_HINT } from "../connection/NatsErrors.ts"
import {
  DUPLICATE_WINDOW_MS,
  findOrMakeStream,
  findStream,
  type NamedStream,
  replicaCountOf,
  wrongSettings,
} from "../connection/OpenStream.ts"
import { NANOS_PER_MS } from "../connection/PullConsumer.ts"
import { FOREIGN_HINT, foreignMark, marked, markStore, type StoreMark } from "../connection/StoreMark.ts"
import { NAMESPACE_HINT, NAMESPACE_PATTERN } from "../journal/JournalSettings.ts"
import { serverVersionVerdict } from "../journal/ServerVersion.ts"

/** Version of the mailbox's layout: streams, subjects and headers. Version 1 is MailboxLegacy.ts. */
export const MAILBOX_LAYOUT_VERSION = 2

export interface MailboxStreamOptions {
  readonly namespace: string
  /** Number of shards, fixed at creation. */
  readonly shards: number
  /** 1, 3 or 5; by default 3 in a cluster and 1 on a single server. Used at creation alone. */
  readonly replicas?: number
  /** Messages that may wait for one actor; the port's bound by default. Used at creation alone. */
  readonly messagesPerActorMax?: number
  /**
   * Why a missing stream has been lost and must not be made again: the messages that waited in it are lost
   * with it. `undefined` by default, which means that the stream never existed.
   */
  readonly lost?: Effect.Effect<string | undefined, MailboxError>
  /** Mark of the journal that the mailbox belongs to. */
  readonly mark?: StoreMark
}

export interface MailboxStreamNames {
  readonly messages: string
  readonly timers: string
}

/** The one stream of the first release's mailbox (MailboxLegacy.ts). */
export const legacyStreamName = (namespace: string): string => `${namespace}-mailbox`

export const mailboxStreamNames = (namespace: string): MailboxStreamNames => ({
  messages: `${namespace}-messages`,
  timers: `${namespace}-timers`,
})

/**
 * One of the two streams: its name, the settings that every start verifies, and those that are set at
 * creation alone.
 */
interface MailboxStream {
  readonly name: string
  readonly verified: Partial<StreamConfig>
  readonly atCreation: Partial<StreamConfig>
}

const queueSettings = {
  storage: "file",
  retention: "workqueue",
  max_age: 0,
  max_msgs: -1,
  no_ack: false,
  sealed: false,
} satisfies Partial<StreamConfig>

const streamsOf = (options: MailboxStreamOptions): ReadonlyArray<MailboxStream> => {
  const { namespace, messagesPerActorMax = MESSAGES_PER_ACTOR_MAX } = options
  const { messages, timers } = mailboxStreamNames(namespace)
  return [
    {
      name: messages,
      verified: {
        ...queueSettings,
        subjects: [`${namespace}.msg.*.*.*`],
        discard: "new",
        discard_new_per_subject: true,
      },
      atCreation: {
        description: "Everstate mailbox: messages that wait for actors",
        max_msgs_per_subject: messagesPerActorMax,
      },
    },
    {
      name: timers,
      verified: {
        ...queueSettings,
        subjects: [`${namespace}.tmr.*.*.*.*`, `${namespace}.due.*.*.*`],
        allow_msg_schedules: true,
        // No limit of this stream removes a message. `old` is the policy that every server accepts with
        // schedules.
        discard: "old",
        max_msgs_per_subject: -1,
        max_bytes: -1,
      },
      atCreation: { description: "Everstate mailbox: timers, and messages that are due" },
    },
  ]
}

const metadataOf = ({ namespace, shards }: MailboxStreamOptions): Record<string, string> => ({
  "everstate.namespace": namespace,
  "everstate.shards": String(shards),
  "everstate.mailbox": String(MAILBOX_LAYOUT_VERSION),
})

const ID_KEY = "everstate.id"

/** The id that the stream's creator gave it; streams of earlier releases have none. */
export const mailboxIdOf = ({ metadata }: Partial<StreamConfig>): string | undefined => metadata?.[ID_KEY]

const configOf = (stream: MailboxStream, options: MailboxStreamOptions, replicas: number) =>
  ({
    name: stream.name,
    max_bytes: -1,
    ...stream.verified,
    ...stream.atCreation,
    duplicate_window: DUPLICATE_WINDOW_MS * NANOS_PER_MS,
    num_replicas: replicas,
    allow_direct: true,
    metadata: { ...metadataOf(options), [ID_KEY]: nuid.next() },
  }) satisfies NamedStream

/**
 * The configurations that {@link openMailboxStreams} creates: first that of the messages, then that of the
 * timers.
 */
export const mailboxStreamConfigs = (
  options: MailboxStreamOptions,
  replicas: number,
): ReadonlyArray<NamedStream> => streamsOf(options).map((stream) => configOf(stream, options, replicas))

const refused = (reason: MailboxRefused["reason"], detail: string, hint: string): MailboxRefused =>
  new MailboxRefused({ reason, detail, hint })

/** Why a found stream is not this system's, or is not safe; `undefined` if it is fine. */
const verify = (
  config: Partial<StreamConfig>,
  { name, verified }: MailboxStream,
  options: MailboxStreamOptions,
): MailboxRefused | undefined => {
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
  const wrong = wrongSettings(config, verified)
  if (wrong.length === 0) return undefined
  const hint = "Set these back with `nats stream edit`; find out who changed them first."
  return refused("Unsafe", `stream ${name} could lose messages: ${wrong.join("; ")}`, hint)
}

/** Why nodes refuse a found stream of the mailbox as it is; `undefined` if it is fine. */
export const mailboxRefusal = (
  info: StreamInfo,
  options: MailboxStreamOptions,
): MailboxRefused | undefined => {
  const stream = streamsOf(options).find(({ name }) => name === info.config.name)
  const wrong = stream && verify(info.config, stream, options)
  if (wrong !== undefined) return wrong
  const foreign = foreignMark(info, options.mark)
  return foreign === undefined ? undefined : refused("Foreign", foreign, FOREIGN_HINT)
}

const tooFewServers = (replicas: number, detail: string): MailboxRefused =>
  refused(
    "Unsafe",
    `a mailbox with ${replicas} replicas cannot be created here: ${detail}`,
    `Start ${replicas} JetStream servers of the cluster first, or ask for fewer replicas.`,
  )

/** Layout of the first release's mailbox. */
const LEGACY_LAYOUT_VERSION = 1

/**
 * Name of the first release's mailbox of this namespace, if there is one. Its layout is checked, because a
 * stream of another kind may have the name.
 */
export const findLegacyStream = Effect.fnUntraced(function* (
  connection: NatsConnectionService,
  namespace: string,
) {
  const name = legacyStreamName(namespace)
  const found = yield* Effect.mapError(findStream(connection, name), mailboxErrorOf)
  if (found === undefined) return undefined
  const { metadata = {} } = found.config
  const isLegacy =
    metadata["everstate.namespace"] === namespace &&
    metadata["everstate.mailbox"] === String(LEGACY_LAYOUT_VERSION)
  if (isLegacy) return name
  yield* Effect.logWarning(
    `Stream ${name} is left alone: by its metadata it is no mailbox of the first release of ${namespace}.`,
  )
  return undefined
})

/** Fails if a used namespace lacks a stream, unless the first release's mailbox is there to be emptied. */
const refuseLost = Effect.fnUntraced(function* (
  connection: NatsConnectionService,
  { namespace, lost = Effect.undefined }: MailboxStreamOptions,
) {
  const find = (name: string) => Effect.mapError(findStream(connection, name), mailboxErrorOf)
  const names = Object.values(mailboxStreamNames(namespace))
  const found = yield* Effect.forEach(names, find, { concurrency: "unbounded" })
  const missing = names.filter((_, index) => found[index] === undefined)
  if (missing.length === 0 || (yield* findLegacyStream(connection, namespace)) !== undefined) return
  const why = yield* lost
  if (why === undefined) return
  const hint =
    `If nats-server was upgraded before this release, start its former version on the same data: that still has ` +
    `stream ${legacyStreamName(namespace)}, which this release empties. ${PREPARE_HINT}`
  return yield* refused("Missing", `no stream ${missing.join(" and ")}, though ${why}`, hint)
})

/** Finds or creates both streams and verifies them. Schedules need nats-server 2.12. */
export const openMailboxStreams = Effect.fn("openMailboxStreams")(function* (
  connection: NatsConnectionService,
  options: MailboxStreamOptions,
): Effect.fn.Return<MailboxStreamNames, MailboxError> {
  const { namespace } = options
  if (!NAMESPACE_PATTERN.test(namespace)) {
    return yield* refused("Foreign", `namespace ${JSON.stringify(namespace)}`, NAMESPACE_HINT)
  }
  const version = connection.client.info?.version ?? "unknown"
  if (serverVersionVerdict(version) === "refuse") {
    return yield* refused("Unsafe", `nats-server ${version} has no schedules`, "Upgrade to 2.14.5 or newer.")
  }
  yield* refuseLost(connection, options)
  const replicas = replicaCountOf(connection, options.replicas)
  for (const stream of streamsOf(options)) {
    const info = yield* findOrMakeStream(
      connection,
      marked(configOf(stream, options, replicas), options.mark),
    ).pipe(
      Effect.mapError((error) =>
        isCode(error, jetStreamCode.noSuitablePeers) || isCode(error, jetStreamCode.replicasNotSupported)
          ? tooFewServers(replicas, error.message)
          : mailboxErrorOf(error),
      ),
    )
    const wrong = mailboxRefusal(info, options)
    if (wrong !== undefined) return yield* wrong
    yield* markStore(connection, info, options.mark)
  }
  return mailboxStreamNames(namespace)
})
