/**
 * JetStream's JSON API over the multiplexer: one request, then one decoded reply or a `JetStreamError`.
 *
 * Owns the shapes of the replies that the adapters read. The adapters own their meaning.
 */
import type { ConsumerConfig, StreamConfig } from "@nats-io/jetstream"
import { Effect } from "effect"
import { JetStreamError, jetStreamCode, type NatsRequestFailed } from "./NatsErrors.ts"
import type { ReplyMultiplexer } from "./ReplyMultiplexer.ts"

/** Longest wait for a reply. Creating a stream on a busy cluster elects a leader first. */
export const API_TIMEOUT_MS = 5_000

/** The fields of `STREAM.INFO` that are read. */
export interface StreamInfo {
  readonly config: Partial<StreamConfig>
  /** Creation time, RFC 3339. */
  readonly created: string
  readonly state: {
    readonly last_seq: number
    readonly first_seq: number
    readonly messages: number
    readonly bytes?: number
  }
  /** Set for a stream in a cluster. `replicas` are those besides the leader. */
  readonly cluster?: {
    readonly leader?: string
    readonly replicas?: ReadonlyArray<{
      readonly name: string
      readonly current: boolean
      readonly offline?: boolean
    }>
  }
  /** Time of the answer by the server's clock, RFC 3339. */
  readonly ts?: string
}

/** Reply of `STREAM.MSG.GET`. `data` is base64, and absent if it is empty. */
export interface StoredMessage {
  readonly message: { readonly subject: string; readonly seq: number; readonly data?: string }
}

interface ApiReply {
  readonly error?: { readonly code: number; readonly err_code?: number; readonly description?: string }
}

const encoder = new TextEncoder()

const apiReply = <Reply>(
  requests: ReplyMultiplexer,
  api: string,
  body: unknown,
  timeoutMs: number,
): Effect.Effect<Reply & ApiReply, NatsRequestFailed> => {
  const data = body === undefined ? new Uint8Array() : encoder.encode(JSON.stringify(body))
  const replied = requests.request(`$JS.API.${api}`, data, { timeoutMs })
  return Effect.map(replied, (message) => message.json<Reply & ApiReply>())
}

const checked = <Reply>(reply: Reply & ApiReply): Effect.Effect<Reply, JetStreamError> => {
  if (reply.error === undefined) return Effect.succeed(reply)
  const { code, err_code, description } = reply.error
  return Effect.fail(
    new JetStreamError({ status: code, code: err_code ?? 0, description: description ?? "no description" }),
  )
}

const apiCall = <Reply>(
  requests: ReplyMultiplexer,
  api: string,
  body: unknown,
  timeoutMs = API_TIMEOUT_MS,
): Effect.Effect<Reply, NatsRequestFailed | JetStreamError> =>
  Effect.flatMap(apiReply<Reply>(requests, api, body, timeoutMs), checked)

/** File storage in bytes that an account or a tier of it uses, and its limits; a limit of -1 is none. */
export interface AccountRoom {
  readonly storage: number
  readonly reserved_storage?: number
  readonly streams: number
  readonly consumers: number
  readonly limits: {
    readonly max_storage: number
    readonly max_streams: number
    readonly max_consumers: number
  }
}

/** The fields of `INFO` that are read. An account with tiers has its limits in them, by number of replicas. */
export interface AccountInfo extends AccountRoom {
  readonly tiers?: { readonly [tier: string]: AccountRoom }
}

/** JetStream of the connection's account. */
export const accountInfo = (requests: ReplyMultiplexer) => apiCall<AccountInfo>(requests, "INFO", undefined)

export const streamInfo = (requests: ReplyMultiplexer, stream: string, timeoutMs = API_TIMEOUT_MS) =>
  apiCall<StreamInfo>(requests, `STREAM.INFO.${stream}`, undefined, timeoutMs)

interface SubjectCounts {
  readonly state: { readonly subjects?: Readonly<Record<string, number>> }
  /** Count of all subjects; a page has 100,000 at most. */
  readonly total?: number
}

/** Count of messages for each subject that the filter matches. */
export const subjectCounts = (
  requests: ReplyMultiplexer,
  stream: string,
  filter: string,
): Effect.Effect<ReadonlyMap<string, number>, NatsRequestFailed | JetStreamError> =>
  Effect.gen(function* () {
    const counts = new Map<string, number>()
    while (true) {
      const query = { subjects_filter: filter, offset: counts.size }
      const { state, total = 0 } = yield* apiCall<SubjectCounts>(requests, `STREAM.INFO.${stream}`, query)
      const page = Object.entries(state.subjects ?? {})
      for (const [subject, count] of page) counts.set(subject, count)
      if (page.length === 0 || counts.size >= total) return counts
    }
  })

export const createStream = (
  requests: ReplyMultiplexer,
  config: Partial<StreamConfig> & { readonly name: string },
) => apiCall<StreamInfo>(requests, `STREAM.CREATE.${config.name}`, config)

export const updateStream = (
  requests: ReplyMultiplexer,
  config: Partial<StreamConfig> & { readonly name: string },
) => apiCall<StreamInfo>(requests, `STREAM.UPDATE.${config.name}`, config)

/**
 * Asks the stream's leader for the last message of a subject, for the first one at or after a sequence, or
 * for the one at a sequence. `undefined` if there is none. That is no error, because most actors that are
 * brought into memory for the first time have no message.
 */
export const findMessage = (
  requests: ReplyMultiplexer,
  stream: string,
  query:
    | { readonly last_by_subj: string }
    | { readonly next_by_subj: string; readonly seq: number }
    | { readonly seq: number },
  timeoutMs: number,
): Effect.Effect<StoredMessage | undefined, NatsRequestFailed | JetStreamError> =>
  Effect.flatMap(
    apiReply<StoredMessage>(requests, `STREAM.MSG.GET.${stream}`, query, timeoutMs),
    (reply): Effect.Effect<StoredMessage | undefined, JetStreamError> =>
      reply.error?.err_code === jetStreamCode.noMessageFound ? Effect.undefined : checked(reply),
  )

export const createConsumer = (
  requests: ReplyMultiplexer,
  stream: string,
  config: Partial<ConsumerConfig> & { readonly name: string },
) =>
  apiCall<ConsumerInfo>(requests, `CONSUMER.CREATE.${stream}.${config.name}`, {
    stream_name: stream,
    config,
    action: "create",
  })

/** The fields of `CONSUMER.INFO` that are read. */
export interface ConsumerInfo {
  readonly name: string
  readonly config: Partial<ConsumerConfig>
  readonly delivered: { readonly stream_seq: number }
  /** Messages that the consumer has not handed out yet. */
  readonly num_pending: number
  /** Pulls that wait at the consumer. */
  readonly num_waiting: number
}

export const consumerInfo = (requests: ReplyMultiplexer, stream: string, consumer: string) =>
  apiCall<ConsumerInfo>(requests, `CONSUMER.INFO.${stream}.${consumer}`, undefined)

interface ConsumerPage {
  readonly consumers: ReadonlyArray<ConsumerInfo> | null
  readonly total: number
}

/** All consumers of a stream; the server answers in pages. */
export const allConsumers = (
  requests: ReplyMultiplexer,
  stream: string,
): Effect.Effect<ReadonlyArray<ConsumerInfo>, NatsRequestFailed | JetStreamError> =>
  Effect.gen(function* () {
    const found: Array<ConsumerInfo> = []
    while (true) {
      const query = { offset: found.length }
      const { consumers, total } = yield* apiCall<ConsumerPage>(requests, `CONSUMER.LIST.${stream}`, query)
      found.push(...(consumers ?? []))
      if ((consumers ?? []).length === 0 || found.length >= total) return found
    }
  })

export const deleteConsumer = (requests: ReplyMultiplexer, stream: string, consumer: string) =>
  apiCall<unknown>(requests, `CONSUMER.DELETE.${stream}.${consumer}`, undefined)

/** Removes every message of a subject. */
export const purgeSubject = (requests: ReplyMultiplexer, stream: string, subject: string) =>
  apiCall<unknown>(requests, `STREAM.PURGE.${stream}`, { filter: subject })

/** Removes one message and overwrites its bytes. */
export const deleteMessage = (requests: ReplyMultiplexer, stream: string, sequence: number) =>
  apiCall<unknown>(requests, `STREAM.MSG.DELETE.${stream}`, { seq: sequence })
