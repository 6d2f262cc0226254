/**
 * Dead letters in a JetStream stream of their own, one subject per reason: `<ns>.dlq.<reason>`.
 *
 * Owns the stored form: a line of JSON with the reason, and below it the original as it is. So `nats stream
 * view` shows both, and a message that the mailbox took always fits. The contract is
 * runtime/deadletter/DeadLetters.ts. Any replica answers lists: a replica that lags behind may show a letter
 * for a moment after it was removed.
 */
import { Effect, Layer } from "effect"
import {
  DEAD_LETTER_PAGE_MAX,
  DEAD_LETTER_REASONS,
  type DeadLetter,
  DeadLetters,
  type DeadLettersService,
  DeadLettersUnavailable,
  type StoredDeadLetter,
} from "../../../runtime/deadletter/DeadLetters.ts"
import { isTime } from "../../../runtime/time/Time.ts"
import { API_TIMEOUT_MS, deleteMessage, findMessage, streamInfo } from "../connection/JetStreamApi.ts"
import { NatsConnection } from "../connection/NatsConnection.ts"
import { DUPLICATE_WINDOW_MS, openStream, replicaCountOf, type StreamPlan } from "../connection/OpenStream.ts"
import { headerValueOf, publishTo } from "../connection/PubAck.ts"
import { NANOS_PER_MS } from "../connection/PullConsumer.ts"
import { readPage, recordOf } from "../journal/JournalRead.ts"

/** Characters of a letter's detail that are kept. */
export const DETAIL_LENGTH_MAX = 2_000

/**
 * Bytes of the server's `max_payload` that are kept for headers, including the longest ids of this system.
 */
const headerRoomBytes = 4 * 1_024

/** Longest id that fits into the headers, in bytes. */
const idBytesMax = headerRoomBytes - 512

/** Bytes that are kept for the note that an original was cut. */
const noteRoomBytes = 128

export interface DeadLettersNatsOptions {
  readonly namespace: string
  /** 1, 3 or 5; by default 3 in a cluster and 1 on a single server. Used at creation alone. */
  readonly replicas?: number
}

const encoder = new TextEncoder()
const decoder = new TextDecoder()

const unavailable = (detail: string): DeadLettersUnavailable => new DeadLettersUnavailable({ detail })
const unavailableAs = (error: { readonly message: string }) => unavailable(error.message)

/**
 * Encodes a letter. An original that does not fit is cut, because a letter that cannot be stored would be
 * tried for ever.
 */
const encodeLetter = ({ original, detail, ...rest }: DeadLetter, bytesMax: number): Uint8Array => {
  const lineOf = (note: string) =>
    encoder.encode(
      `${JSON.stringify({ v: 1, ...rest, detail: detail.slice(0, DETAIL_LENGTH_MAX) + note })}\n`,
    )
  const bytes = encoder.encode(original)
  const line = lineOf("")
  if (line.length + bytes.length <= bytesMax) return Buffer.concat([line, bytes])
  const kept = bytes.subarray(0, Math.max(0, bytesMax - line.length - noteRoomBytes))
  return Buffer.concat([lineOf(` (the first ${kept.length} of ${bytes.length} bytes are kept)`), kept])
}

/**
 * Decodes a letter. One that cannot be read is shown with all its text as the original, so that it does not
 * hide the others, and an operator can discard it.
 */
const decodeLetter = (number: number, data: Uint8Array): StoredDeadLetter => {
  const text = decoder.decode(data)
  const end = text.indexOf("\n")
  try {
    const line: unknown = JSON.parse(text.slice(0, end))
    if (isLetterLine(line)) {
      const { v: _, ...rest } = line
      return { number, ...rest, original: text.slice(end + 1) }
    }
  } catch {
    // Treated like a line of another form.
  }
  const detail = "this letter cannot be read: it was stored by a later release, or by something else"
  return {
    number,
    key: "",
    reason: "Malformed",
    detail,
    attemptCount: 0,
    atMs: 0,
    messageId: "",
    original: text,
  }
}

type LetterLine = Omit<DeadLetter, "original"> & { readonly v: number }

const isLetterLine = (value: unknown): value is LetterLine => {
  if (typeof value !== "object" || value === null) return false
  const { key, reason, detail, attemptCount, atMs, messageId } = value as {
    readonly [Field in keyof DeadLetter]?: unknown
  }
  const isText = (field: unknown): field is string => typeof field === "string"
  const isKnown = DEAD_LETTER_REASONS.some((known) => known === reason)
  const isCounted = Number.isSafeInteger(attemptCount) && isTime(atMs)
  return isKnown && isCounted && isText(key) && isText(detail) && isText(messageId)
}

const makeService = (
  { requests, client }: NatsConnection["Service"],
  namespace: string,
): DeadLettersService => {
  const stream = streamNameOf(namespace)
  const prefix = `${namespace}.dlq.`
  const letterBytesMax = (client.info?.max_payload ?? 0) - headerRoomBytes
  /** Key of a record; not used here. */
  const keyOf = () => ""

  const find = (number: number) =>
    Effect.map(
      findMessage(requests, stream, { seq: number }, API_TIMEOUT_MS),
      (found) => found && recordOf({ keyOf }, found),
    )

  return {
    add: (letter) => {
      // The sender of a message chooses its id: the part that does not fit here reduces the room of the
      // original.
      const id = headerValueOf(`${letter.key} ${letter.messageId}`)
      const data = encodeLetter(letter, letterBytesMax - Math.max(0, id.length - idBytesMax))
      return publishTo(requests, `${prefix}${letter.reason}`, data, { "Nats-Msg-Id": id }).pipe(
        Effect.mapError(unavailableAs),
        Effect.asVoid,
      )
    },

    list: Effect.fnUntraced(function* ({ after, limit, reason }) {
      const log = { stream, subject: `${prefix}${reason ?? "*"}`, keyOf }
      const letters: Array<StoredDeadLetter> = []
      const countMax = Math.min(limit, DEAD_LETTER_PAGE_MAX)
      while (letters.length < countMax) {
        const range = { after: letters.at(-1)?.number ?? after, upTo: Number.MAX_SAFE_INTEGER }
        const page = yield* Effect.mapError(
          readPage(requests, log, range, countMax - letters.length),
          unavailableAs,
        )
        if (page.length === 0) break
        for (const { sequence, data } of page) letters.push(decodeLetter(sequence, data))
      }
      return letters
    }),

    get: (number) =>
      Effect.map(Effect.mapError(find(number), unavailableAs), (record) =>
        record === undefined ? undefined : decodeLetter(number, record.data),
      ),

    // From the leader, which has every letter that was stored.
    lastNumber: Effect.mapBoth(streamInfo(requests, stream), {
      onFailure: unavailableAs,
      onSuccess: ({ state }) => state.last_seq,
    }),

    // The server has several errors for a missing number; a look tells them from a failure.
    remove: (number) =>
      Effect.catch(deleteMessage(requests, stream, number), (error) =>
        Effect.flatMap(find(number), (record) => (record === undefined ? Effect.void : Effect.fail(error))),
      ).pipe(Effect.mapError(unavailableAs), Effect.asVoid),
  }
}

/** Letters that are stored now; `undefined` while the stream does not say so. */
export const countDeadLetters = (
  { requests }: NatsConnection["Service"],
  namespace: string,
): Effect.Effect<number | undefined> =>
  streamInfo(requests, streamNameOf(namespace)).pipe(
    Effect.map(({ state }) => state.messages),
    // A form that cannot be read is told by the watch of the stores.
    Effect.catchCause(() => Effect.undefined),
  )

const streamNameOf = (namespace: string): string => `${namespace}-deadletters`

/** How the stream is made, and what a found one must have. */
export const deadLettersPlan = (namespace: string, replicas: number): StreamPlan => ({
  made: {
    name: streamNameOf(namespace),
    description: "Everstate dead letters: what the system gave up on",
    discard: "new",
    duplicate_window: DUPLICATE_WINDOW_MS * NANOS_PER_MS,
    num_replicas: replicas,
  },
  needed: {
    subjects: [`${namespace}.dlq.*`],
    storage: "file",
    retention: "limits",
    max_age: 0,
    allow_direct: true,
    deny_delete: false,
  },
})

export const DeadLettersNats = {
  /** Opens or creates the namespace's dead letters. They are kept until an operator removes them. */
  layer: (
    options: DeadLettersNatsOptions,
  ): Layer.Layer<DeadLetters, DeadLettersUnavailable, NatsConnection> =>
    Layer.effect(
      DeadLetters,
      Effect.gen(function* () {
        const connection = yield* NatsConnection
        const { namespace, replicas } = options
        const plan = deadLettersPlan(namespace, replicaCountOf(connection, replicas))
        yield* openStream(connection, plan, unavailable)
        return makeService(connection, namespace)
      }),
    ),
}
