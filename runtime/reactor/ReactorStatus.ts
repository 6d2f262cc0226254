/**
 * What operators see of a reactor: how far it is, its work and its errors, in each partition and in total.
 *
 * Owns the shape. Fields of every follower: ../follower/FollowerStatus.ts. The figures come from
 * ReactorProgress.ts.
 */
import { Schema } from "effect"
import { altogether, followerFields } from "../follower/FollowerStatus.ts"

const ownFields = {
  /** Journal sequence up to which everything is handled and sent, inclusive. */
  position: Schema.Number,
  ...followerFields,
  /** Events handled by this process, without those that became dead letters. */
  handledCount: Schema.Number,
  /** Messages and integration events sent by this process. */
  sentCount: Schema.Number,
  /** Events that this process abandoned; each is a dead letter. */
  failedCount: Schema.Number,
}

const PartitionSchema = Schema.Struct({ partition: Schema.Number, ...ownFields })
/** A reactor in one partition of the journal. */
export interface ReactorPartitionStatus extends Schema.Schema.Type<typeof PartitionSchema> {}

const ReactorStatusSchema = Schema.Struct({
  name: Schema.String,
  ...ownFields,
  /** Status of each partition, if the journal has several. */
  partitions: Schema.optionalKey(Schema.Array(PartitionSchema)),
})
/**
 * A reactor in total. If it has several partitions, only those that run here count: `lag` is their sum,
 * `position` is that of the partition furthest behind, `state` is the most urgent one.
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
