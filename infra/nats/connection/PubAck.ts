/**
 * A stream's answer to a publish: the sequence of the message, or why the stream did not take it.
 *
 * Owns reading acknowledgements, and the publish that waits for one. JournalNats.ts has a publish of its own,
 * with its guard around it.
 */
import type { Msg } from "@nats-io/transport-node"
import { Effect } from "effect"
import { JetStreamError, type NatsRequestFailed } from "./NatsErrors.ts"
import type { EncodedHeaders, ReplyMultiplexer } from "./ReplyMultiplexer.ts"

/** Longest wait for the acknowledgement of a publish; after it the outcome is unknown. */
export const PUBLISH_TIMEOUT_MS = 2_000

const sequenceKey = '"seq":'

/** `{"stream":"…","seq":7}` → 7; `{"error":{…}}` → the error. */
export const acknowledgement = (message: Msg): number | JetStreamError => {
  const { buffer, byteOffset, length } = message.data
  const text = Buffer.from(buffer, byteOffset, length).toString("latin1")
  if (!text.startsWith('{"error"')) {
    const at = text.indexOf(sequenceKey)
    const sequence = at === -1 ? 0 : Number.parseInt(text.slice(at + sequenceKey.length), 10)
    if (sequence > 0) return sequence
  }
  return acknowledgedError(text)
}

/** Messages in an acknowledged batch; 0 for the acknowledgement of a single message. */
export const acknowledgedCount = (message: Msg): number => {
  const { count } = message.json<{ readonly count?: unknown }>()
  return typeof count === "number" ? count : 0
}

const acknowledgedError = (text: string): JetStreamError => {
  let error: { code?: number; err_code?: number; description?: string } | undefined
  try {
    error = (JSON.parse(text) as { error?: typeof error }).error
  } catch (cause) {
    return new JetStreamError({
      status: 0,
      code: 0,
      description: `unreadable acknowledgement: ${String(cause)}`,
    })
  }
  const { code, err_code, description } = error ?? {}
  return new JetStreamError({ status: code ?? 0, code: err_code ?? 0, description: description ?? text })
}

/** Encodes headers without a check: values must hold no line breaks and only ASCII. */
export const headersOf = (values: Readonly<Record<string, string | number>>): EncodedHeaders => ({
  encode: () => {
    let text = "NATS/1.0\r\n"
    for (const name in values) text += `${name}: ${values[name]}\r\n`
    return Buffer.from(`${text}\r\n`, "latin1")
  },
})

/** Encodes any text as a header's value; different texts stay different. */
export const headerValueOf = (text: string): string => encodeURIComponent(text.toWellFormed())

/**
 * Stores a message and returns its sequence. If the server already has its `Nats-Msg-Id`, that is the
 * sequence of the first message.
 */
export const publishTo = (
  requests: ReplyMultiplexer,
  subject: string,
  data: Uint8Array,
  headers: Readonly<Record<string, string | number>>,
): Effect.Effect<number, NatsRequestFailed | JetStreamError> =>
  requests.request(subject, data, { timeoutMs: PUBLISH_TIMEOUT_MS, headers: headersOf(headers) }).pipe(
    Effect.flatMap((message) => {
      const result = acknowledgement(message)
      return typeof result === "number" ? Effect.succeed(result) : Effect.fail(result)
    }),
    Effect.tap(() => Effect.sync(() => requests.troubles.stored(subject))),
    Effect.tapError((error) => Effect.sync(() => requests.troubles.failed(subject, error))),
  )
