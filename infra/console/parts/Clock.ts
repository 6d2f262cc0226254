/**
 * The time as the page shows it: one clock for all relative times, so that they change together.
 *
 * Owns the clock and the words of a relative time. The element: Moment.tsx.
 */
import { useSyncExternalStore } from "react"

/** Time between two ticks, in milliseconds. */
const TICK_MS = 1_000

let now = Date.now()
let timer: ReturnType<typeof setInterval> | undefined
const listeners = new Set<() => void>()

const subscribe = (listener: () => void): (() => void) => {
  listeners.add(listener)
  timer ??= setInterval(() => {
    now = Date.now()
    for (const told of listeners) told()
  }, TICK_MS)
  return () => {
    listeners.delete(listener)
    if (listeners.size > 0) return
    clearInterval(timer)
    timer = undefined
  }
}

/** The present, in Unix milliseconds; changes every second. */
export const useNow = (): number => useSyncExternalStore(subscribe, () => now)

const SPANS: ReadonlyArray<readonly [unit: string, ms: number]> = [
  ["d", 86_400_000],
  ["h", 3_600_000],
  ["min", 60_000],
  ["s", 1_000],
]

/** A length of time in its largest unit, and the next one below: `3 h 20 min`. */
export const spanText = (ms: number): string => {
  const from = SPANS.findIndex(([, unitMs]) => ms >= unitMs)
  const [unit, unitMs] = SPANS[from] ?? ["ms", 1]
  const count = Math.floor(ms / unitMs)
  const [lower, lowerMs] = SPANS[from + 1] ?? ["", 0]
  const rest = lowerMs > 0 && count < 10 ? Math.floor((ms % unitMs) / lowerMs) : 0
  return rest > 0 ? `${count} ${unit} ${rest} ${lower}` : `${count} ${unit}`
}

/** A length of time below a minute with two digits after the point, so that short ones can be compared: `1.24 s`. */
export const shortSpanText = (ms: number): string =>
  ms >= 1_000 && ms < 60_000 ? `${(ms / 1_000).toFixed(2)} s` : spanText(ms)

const exact = new Intl.DateTimeFormat("en-GB", { dateStyle: "medium", timeStyle: "long" })

/** The time with its zone, and with milliseconds. */
export const exactText = (at: number): string => `${exact.format(at)} · ${new Date(at).toISOString()}`
