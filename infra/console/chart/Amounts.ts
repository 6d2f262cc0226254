/**
 * How durations and counts are written in charts.
 *
 * Owns short forms. The words: ../text/English.ts.
 */

const MS_PER: ReadonlyArray<readonly [unit: string, ms: number]> = [
  ["d", 86_400_000],
  ["h", 3_600_000],
  ["min", 60_000],
  ["s", 1_000],
  ["ms", 1],
]

/** `1 d`, `30 s`, `1 min 30 s`, `250 ms`: the two largest units that are not zero. */
export const durationText = (durationMs: number): string => {
  let rest = Math.round(durationMs)
  const parts: Array<string> = []
  for (const [unit, ms] of MS_PER) {
    const count = Math.floor(rest / ms)
    if (count === 0) continue
    parts.push(`${count} ${unit}`)
    rest -= count * ms
  }
  return parts.length === 0 ? "0 ms" : parts.slice(0, 2).join(" ")
}

const COMPACT = new Intl.NumberFormat("en-US", { notation: "compact", maximumSignificantDigits: 3 })

/** At most five characters: `999`, `1.2K`, `12.3K`. */
export const compactCount = (count: number): string => COMPACT.format(count)
