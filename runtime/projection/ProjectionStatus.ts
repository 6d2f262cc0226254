/**
 * What operators see of a projection: how far it is and what ails it, in each partition and altogether.
 *
 * Owns the shape, and what is said of all partitions together. Where the figures come from: ProjectionProgress.ts.
 */
import { Schema } from "effect"

/**
 * `catching-up`: behind, and applying. `running`: applied what there was. `unavailable`: the database (or the
 * journal) does not answer; it goes on by itself. `stalled`: stopped at an event or a refusal that needs somebody.
 * `elsewhere`: not run by this process, which knows no more of it than when it last did.
 */
export const ProjectionState = Schema.Literals([
  "catching-up",
  "running",
  "unavailable",
  "stalled",
  "elsewhere",
])
export type ProjectionState = typeof ProjectionState.Type

const ownFields = {
  /** Everything up to and including this journal sequence is in the tables. */
  offset: Schema.Number,
  /** Records between the offset and the last one known. Commits of other actor types count too. */
  lag: Schema.Number,
  state: ProjectionState,
  /** Unix milliseconds since when it is in this state. */
  since: Schema.Number,
  /** The latest failure, also after recovery. */
  lastError: Schema.UndefinedOr(Schema.String),
  /** Sequence of the record that it does not get past, while it is stalled at one; `lastError` says why. */
  stoppedAt: Schema.optionalKey(Schema.Number),
  /** Events that this process has put aside. */
  deadLetterCount: Schema.Number,
}

const PartitionSchema = Schema.Struct({ partition: Schema.Number, ...ownFields })
/** A projection in one partition of the journal. */
export interface ProjectionPartitionStatus extends Schema.Schema.Type<typeof PartitionSchema> {}

export const ProjectionStatusSchema = Schema.Struct({
  name: Schema.String,
  version: Schema.Number,
  ...ownFields,
  /** Each partition by itself, where the journal has several. */
  partitions: Schema.optionalKey(Schema.Array(PartitionSchema)),
})
/**
 * A projection altogether. Of several partitions, those that run here count: `lag` is the sum, `offset` that of the one
 * furthest behind, `state` the one that most needs somebody, with its `since` and `lastError`. Where none runs here the
 * state is `elsewhere`.
 */
export interface ProjectionStatus extends Schema.Schema.Type<typeof ProjectionStatusSchema> {}

/** What needs somebody most comes first. */
const urgency: ReadonlyArray<ProjectionState> = [
  "stalled",
  "unavailable",
  "catching-up",
  "running",
  "elsewhere",
]

/** What is said of one partition of any follower of the journal. */
interface Followed {
  readonly lag: number
  readonly state: ProjectionState
  readonly since: number
  readonly lastError: string | undefined
  readonly stoppedAt?: number
}

/** What several partitions have in common, and which of them is furthest behind: those here count, if there are any. */
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

export const projectionStatus = (
  projection: { readonly name: string; readonly version: number },
  partitions: ReadonlyArray<ProjectionPartitionStatus>,
): ProjectionStatus => {
  const { common, furthestBehind } = altogether(partitions)
  return {
    name: projection.name,
    version: projection.version,
    offset: furthestBehind.offset,
    ...common,
    deadLetterCount: partitions.reduce((sum, { deadLetterCount }) => sum + deadLetterCount, 0),
    ...(partitions.length > 1 ? { partitions } : {}),
  }
}

/** The projection had not come as far as asked within the time. It goes on; `status` says why it is late. */
export class ProjectionTimeout extends Schema.TaggedError<ProjectionTimeout>()("ProjectionTimeout", {
  projection: Schema.String,
  sequence: Schema.Number,
  timeoutMs: Schema.Number,
  status: ProjectionStatusSchema,
}) {
  override get message(): string {
    const { state, offset, lastError } = this.status
    const why = lastError === undefined ? "" : `, last error: ${lastError}`
    return `Projection ${this.projection} is at ${offset}, not at ${this.sequence} after ${this.timeoutMs} ms (${state}${why})`
  }
}
