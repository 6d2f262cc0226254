/** Time that only goes forward, to measure durations and ages. */
import type { Clock } from "effect"

const NANOS_PER_MS = 1e6

/** Milliseconds since an arbitrary start, with fractions, never going back. */
export const monotonicMs = (clock: Clock.Clock): number =>
  Number(clock.monotonicTimeNanosUnsafe()) / NANOS_PER_MS
