/**
 * What operators see of a projection: how far it is and what ails it, in each partition and altogether.
 *
 * Owns the shape. What every follower of the journal says: ../follower/FollowerStatus.ts. Where the figures come from:
 * ProjectionProgress.ts.
 */
import { Schema } from "effect"
import { errorClass } from "../error/EverstateError.ts"
import { altogether, followerFields } from "../follower/FollowerStatus.ts"

const ownFields = {
  /** Everything up to and including this journal sequence is in the tables. */
  offset: Schema.Number,
  ...followerFields,
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
export class ProjectionTimeout extends errorClass<ProjectionTimeout>()(
  "ProjectionTimeout",
  {
    projection: Schema.String,
    sequence: Schema.Number,
    timeoutMs: Schema.Number,
    status: ProjectionStatusSchema,
  },
  {
    kind: "transient",
    retry: "later",
    hint: "The projection goes on: wait longer, or look at status for why it is late.",
  },
) {
  override get message(): string {
    const { state, offset, lastError } = this.status
    const why = lastError === undefined ? "" : `, last error: ${lastError}`
    return `Projection ${this.projection} is at ${offset}, not at ${this.sequence} after ${this.timeoutMs} ms (${state}${why})`
  }
}
