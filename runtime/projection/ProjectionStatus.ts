/**
 * What operators see of a projection: how far it is and its errors, in each partition and in total.
 *
 * Owns the shape. Fields of every follower: ../follower/FollowerStatus.ts. The figures come from
 * ProjectionProgress.ts.
 */
import { Schema } from "effect"
import { errorClass } from "../error/EverstateError.ts"
import { altogether, followerFields } from "../follower/FollowerStatus.ts"

const ownFields = {
  /** Journal sequence up to which everything is in the tables, inclusive. */
  offset: Schema.Number,
  ...followerFields,
  /** Events that this process has made dead letters. */
  deadLetterCount: Schema.Number,
}

const PartitionSchema = Schema.Struct({ partition: Schema.Number, ...ownFields })
/** A projection in one partition of the journal. */
export interface ProjectionPartitionStatus extends Schema.Schema.Type<typeof PartitionSchema> {}

export const ProjectionStatusSchema = Schema.Struct({
  name: Schema.String,
  version: Schema.Number,
  ...ownFields,
  /** Status of each partition, if the journal has several. */
  partitions: Schema.optionalKey(Schema.Array(PartitionSchema)),
})
/**
 * A projection in total. If it has several partitions, only those that run here count: `lag` is their sum,
 * `offset` is that of the partition furthest behind, `state` is the most urgent one, with its `since` and
 * `lastError`. If none runs here, the state is `elsewhere`.
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
