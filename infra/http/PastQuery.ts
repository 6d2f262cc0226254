/**
 * Queries about the past of an actor: the moment of `/at`, and the cursor of `/history`.
 *
 * Owns how they are written in a URL. Who answers them: runtime/system/History.ts.
 */
import { Effect } from "effect"
import type { HistoryCursor, PastMoment } from "../../runtime/operations.ts"
import { type Refused, refuseInvalid } from "./Refused.ts"

/** RFC 3339 with a zone. A time without a zone would mean something else on every machine. */
const RFC_3339 = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d{1,9})?(Z|[+-]\d{2}:\d{2})$/

/** Unix milliseconds of a time in a query. */
export const timeOf = (given: string): Effect.Effect<number, Refused> => {
  // An unescaped `+` of a zone arrives as a space.
  const text = given.replace(" ", "+")
  const atMs = RFC_3339.test(text) ? Date.parse(text) : Number.NaN
  return Number.isFinite(atMs)
    ? Effect.succeed(atMs)
    : refuseInvalid(`"${given}" is not a time.`, "Give RFC 3339 with a zone, as in 2026-05-01T12:00:00Z.")
}

/** The moment that a query names: either a version or a time. */
export const momentOf = (query: {
  readonly version?: number
  readonly time?: string
}): Effect.Effect<PastMoment, Refused> => {
  const { version, time } = query
  if (version !== undefined && time === undefined) return Effect.succeed({ version })
  if (time !== undefined && version === undefined) return Effect.map(timeOf(time), (atMs) => ({ time: atMs }))
  return refuseInvalid("Give either `version` or `time`.", "As in ?version=3 or ?time=2026-05-01T12:00:00Z.")
}

/** Where a page of history starts, from `<version>.<sequence>`; the beginning without a cursor. */
export const historyCursorOf = (cursor: string | undefined): Effect.Effect<HistoryCursor, Refused> => {
  if (cursor === undefined) return Effect.succeed({ version: 0, sequence: 0 })
  const [, version, sequence] = /^(\d{1,15})\.(\d{1,15})$/.exec(cursor) ?? []
  return version === undefined || sequence === undefined
    ? refuseInvalid(
        "The cursor does not belong to this list.",
        "Give `next` of the previous page, unchanged.",
      )
    : Effect.succeed({ version: Number(version), sequence: Number(sequence) })
}

/** The cursor as a text. */
export const historyCursorText = ({ version, sequence }: HistoryCursor): string => `${version}.${sequence}`
