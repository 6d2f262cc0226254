/**
 * A JetStream key-value bucket as a stream: one value for a key; no value is removed by age or for lack of
 * room.
 *
 * Owns the settings that all buckets share. What a bucket holds: LeasesNats.ts, CheckpointsNats.ts.
 */
import type { StreamConfig } from "@nats-io/jetstream"
import type { Effect } from "effect"
import type { NatsConnectionService } from "./NatsConnection.ts"
import { DUPLICATE_WINDOW_MS, openStream, replicaCountOf } from "./OpenStream.ts"
import { NANOS_PER_MS } from "./PullConsumer.ts"
import type { StoreMark } from "./StoreMark.ts"

export interface BucketOptions<E> {
  readonly name: string
  readonly description: string
  readonly replicas: number | undefined
  /** Settings that this bucket must have, besides those of all buckets. */
  readonly needed?: Partial<StreamConfig>
  /** Why a missing bucket has been lost and must not be made again; `undefined` if it may be made. */
  readonly lost?: Effect.Effect<string | undefined, E>
  /** Mark of the journal that the bucket belongs to. */
  readonly mark?: StoreMark
}

/** Finds or makes a bucket. Fails with a text if a found bucket has wrong settings. */
export const openBucket = <E>(
  connection: NatsConnectionService,
  { name, description, replicas, needed, lost, mark }: BucketOptions<E>,
  unavailable: (detail: string) => E,
): Effect.Effect<void, E> =>
  openStream(
    connection,
    {
      name: `KV_${name}`,
      description,
      discard: "new",
      max_age: 0,
      deny_delete: true,
      allow_rollup_hdrs: true, // key-value clients delete keys by rollup
      allow_direct: true,
      duplicate_window: DUPLICATE_WINDOW_MS * NANOS_PER_MS,
      num_replicas: replicaCountOf(connection, replicas),
    },
    {
      subjects: [`$KV.${name}.>`],
      storage: "file",
      retention: "limits",
      max_msgs_per_subject: 1,
      ...needed,
    },
    unavailable,
    lost,
    mark,
  )
