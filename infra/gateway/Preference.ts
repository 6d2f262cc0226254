/**
 * The header `Prefer` (RFC 7240) of a command: how long to wait, and whether to wait at all.
 *
 * Owns the two preferences that a gateway knows. It ignores all others, as the RFC says.
 */
import { Effect } from "effect"
import { type Refused, refuseInvalid } from "../http/Refused.ts"

/** Longest wait that a caller may prefer, in seconds. */
export const WAIT_SECONDS_MAX = 60

export interface Preference {
  /** The caller does not wait for the answer. */
  readonly isAsync: boolean
  /** Wait for the answer, in milliseconds; undefined if the caller says nothing. */
  readonly waitMs: number | undefined
}

/** What the header says. */
export const preferenceOf = (prefer: string | undefined): Effect.Effect<Preference, Refused> => {
  const preferences = (prefer ?? "").split(/[,;]/).map((part) => part.trim().toLowerCase())
  const wait = preferences.find((part) => part.startsWith("wait"))
  const isAsync = preferences.includes("respond-async")
  if (wait === undefined) return Effect.succeed({ isAsync, waitMs: undefined })
  const seconds = Number(/^wait\s*=\s*"?(\d{1,4})"?$/.exec(wait)?.[1])
  return seconds >= 1 && seconds <= WAIT_SECONDS_MAX
    ? Effect.succeed({ isAsync, waitMs: seconds * 1_000 })
    : refuseInvalid(
        `Prefer is "${prefer}".`,
        `Give whole seconds, 1 to ${WAIT_SECONDS_MAX}, as in Prefer: wait=5.`,
      )
}
