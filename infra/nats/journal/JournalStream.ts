/**
 * The streams of a system's journal: found and verified, or created once, and never again.
 *
 * Never re-creates a journal that the register remembers: a missing or younger stream means lost data, and
 * only an operator may decide about that. The checks are in JournalSettings.ts and ServerVersion.ts.
 * JournalGuard.ts watches the streams while the process runs.
 */
import { Effect } from "effect"
import type { JournalRefused, JournalUnavailable } from "../../../runtime/journal/Journal.ts"
import {
  type JournalIdentity,
  JournalRegister,
  type JournalRegisterUnavailable,
} from "../../../runtime/journal/JournalRegister.ts"
import { sequenceAt, streamSequenceUpTo } from "../../../runtime/journal/Partition.ts"
import { type StreamInfo, updateStream } from "../connection/JetStreamApi.ts"
import type { NatsConnectionService } from "../connection/NatsConnection.ts"
import { isCode, jetStreamCode, readErrorOf } from "../connection/NatsErrors.ts"
import { findStream, makeStream, replicaCountOf } from "../connection/OpenStream.ts"
import {
  type JournalStreamOptions,
  journalStreamConfig,
  missing,
  NAMESPACE_HINT,
  NAMESPACE_PATTERN,
  refused,
  STREAMS_DEFAULT,
  streamIdOf,
  streamName,
  verifyCounts,
  verifyIdentity,
  verifySettings,
} from "./JournalSettings.ts"
import { checkServerVersion } from "./ServerVersion.ts"

/** One of a journal's streams, found in order. */
export interface OpenJournalStream extends Pick<StreamInfo, "config" | "cluster"> {
  readonly partition: number
  readonly stream: string
  readonly streamId: string
  /** The stream's own last sequence. */
  readonly lastStreamSequence: number
}

/** A stream, or `undefined` if the server is sure that there is none. */
export const findJournalStream = (
  connection: NatsConnectionService,
  stream: string,
): Effect.Effect<StreamInfo | undefined, JournalUnavailable | JournalRefused> =>
  Effect.mapError(findStream(connection, stream), readErrorOf)

const tooFewServers = (replicas: number, detail: string): JournalRefused =>
  refused(
    "Unsafe",
    `a journal with ${replicas} replicas cannot be created here: ${detail}`,
    `Start ${replicas} JetStream servers of the cluster first, or ask for fewer replicas.`,
  )

const create = (connection: NatsConnectionService, options: JournalStreamOptions, partition: number) => {
  const replicas = replicaCountOf(connection, options.replicas)
  const made = makeStream(connection, journalStreamConfig(options, replicas, partition))
  return Effect.mapError(made, (error) =>
    isCode(error, jetStreamCode.noSuitablePeers) || isCode(error, jetStreamCode.replicasNotSupported)
      ? tooFewServers(replicas, error.message)
      : readErrorOf(error),
  )
}

const refusedOptions = ({ namespace, shards, streams = STREAMS_DEFAULT }: JournalStreamOptions) => {
  if (!NAMESPACE_PATTERN.test(namespace)) {
    return refused("Foreign", `namespace ${JSON.stringify(namespace)}`, NAMESPACE_HINT)
  }
  if (!Number.isInteger(streams) || streams < 1 || streams > shards) {
    const hint = "Choose from 1 up to the number of shards; it is fixed at creation."
    return refused("Foreign", `a journal of ${streams} streams for ${shards} shards`, hint)
  }
  return undefined
}

/**
 * Refuses if the namespace has a journal with another number of streams. A single stream has another name
 * than several, so neither layout would find the streams of the other.
 */
const refuseOtherLayout = Effect.fnUntraced(function* (
  connection: NatsConnectionService,
  { namespace, shards, streams = STREAMS_DEFAULT }: JournalStreamOptions,
) {
  const other = streamName(namespace, streams === 1 ? 2 : 1)
  const found = yield* findJournalStream(connection, other)
  if (found === undefined) return
  const registered = Number(found.config.metadata?.["everstate.streams"] ?? STREAMS_DEFAULT)
  const wrong = verifyCounts({ namespace, shards, streams }, { shards, streams: registered })
  if (wrong !== undefined) return yield* wrong
})

const verifyRegistered = (options: JournalStreamOptions, { shards, streams }: JournalIdentity) =>
  verifyCounts(options, { shards, streams: streams.length })

/**
 * Allows atomic batches on a stream of an earlier release. New streams allow them from the start. A user
 * without the right to change streams leaves the stream as it is: its appends then go one by one.
 */
const allowBatches = (connection: NatsConnectionService, info: StreamInfo): Effect.Effect<StreamInfo> => {
  const { name, allow_atomic } = info.config
  if (name === undefined || allow_atomic === true) return Effect.succeed(info)
  return updateStream(connection.requests, { ...info.config, name, allow_atomic: true }).pipe(
    Effect.catch(({ message }) =>
      Effect.as(
        Effect.logWarning(`Stream ${name} takes no atomic batches, so appends go one by one: ${message}`),
        info,
      ),
    ),
  )
}

/**
 * All streams in the order of their partitions, verified. Missing ones are created if none may have been
 * lost.
 */
const findOrCreate = Effect.fnUntraced(function* (
  connection: NatsConnectionService,
  options: JournalStreamOptions,
  remembered: JournalIdentity | undefined,
): Effect.fn.Return<ReadonlyArray<StreamInfo>, JournalRefused | JournalUnavailable> {
  const { namespace, streams = STREAMS_DEFAULT } = options
  const infos: Array<StreamInfo | undefined> = []
  // In the order of their creation: once a stream has commits, all streams after it exist, too.
  for (let partition = 0; partition < streams; partition++) {
    const info = yield* findJournalStream(connection, streamName(namespace, streams, partition))
    const wrong = info && verifySettings(info.config, options, partition)
    if (wrong !== undefined) return yield* wrong
    infos.push(info)
  }
  if (infos.every((info) => info === undefined) && remembered === undefined) {
    yield* refuseOtherLayout(connection, options)
  }
  const isWritten = infos.some((info) => (info?.state.last_seq ?? 0) > 0)
  const made: Array<StreamInfo> = []
  for (const [partition, info] of infos.entries()) {
    const name = streamName(namespace, streams, partition)
    if (info === undefined && remembered !== undefined) return yield* missing(name)
    if (info === undefined && isWritten) return yield* missing(name, "the others have commits")
    const found = info ?? (yield* create(connection, options, partition))
    const own = options.isPreparation === true ? yield* allowBatches(connection, found) : found
    // Another process may have created it.
    const wrong = verifySettings(own.config, options, partition)
    if (wrong !== undefined) return yield* wrong
    made.push(own)
  }
  return made
})

/**
 * The journal's streams: found and verified against settings and register, or created if neither streams nor
 * register know one. Refusals: `Unsafe`, `Foreign`, `Missing`, `Replaced`, `NotPermitted`.
 */
export const openJournalStreams = Effect.fn("openJournalStreams")(function* (
  connection: NatsConnectionService,
  options: JournalStreamOptions,
): Effect.fn.Return<
  ReadonlyArray<OpenJournalStream>,
  JournalRefused | JournalUnavailable | JournalRegisterUnavailable,
  JournalRegister
> {
  const { namespace, shards, streams = STREAMS_DEFAULT } = options
  const wrongOptions = refusedOptions(options)
  if (wrongOptions !== undefined) return yield* wrongOptions
  yield* checkServerVersion(connection.client.info?.version ?? "unknown")
  const register = yield* JournalRegister
  const remembered = yield* register.load(namespace)
  // Checked before the streams are looked for, because another number of streams means other names: they are
  // not missing.
  const otherCounts = remembered && verifyRegistered(options, remembered)
  if (otherCounts !== undefined) return yield* otherCounts

  const infos = yield* findOrCreate(connection, options, remembered)
  if (remembered === undefined) {
    yield* register.record({
      namespace,
      shards,
      streams: infos.map((info, partition) => ({
        streamId: streamIdOf(info),
        lastSequence: sequenceAt(info.state.last_seq, partition, streams),
      })),
    })
  }
  const identity = remembered ?? (yield* register.load(namespace))
  // Another process may have registered the journal in the meantime.
  const wrongCounts = identity && verifyRegistered(options, identity)
  if (wrongCounts !== undefined) return yield* wrongCounts
  const opened: Array<OpenJournalStream> = []
  for (const [partition, info] of infos.entries()) {
    const stream = streamName(namespace, streams, partition)
    const registered = identity?.streams[partition]
    if (registered !== undefined) {
      const { streamId, lastSequence } = registered
      const lastStreamSequence = streamSequenceUpTo(lastSequence, partition, streams)
      const wrong = verifyIdentity(stream, info, { streamId, lastStreamSequence })
      if (wrong !== undefined) return yield* wrong
    }
    opened.push({
      partition,
      stream,
      streamId: streamIdOf(info),
      lastStreamSequence: info.state.last_seq,
      config: info.config,
      ...(info.cluster && { cluster: info.cluster }),
    })
  }
  return opened
})
