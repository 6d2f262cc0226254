/**
 * What operators see of a reactor: how far it is, what it did and what ails it, in each partition and altogether.
 *
 * Owns the shape. What every follower of the journal says: ../follower/FollowerStatus.ts. Where the figures come from:
 * ReactorProgress.ts.
 */
import { Schema } from "effect"
import { altogether, followerFields } from "../follower/FollowerStatus.ts"

const ownFields = {
  /** Everything up to and including this journal sequence is handled and sent. */
  position: Schema.Number,
  ...followerFields,
  /** Events handled by this process; those that became dead letters are not among them. */
  handledCount: Schema.Number,
  /** Messages and integration events sent by this process. */
  sentCount: Schema.Number,
  /** Events that this process gave up on: each is a dead letter. */
  failedCount: Schema.Number,
}

const PartitionSchema = Schema.Struct({ partition: Schema.Number, ...ownFields })
/** A reactor in one partition of the journal. */
export interface ReactorPartitionStatus extends Schema.Schema.Type<typeof PartitionSchema> {}

const ReactorStatusSchema = Schema.Struct({
  name: Schema.String,
  ...ownFields,
  /** Each partition by itself, where the journal has several. */
  partitions: Schema.optionalKey(Schema.Array(PartitionSchema)),
})
/**
 * A reactor altogether. Of several partitions, those that run here count, as of a projection: `lag` is the sum,
 * `position` that of the one furthest behind, `state` the one that most needs somebody.
 */
export interface ReactorStatus extends Schema.Schema.Type<typeof ReactorStatusSchema> {}

export const reactorStatus = (
  name: string,
  partitions: ReadonlyArray<ReactorPartitionStatus>,
): ReactorStatus => {
  const { common, furthestBehind } = altogether(partitions)
  const sum = (count: "handledCount" | "sentCount" | "failedCount") =>
    partitions.reduce((total, partition) => total + partition[count], 0)
  return {
    name,
    position: furthestBehind.position,
    ...common,
    handledCount: sum("handledCount"),
    sentCount: sum("sentCount"),
    failedCount: sum("failedCount"),
    ...(partitions.length > 1 ? { partitions } : {}),
  }
}
