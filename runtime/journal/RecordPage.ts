/**
 * A page of records that has to hold some, since the journal's leader says that there are some.
 *
 * Owns the doubt about an empty one: a replica lags, or an adapter took its answer for the end. An empty page would end a
 * replay before its time, cut a history short, or leave what commits carry unsent. Who knows what the leader has asks
 * through here.
 */
import { Effect, Schedule } from "effect"
import { type JournalReadError, type JournalRecord, JournalUnavailable } from "./Journal.ts"

/** Attempts to get past a lagging replica, with 20 ms doubling between them, before a read gives up for now. */
export const STALE_RETRIES_MAX = 6

/** The page that `read` gives, never an empty one. `what` is that of which there are records after a sequence. */
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
