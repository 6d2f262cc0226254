/**
 * Finds a stream, or creates it if there is none, and compares a found stream with the wanted settings.
 *
 * Every stream of a system is opened here. The wanted settings are in JournalSettings.ts, MailboxStream.ts,
 * Bucket.ts, DeadLettersNats.ts and EventPublisherNats.ts.
 */
import type { StreamConfig } from "@nats-io/jetstream"
import { Effect } from "effect"
import { createStream, type StreamInfo, streamInfo } from "./JetStreamApi.ts"
import type { NatsConnectionService } from "./NatsConnection.ts"
import {
  isCode,
  type JetStreamError,
  jetStreamCode,
  type NatsRequestFailed,
  PREPARE_HINT,
} from "./NatsErrors.ts"
import { headersOf } from "./PubAck.ts"
import { FOREIGN_HINT, foreignMark, marked, markStore, type StoreMark } from "./StoreMark.ts"

/**
 * Replicas in a cluster, unless the options give another number. Too few servers are an error, never fewer
 * replicas.
 */
const REPLICA_COUNT_CLUSTERED = 3

/** Time for which a stream remembers the ids of stored messages, in milliseconds. */
export const DUPLICATE_WINDOW_MS = 120_000

export type NamedStream = Partial<StreamConfig> & { readonly name: string }

/** How a stream is made, and what a found one must have. */
export interface StreamPlan {
  /** Name, and the settings that a new stream gets besides the needed ones. */
  readonly made: NamedStream
  /** Settings without which a found stream is refused. */
  readonly needed: Partial<StreamConfig>
}

/** Replicas of a new stream: 3 in a cluster and 1 on a single server, unless `asked` says otherwise. */
export const replicaCountOf = ({ client }: NatsConnectionService, asked?: number): number =>
  asked ?? (client.info?.cluster !== undefined ? REPLICA_COUNT_CLUSTERED : 1)

/** The stream, or `undefined` if the server is sure that there is none. */
export const findStream = (
  { requests }: NatsConnectionService,
  name: string,
  timeoutMs?: number,
): Effect.Effect<StreamInfo | undefined, NatsRequestFailed | JetStreamError> =>
  Effect.catch(streamInfo(requests, name, timeoutMs), (error) =>
    isCode(error, jetStreamCode.streamNotFound) ? Effect.undefined : Effect.fail(error),
  )

/** Pause between two probes of a stream that does not answer yet, in milliseconds. */
const PROBE_PAUSE_MS = 20

/** First wait for the answer to a probe, in milliseconds. Each unanswered probe doubles the next wait. */
const PROBE_TIMEOUT_MS_MIN = 100

/** Longest wait until a new stream answers a probe, in milliseconds. */
const ANSWERS_MS_MAX = 6_000

/**
 * A subject that the stream takes and that nothing else uses: `x.evt.*.*.*` becomes
 * `x.evt.created.created.created`.
 */
const probeSubjectOf = (subject: string): string => subject.replaceAll(/[*>]/g, "created")

/**
 * Waits until this connection's server routes messages to a new stream and the stream answers. A cluster
 * reports a stream as made before all of its servers route to it, and a new leader drops messages without an
 * answer (2.15.1 on a busy machine: one probe in thirty). The probe names another stream in its header, so
 * the stream refuses it and stores nothing. It is sent as a request, not as a publish, because a lost probe
 * must not count as trouble of the store. A stream that stays silent is opened all the same; its first
 * publish fails then.
 */
const untilItAnswers = ({ requests }: NatsConnectionService, { config }: StreamInfo) => {
  const subject = config.subjects?.[0]
  if (subject === undefined) return Effect.void
  const headers = headersOf({ "Nats-Expected-Stream": "none" })
  const ask = (timeoutMs: number): Effect.Effect<void, NatsRequestFailed> =>
    requests.request(probeSubjectOf(subject), new Uint8Array(), { timeoutMs, headers }).pipe(
      Effect.asVoid,
      Effect.catch((error) => {
        if (error.reason === "Timeout") return ask(2 * timeoutMs)
        if (error.reason !== "NoResponders") return Effect.fail(error)
        return Effect.andThen(Effect.sleep(PROBE_PAUSE_MS), ask(timeoutMs))
      }),
    )
  return ask(PROBE_TIMEOUT_MS_MIN).pipe(Effect.timeoutOption(ANSWERS_MS_MAX), Effect.ignore)
}

/**
 * Retries of a creation. A new, busy cluster may take longer than one call allows; the same request finds the
 * stream that the first one made.
 */
const CREATE_RETRIES = 3

/**
 * Creates the stream and waits until it answers. If another process was faster, its stream is returned and
 * checked like any found stream.
 */
export const makeStream = (connection: NatsConnectionService, config: NamedStream) => {
  const { requests } = connection
  return createStream(requests, config).pipe(
    Effect.retry({
      times: CREATE_RETRIES,
      while: (error) => error._tag === "NatsRequestFailed" && error.reason === "Timeout",
    }),
    Effect.catch((error) =>
      isCode(error, jetStreamCode.streamNameInUse) ? streamInfo(requests, config.name) : Effect.fail(error),
    ),
    Effect.tap((info) => untilItAnswers(connection, info)),
  )
}

export const findOrMakeStream = (connection: NatsConnectionService, config: NamedStream) =>
  Effect.flatMap(findStream(connection, config.name), (found) =>
    found === undefined ? makeStream(connection, config) : Effect.succeed(found),
  )

/**
 * Each setting with a wrong value, as `name=value, want …`. A setting that is off equals one that is absent.
 */
export const wrongSettings = (
  found: Partial<StreamConfig>,
  wanted: Partial<StreamConfig>,
): ReadonlyArray<string> =>
  (Object.keys(wanted) as Array<keyof StreamConfig>).flatMap((name) => {
    const [is, want] = [found[name], wanted[name]].map((value) => JSON.stringify(value || null))
    return is === want ? [] : [`${name}=${is}, want ${want}`]
  })

/** Text of the failure, with a hint for a user without the right to create streams. */
const failedToOpen = (error: NatsRequestFailed | JetStreamError): string =>
  error._tag === "NatsRequestFailed" &&
  error.reason === "NotPermitted" &&
  error.subject.startsWith("$JS.API.STREAM.CREATE.")
    ? `${error.message}. ${PREPARE_HINT}`
    : error.message

/** Why a found stream is refused as it is, and what to do about it; `undefined` if it is fine. */
export const planRefusal = (
  info: StreamInfo,
  { made, needed }: StreamPlan,
  mark: StoreMark | undefined,
): { readonly detail: string; readonly hint: string } | undefined => {
  const wrong = wrongSettings(info.config, needed)
  if (wrong.length > 0) {
    const hint = "Set it with `nats stream edit`; find out who changed it first."
    return { detail: `stream ${made.name} has ${wrong.join("; ")}`, hint }
  }
  const foreign = foreignMark(info, mark)
  return foreign === undefined ? undefined : { detail: foreign, hint: FOREIGN_HINT }
}

/**
 * Finds or makes a stream. Fails with a text if a found one lacks a needed setting. `lost` says why a missing
 * stream must not be made again. `mark` is the mark of the journal that the stream must belong to.
 */
export const openStream = <E>(
  connection: NatsConnectionService,
  plan: StreamPlan,
  unavailable: (detail: string) => E,
  lost: Effect.Effect<string | undefined, E> = Effect.undefined,
  mark?: StoreMark,
): Effect.Effect<void, E> => {
  const { made, needed } = plan
  return Effect.mapError(findStream(connection, made.name), (error) => unavailable(failedToOpen(error))).pipe(
    Effect.flatMap((found) => {
      if (found !== undefined) return Effect.succeed(found)
      const make = Effect.mapError(makeStream(connection, marked({ ...made, ...needed }, mark)), (error) =>
        unavailable(failedToOpen(error)),
      )
      return Effect.flatMap(lost, (why) =>
        why === undefined
          ? make
          : Effect.fail(unavailable(`stream ${made.name} is missing, though ${why}. ${PREPARE_HINT}`)),
      )
    }),
    Effect.flatMap((info) => {
      const wrong = planRefusal(info, plan, mark)
      return wrong === undefined
        ? markStore(connection, info, mark)
        : Effect.fail(unavailable(`${wrong.detail}. ${wrong.hint}`))
    }),
  )
}
