/**
 * Times for people: how long ago something was, or how soon it will be. Programs get the exact time with `--json`.
 */

const UNITS: ReadonlyArray<readonly [unit: string, ms: number]> = [
  ["d", 86_400_000],
  ["h", 3_600_000],
  ["min", 60_000],
  ["s", 1_000],
]

/** A time in RFC 3339 as `3 min ago` or `in 3 min`; the text itself if it is no time. */
export const momentText = (time: unknown, nowMs = Date.now()): string => {
  const ms = Date.parse(String(time))
  if (Number.isNaN(ms)) return time === undefined || time === null ? "" : String(time)
  const span = spanText(Math.abs(nowMs - ms))
  if (span === undefined) return "now"
  return ms <= nowMs ? `${span} ago` : `in ${span}`
}

/** The time with what it means now: `2026-05-01T12:00:00.000Z (3 min ago)`. */
export const timeAndMoment = (time: unknown): string | undefined =>
  time === undefined || time === null ? undefined : `${time} (${momentText(time)})`

/** The largest unit of which there is at least one; undefined below a second. */
const spanText = (ms: number): string | undefined => {
  const found = UNITS.find(([, unitMs]) => ms >= unitMs)
  return found === undefined ? undefined : `${Math.floor(ms / found[1])} ${found[0]}`
}
