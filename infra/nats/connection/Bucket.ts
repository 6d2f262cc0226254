/**
 * A JetStream key-value bucket as a stream: one value for a key; no value is removed by age or for lack of
 * room.
 *
 * Owns the settings that all buckets share. What a bucket holds: LeasesNats.ts, CheckpointsNats.ts.
 */
import type { StreamConfig } from "@nats-io/jetstream"
import type { Effect } from "effect"
import type { NatsConnectionService } from "./NatsConnection.ts"
import { DUPLICATE_WINDOW_MS, openStream, replicaCountOf, type StreamPlan } from "./OpenStream.ts"
import { NANOS_PER_MS } from "./PullConsumer.ts"
import type { StoreMark } from "./StoreMark.ts"

/** A bucket by its name, with what it has besides the settings of all buckets. */
export interface BucketForm {
  readonly name: string
  readonly description: string
  /** Settings that this bucket must have. */
  readonly needed?: Partial<StreamConfig>
}

export interface BucketOptions<E> {
  readonly form: BucketForm
  readonly replicas: number | undefined
  /** Why a missing bucket has been lost and must not be made again; `undefined` if it may be made. */
  readonly lost?: Effect.Effect<string | undefined, E>
  /** Mark of the journal that the bucket belongs to. */
  readonly mark?: StoreMark
}

/** How the stream of a bucket is made, and what a found one must have. */
export const bucketPlan = ({ name, description, needed }: BucketForm, replicas: number): StreamPlan => ({
  made: {
    name: `KV_${name}`,
    description,
    discard: "new",
    max_age: 0,
    deny_delete: true,
    allow_rollup_hdrs: true, // key-value clients delete keys by rollup
    allow_direct: true,
    duplicate_window: DUPLICATE_WINDOW_MS * NANOS_PER_MS,
    num_replicas: replicas,
  },
  needed: {
    subjects: [`$KV.${name}.>`],
    storage: "file",
    retention: "limits",
    max_msgs_per_subject: 1,
    ...needed,
  },
})

/** Finds or makes a bucket. Fails with a text if a found bucket has wrong settings. */
export const openBucket = <E>(
  connection: NatsConnectionService,
  { form, replicas, lost, mark }: BucketOptions<E>,
  unavailable: (detail: string) => E,
): Effect.Effect<void, E> =>
  openStream(connection, bucketPlan(form, replicaCountOf(connection, replicas)), unavailable, lost, mark)
