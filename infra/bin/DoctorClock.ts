/** Compares the clock of a server with the clock of this machine. */
import { Effect } from "effect"
import { type Finding, ok, unchecked, warning } from "./Finding.ts"

/** Difference from which somebody should look, in milliseconds. Timers fire by the clock of NATS. */
export const CLOCK_OFFSET_MS_MAX = 1_000

/** `serverNow` gives the server's time in Unix milliseconds. Half of the way there and back is taken off. */
export const clockFinding = Effect.fnUntraced(function* <E>(
  about: string,
  serverNow: Effect.Effect<number, E>,
): Effect.fn.Return<Finding> {
  const beforeMs = Date.now()
  const answer = yield* Effect.result(serverNow)
  const afterMs = Date.now()
  if (answer._tag === "Failure" || Number.isNaN(answer.success)) {
    return unchecked(about, "the server does not tell its time", "")
  }
  return offsetFinding(about, answer.success - (beforeMs + afterMs) / 2, afterMs - beforeMs)
})

/** The offset is known to half of the time that the answer took. */
export const offsetFinding = (about: string, offsetMs: number, roundTripMs: number): Finding => {
  const detail = `${offsetMs < 0 ? "behind" : "ahead"} by ${Math.abs(Math.round(offsetMs))} ms (± ${Math.ceil(roundTripMs / 2)} ms)`
  return Math.abs(offsetMs) - roundTripMs / 2 > CLOCK_OFFSET_MS_MAX
    ? warning(
        about,
        detail,
        "Let both machines take their time from the same source (NTP): timers fire by this clock.",
      )
    : ok(about, detail)
}
