/**
 * The stream that is a system's journal: found and verified, or created once, and never again.
 *
 * Never re-creates a journal that the register remembers: a missing or younger stream means lost data, and only an
 * operator may decide about that. What right looks like is JournalSettings.ts and ServerVersion.ts;
 * JournalGuard.ts keeps watching while the process runs.
 */
import { Effect } from "effect"
import type { JournalRefused, JournalUnavailable } from "../../runtime/journal/Journal.ts"
import { JournalRegister, type JournalRegisterUnavailable } from "../../runtime/journal/JournalRegister.ts"
import type { StreamInfo } from "./JetStreamApi.ts"
import {
  type JournalStreamOptions,
  journalStreamConfig,
  missing,
  NAMESPACE_PATTERN,
  refused,
  streamName,
  verifyIdentity,
  verifySettings,
} from "./JournalSettings.ts"
import type { NatsConnectionService } from "./NatsConnection.ts"
import { isCode, jetStreamCode, readErrorOf } from "./NatsErrors.ts"
import { findStream, makeStream, replicaCountOf } from "./OpenStream.ts"
import { checkServerVersion } from "./ServerVersion.ts"

/** A journal's stream that was found in order. */
export interface OpenJournalStream {
  readonly stream: string
  readonly createdAt: string
  readonly lastSequence: number
}

/** The journal's stream, or `undefined` where the server is sure that there is none. */
export const findJournalStream = (
  connection: NatsConnectionService,
  namespace: string,
): Effect.Effect<StreamInfo | undefined, JournalUnavailable | JournalRefused> =>
  Effect.mapError(findStream(connection, streamName(namespace)), readErrorOf)

const tooFewServers = (replicas: number, detail: string): JournalRefused =>
  refused(
    "Unsafe",
    `a journal with ${replicas} replicas cannot be created here: ${detail}`,
    `Start ${replicas} JetStream servers of the cluster first, or ask for fewer replicas.`,
  )

const create = (connection: NatsConnectionService, options: JournalStreamOptions) => {
  const replicas = replicaCountOf(connection, options.replicas)
  return Effect.mapError(makeStream(connection, journalStreamConfig(options, replicas)), (error) =>
    isCode(error, jetStreamCode.noSuitablePeers) || isCode(error, jetStreamCode.replicasNotSupported)
      ? tooFewServers(replicas, error.message)
      : readErrorOf(error),
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
  yield* checkServerVersion(connection.client.info?.version ?? "unknown")
  const register = yield* JournalRegister
  const remembered = yield* register.load(namespace)
  const found = yield* findJournalStream(connection, namespace)
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
