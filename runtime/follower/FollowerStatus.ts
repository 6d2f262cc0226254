/**
 * What operators see of any follower of the journal, a projection or a reactor: how far behind it is and what ails it.
 *
 * Owns the fields that both have, and what is said of all partitions together. What each has besides:
 * ../projection/ProjectionStatus.ts, ../reactor/ReactorStatus.ts. Where the figures come from: FollowerProgress.ts.
 */
import { Schema } from "effect"

/**
 * `catching-up`: behind, and working. `running`: done with what there was. `unavailable`: a server does not answer (the
 * journal, a projection's database, a receiver of a reactor's messages); the follower goes on by itself. `stalled`: stopped
 * at an event or a refusal that needs somebody. `elsewhere`: not run by this process, which knows no more of it than when it
 * last did.
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
  /** Records between the follower and the last one known. Commits of other actor types count too. */
  lag: Schema.Number,
  state: FollowerState,
  /** Unix milliseconds since when it is in this state. */
  since: Schema.Number,
  /** The latest failure, also after recovery. */
  lastError: Schema.UndefinedOr(Schema.String),
  /** Sequence of the record that it does not get past, while there is one; `lastError` says why. */
  stoppedAt: Schema.optionalKey(Schema.Number),
}

const Followed = Schema.Struct(followerFields)
/** One partition of any follower. */
export interface Followed extends Schema.Schema.Type<typeof Followed> {}

/** The state that most needs somebody comes first. */
const urgency: ReadonlyArray<FollowerState> = [
  "stalled",
  "unavailable",
  "catching-up",
  "running",
  "elsewhere",
]

/**
 * What several partitions have in common, and which of them is furthest behind. Only those that run here count, if there
 * are any: `lag` is the sum, `state` the one that most needs somebody, with its `since`, `lastError` and `stoppedAt`.
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
