/**
 * Reads a page that cannot be empty, because the journal's leader has records in its range.
 *
 * Owns the retry of an empty page: a replica lags, or an adapter took its answer for the end. An empty page would end a
 * replay early, cut a history short, or leave what commits carry unsent. Every reader that has asked the leader for the
 * end reads through here.
 */
import { Effect, Schedule } from "effect"
import { type JournalReadError, type JournalRecord, JournalUnavailable } from "./Journal.ts"

/** Attempts to get past a lagging replica, with 20 ms doubling between them, before a read gives up for now. */
export const STALE_RETRIES_MAX = 6

/** The page that `read` gives, never an empty one. `what` says for the error which records are missing. */
export const somePage = (
  read: Effect.Effect<ReadonlyArray<JournalRecord>, JournalReadError>,
  what: string,
): Effect.Effect<ReadonlyArray<JournalRecord>, JournalReadError> =>
  read.pipe(
    Effect.flatMap((page) =>
      page.length > 0
        ? Effect.succeed(page)
        : Effect.fail(new JournalUnavailable({ reason: "Stale", detail: `no record of ${what}` })),
    ),
    Effect.retry({
      times: STALE_RETRIES_MAX,
      schedule: Schedule.exponential("20 millis"),
      while: (error) => error._tag === "JournalUnavailable" && error.reason === "Stale",
    }),
  )
