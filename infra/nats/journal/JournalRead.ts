/**
 * An actor's commits by direct get: the last one, and one page by a batch from any replica.
 *
 * Owns who is asked for the last commit, the paging, the cheap look into the replies' headers, and the proof that no reply was lost: each reply
 * names the one before it, and if a replica ends early, the leader is asked for the next commit. So a page is
 * complete or it fails. A stale replica costs one round trip more and never leaves out a commit.
 */
import { type Msg, MsgImpl } from "@nats-io/transport-node"
import { Effect } from "effect"
import {
  JOURNAL_PAGE_BYTES_MAX,
  JOURNAL_PAGE_RECORDS_MAX,
  type JournalReadError,
  type JournalRecord,
  JournalUnavailable,
} from "../../../runtime/journal/Journal.ts"
import { findMessage, type StoredMessage } from "../connection/JetStreamApi.ts"
import { type JetStreamError, type NatsRequestFailed, readErrorOf } from "../connection/NatsErrors.ts"
import type { ReplyMultiplexer } from "../connection/ReplyMultiplexer.ts"

/** Longest wait for a page, or for one message of the leader. */
const READ_TIMEOUT_MS = 5_000

const status = { endOfBatch: 204, notFound: 404 } as const

/** Where commits are: those of one actor, or of all actors. */
export interface CommitLog {
  readonly stream: string
  /** Subject or wildcard. */
  readonly subject: string
  /** Key of the actor to which a subject belongs. */
  readonly keyOf: (subject: string) => string
}

/** Part of a stream, by its own sequences: after the first, up to and with the second. */
export interface ReadRange {
  readonly after: number
  readonly upTo: number
}

const encoder = new TextEncoder()

export const headerLine = (headers: string, name: string): number => {
  const start = headers.lastIndexOf(`\r\n${name}: `)
  return start === -1
    ? Number.NaN
    : Number.parseInt(headers.slice(start + name.length + 4, start + name.length + 24), 10)
}

const subjectLine = (headers: string): string => {
  const start = headers.lastIndexOf("\r\nNats-Subject: ") + "\r\nNats-Subject: ".length
  return headers.slice(start, headers.indexOf("\r\n", start))
}

/** The header block as text. It avoids the client's parsing of every line if the message type allows that. */
export const headerText = (message: Msg): string => {
  if (message instanceof MsgImpl && message._msg.hdr > 0) {
    const { buffer, byteOffset } = message._rdata
    return Buffer.from(buffer, byteOffset, message._msg.hdr).toString("latin1")
  }
  return String(message.headers ?? "")
}

/** `NATS/1.0 204 EOB` → 204; 0 without a status. */
export const statusOf = (headers: string): number => {
  const code = Number.parseInt(headers.slice(9, 12), 10)
  return headers.charCodeAt(8) === 0x20 && code > 0 ? code : 0
}

/** A stored message as a record. */
export const recordOf = ({ keyOf }: Pick<CommitLog, "keyOf">, { message }: StoredMessage): JournalRecord => ({
  key: keyOf(message.subject),
  sequence: message.seq,
  data: new Uint8Array(Buffer.from(message.data ?? "", "base64")),
})

/** A message that a direct get has found, as a record. `headers` are its header block. */
export const recordOfReply = (keyOf: CommitLog["keyOf"], headers: string, { data }: Msg): JournalRecord => ({
  key: keyOf(subjectLine(headers)),
  sequence: headerLine(headers, "Nats-Sequence"),
  data,
})

/** The answer to a direct get of one message. Any replica gives it, or a mirror of the stream. */
export const directGet = (
  requests: ReplyMultiplexer,
  stream: string,
  query: { readonly last_by_subj: string } | { readonly seq: number },
) =>
  requests.request(`$JS.API.DIRECT.GET.${stream}`, encoder.encode(JSON.stringify(query)), {
    timeoutMs: READ_TIMEOUT_MS,
  })

/**
 * The last message of a subject by direct get, which costs the server a third of a leader's read. Right only for a stream
 * with one replica. `undefined` if nothing was found, or if a mirror of the stream has answered, which may lag.
 */
const lastByDirectGet = (requests: ReplyMultiplexer, { stream, subject, keyOf }: CommitLog) =>
  directGet(requests, stream, { last_by_subj: subject }).pipe(
    Effect.map((message): JournalRecord | undefined => {
      const headers = headerText(message)
      const isOurs = statusOf(headers) === 0 && headers.includes(`\r\nNats-Stream: ${stream}\r\n`)
      return isOurs ? recordOfReply(keyOf, headers, message) : undefined
    }),
  )

/** The last message of a subject, as the leader knows it. */
const lastOnLeader = (requests: ReplyMultiplexer, log: CommitLog) =>
  Effect.map(
    findMessage(requests, log.stream, { last_by_subj: log.subject }, READ_TIMEOUT_MS),
    (found) => found && recordOf(log, found),
  )

/**
 * The last commit of `log`, not older than any that was acknowledged before; `undefined` if there is none.
 *
 * `isAlone`: the stream's leader is its only replica. Of a replicated stream, and where the direct get has found nothing,
 * the leader is asked.
 */
export const readLast = (
  requests: ReplyMultiplexer,
  log: CommitLog,
  isAlone: boolean,
): Effect.Effect<JournalRecord | undefined, NatsRequestFailed | JetStreamError> => {
  const leader = lastOnLeader(requests, log)
  if (!isAlone) return leader
  return lastByDirectGet(requests, log).pipe(
    Effect.catchIf(
      ({ reason }) => reason === "NoResponders",
      () => Effect.undefined,
    ),
    Effect.flatMap((found) => (found === undefined ? leader : Effect.succeed(found))),
  )
}

/** The first commit of an actor at or after `sequence`, as the leader knows it. */
const nextOnLeader = (requests: ReplyMultiplexer, log: CommitLog, sequence: number) =>
  findMessage(requests, log.stream, { next_by_subj: log.subject, seq: sequence }, READ_TIMEOUT_MS).pipe(
    Effect.map((found) => found && recordOf(log, found)),
    Effect.mapError(readErrorOf),
  )

class Page {
  readonly records: Array<JournalRecord> = []
  /** Commits beyond this page that the replica has; undefined if it said nothing about them. */
  pendingCount: number | undefined = undefined
  failure: string | undefined = undefined
  /** The replica has a commit beyond the range, so none before it is missing. */
  isPastEnd = false
  readonly #keyOf: CommitLog["keyOf"]
  readonly #upTo: number
  #previous = 0

  constructor({ keyOf }: CommitLog, upTo: number) {
    this.#keyOf = keyOf
    this.#upTo = upTo
  }

  /** Takes a reply; true if the batch is over. */
  readonly collect = (message: Msg): boolean => {
    const headers = headerText(message)
    const code = statusOf(headers)
    if (code === status.notFound) {
      this.pendingCount = 0
      return true
    }
    if (code !== 0 && code !== status.endOfBatch) {
      this.failure = headers.slice(9, headers.indexOf("\r\n"))
      return true
    }
    if (headerLine(headers, "Nats-Last-Sequence") !== this.#previous) {
      this.failure = `a reply after sequence ${this.#previous} was lost`
    }
    if (code === status.endOfBatch) {
      this.pendingCount = headerLine(headers, "Nats-Num-Pending")
      return true
    }
    const record = recordOfReply(this.#keyOf, headers, message)
    const { sequence } = record
    this.#previous = sequence
    if (sequence <= this.#upTo) this.records.push(record)
    else this.isPastEnd = true
    return false
  }
}

/** One page of `log` with `after < sequence <= upTo`, of at most `countMax` records. */
export const readPage = Effect.fnUntraced(function* (
  requests: ReplyMultiplexer,
  log: CommitLog,
  range: ReadRange,
  countMax = JOURNAL_PAGE_RECORDS_MAX,
): Effect.fn.Return<ReadonlyArray<JournalRecord>, JournalReadError> {
  if (range.upTo <= range.after) return []
  const page = new Page(log, range.upTo)
  const query = {
    seq: range.after + 1,
    next_by_subj: log.subject,
    batch: Math.min(countMax, range.upTo - range.after),
    max_bytes: JOURNAL_PAGE_BYTES_MAX,
  }
  yield* requests
    .stream(`$JS.API.DIRECT.GET.${log.stream}`, encoder.encode(JSON.stringify(query)), {
      timeoutMs: READ_TIMEOUT_MS,
      collect: page.collect,
    })
    .pipe(Effect.mapError(readErrorOf))
  if (page.failure !== undefined) {
    return yield* new JournalUnavailable({ reason: "Other", detail: `direct get: ${page.failure}` })
  }
  const { records } = page
  const last = records.at(-1)?.sequence ?? range.after
  // A full page ends here. The next page finds out whether more commits follow.
  const isWhole = records.length >= countMax || last >= range.upTo || page.isPastEnd
  // A page that was cut at its size limit: the next page goes on. An empty page was never cut.
  const isCut = records.length > 0 && (page.pendingCount ?? 0) > 0
  if (isWhole || isCut) return records
  const next = yield* nextOnLeader(requests, log, last + 1)
  return next === undefined || next.sequence > range.upTo ? records : [...records, next]
})
