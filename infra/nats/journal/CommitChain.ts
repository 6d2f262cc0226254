/**
 * An actor's commits from the last one backwards: the header of each names the one before it, which its append expected.
 *
 * Owns the walk, and when it is worth it. In a large stream the commits of an actor lie far apart. A forward read
 * (JournalRead.ts) loads all blocks of the server's file between them, and counts further commits in all blocks before or
 * behind them; the walk loads a block for each commit (docs/BENCHMARKS.md, "A large journal").
 */
import { Effect } from "effect"
import {
  JOURNAL_PAGE_BYTES_MAX,
  type JournalReadError,
  type JournalRecord,
} from "../../../runtime/journal/Journal.ts"
import { readErrorOf } from "../connection/NatsErrors.ts"
import type { ReplyMultiplexer } from "../connection/ReplyMultiplexer.ts"
import {
  type CommitLog,
  directGet,
  headerLine,
  headerText,
  type ReadRange,
  readPage,
  recordOfReply,
  statusOf,
} from "./JournalRead.ts"

/** Messages of a stream from which on it is large: beyond that, the server's file has dozens of blocks. */
const LARGE_STREAM_MESSAGES = 1_000_000

/** Commits after which the walk is given up. One request after the other is made, so long histories are read forward. */
export const CHAIN_COMMITS_MAX = 128

interface Link {
  readonly record: JournalRecord
  /** Sequence of the actor's commit before it, 0 without one. */
  readonly previous: number
}

/** The actor's commit at a sequence; `undefined` if there is none, or if it does not name the one before it. */
const linkAt = (requests: ReplyMultiplexer, { stream, subject, keyOf }: CommitLog, sequence: number) =>
  directGet(requests, stream, { seq: sequence }).pipe(
    Effect.mapError(readErrorOf),
    Effect.map((message): Link | undefined => {
      const headers = headerText(message)
      if (statusOf(headers) !== 0 || !headers.includes(`\r\nNats-Subject: ${subject}\r\n`)) return undefined
      const previous = headerLine(headers, "Nats-Expected-Last-Subject-Sequence")
      // A copy of a stream under other sequences has no such headers.
      return previous < sequence ? { record: recordOfReply(keyOf, headers, message), previous } : undefined
    }),
  )

/**
 * All commits of an actor with `after < sequence <= upTo`, of which the last one is at `upTo`. `undefined` if the walk does
 * not lead through all of them: a commit is missing at the replica that answers, there are too many for one page, or no
 * commit of the actor is at `upTo`.
 */
export const readChain = Effect.fnUntraced(function* (
  requests: ReplyMultiplexer,
  log: CommitLog,
  { after, upTo }: ReadRange,
): Effect.fn.Return<ReadonlyArray<JournalRecord> | undefined, JournalReadError> {
  const records: Array<JournalRecord> = []
  let bytes = 0
  for (let sequence = upTo; sequence > after; ) {
    if (records.length === CHAIN_COMMITS_MAX || bytes > JOURNAL_PAGE_BYTES_MAX) return undefined
    const link = yield* linkAt(requests, log, sequence)
    if (link === undefined) return undefined
    records.push(link.record)
    bytes += link.record.data.length
    sequence = link.previous
  }
  return records.reverse()
})

/** Histories that are remembered as read forward. Beyond this number all are forgotten. */
const FORWARD_MAX = 1_024

/** Reads one page of an actor's commits. `newestSequence`: the stream's own. */
export const makeReadCommits = (requests: ReplyMultiplexer) => {
  /** Ends of histories whose walk was given up, by subject: their next pages are not walked in vain. */
  const forwardUpTo = new Map<string, number>()

  const giveUp = ({ subject }: CommitLog, { upTo }: ReadRange): void => {
    if (forwardUpTo.size === FORWARD_MAX) forwardUpTo.clear()
    forwardUpTo.set(subject, upTo)
  }

  return (
    log: CommitLog,
    range: ReadRange,
    newestSequence: number,
  ): Effect.Effect<ReadonlyArray<JournalRecord>, JournalReadError> => {
    const forward = readPage(requests, log, range)
    if (newestSequence < LARGE_STREAM_MESSAGES || forwardUpTo.get(log.subject) === range.upTo) return forward
    return Effect.flatMap(readChain(requests, log, range), (found) => {
      if (found !== undefined) return Effect.succeed(found)
      giveUp(log, range)
      return forward
    })
  }
}
