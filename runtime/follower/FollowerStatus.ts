/**
 * What operators see of any follower of the journal, a projection or a reactor: how far behind it is, and its
 * errors.
 *
 * Owns the fields that both share, and their totals over all partitions. Further fields:
 * ../projection/ProjectionStatus.ts, ../reactor/ReactorStatus.ts. The figures come from FollowerProgress.ts.
 */
import { Schema } from "effect"

/**
 * `catching-up`: behind, and working. `running`: finished with everything that there was. `unavailable`: a
 * server does not answer (the journal, a projection's database, a receiver of a reactor's messages); the
 * follower recovers by itself. `stalled`: stopped at an event or a refusal that needs an operator.
 * `elsewhere`: another process runs it; the figures are from when this process last ran it.
 */
export const FollowerState = Schema.Literals([
  "catching-up",
  "running",
  "unavailable",
  "stalled",
  "elsewhere",
])
export type FollowerState = typeof FollowerState.Type

export const followerFields = {
  /** Records between the follower and the last known one, including commits of other actor types. */
  lag: Schema.Number,
  state: FollowerState,
  /** Time at which it entered this state, Unix milliseconds. */
  since: Schema.Number,
  /** The latest failure; it stays after recovery. */
  lastError: Schema.UndefinedOr(Schema.String),
  /** Sequence of the record that it cannot get past, if there is one; `lastError` says why. */
  stoppedAt: Schema.optionalKey(Schema.Number),
}

const Followed = Schema.Struct(followerFields)
/** One partition of any follower. */
export interface Followed extends Schema.Schema.Type<typeof Followed> {}

/** States by urgency, the most urgent first. */
const urgency: ReadonlyArray<FollowerState> = [
  "stalled",
  "unavailable",
  "catching-up",
  "running",
  "elsewhere",
]

/**
 * The total of several partitions, and which of them is furthest behind. Only partitions that run here count,
 * if there are any: `lag` is the sum, `state` is the most urgent one, with its `since`, `lastError` and
 * `stoppedAt`.
 */
export const altogether = <Partition extends Followed>(partitions: ReadonlyArray<Partition>) => {
  const here = partitions.filter(({ state }) => state !== "elsewhere")
  const [first, ...others] = here.length === 0 ? partitions : here
  if (first === undefined) throw new RangeError("a journal without partitions")
  const worst = others.reduce(
    (found, next) => (urgency.indexOf(next.state) < urgency.indexOf(found.state) ? next : found),
    first,
  )
  const furthestBehind = others.reduce((found, next) => (next.lag > found.lag ? next : found), first)
  const { state, since, lastError, stoppedAt } = worst
  const lag = [first, ...others].reduce((sum, partition) => sum + partition.lag, 0)
  const stopped = stoppedAt === undefined ? undefined : { stoppedAt }
  return { common: { lag, state, since, lastError, ...stopped }, furthestBehind }
}
