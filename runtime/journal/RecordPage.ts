/**
 * Reads a page that must have records, because the journal's leader has records in its range.
 *
 * Owns the retry of an empty page, which comes from a lagging replica, or from an adapter that mistook its
 * answer for the end. An empty page would end a replay early, shorten a history, or leave outbox items
 * unsent. Every reader that has asked the leader for the end reads through here.
 */
import { Effect, Schedule } from "effect"
import { type JournalReadError, type JournalRecord, JournalUnavailable } from "./Journal.ts"

/**
 * Number of retries against a lagging replica, the first after 20 ms and each after twice the pause before.
 * Then the read fails for now.
 */
export const STALE_RETRIES_MAX = 6

/** The page that `read` gives, never an empty one. `what` names the missing records in the error. */
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
