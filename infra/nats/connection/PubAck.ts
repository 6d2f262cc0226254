/**
 * What a stream answers to a publish: the sequence that it gave the message, or why it did not take it.
 *
 * Owns the reading of acknowledgements and the publish that waits for one. JournalNats.ts has a publish of its own,
 * with its guard around it.
 */
import type { Msg } from "@nats-io/transport-node"
import { Effect } from "effect"
import { JetStreamError, type NatsRequestFailed } from "./NatsErrors.ts"
import type { EncodedHeaders, ReplyMultiplexer } from "./ReplyMultiplexer.ts"

/** How long a publish may stay unacknowledged before its outcome is unknown. */
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

/** Messages that an acknowledged batch had; 0 for the acknowledgement of a single message. */
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

/** Headers by name, without a check: values hold neither line breaks nor what is not ASCII. */
export const headersOf = (values: Readonly<Record<string, string | number>>): EncodedHeaders => ({
  encode: () => {
    let text = "NATS/1.0\r\n"
    for (const name in values) text += `${name}: ${values[name]}\r\n`
    return Buffer.from(`${text}\r\n`, "latin1")
  },
})

/** Any text as the value of a header, such that different texts stay different. */
export const headerValueOf = (text: string): string => encodeURIComponent(text.toWellFormed())

/** Stores a message and gives its sequence; that of the first one where the server knows its `Nats-Msg-Id` already. */
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
