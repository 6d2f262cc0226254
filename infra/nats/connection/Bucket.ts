/**
 * A JetStream key-value bucket as a stream of ours: one value to a key, nothing that goes by age or for want of room.
 *
 * Owns what every bucket looks like. What is kept in one is said where it is used: LeasesNats.ts, CheckpointsNats.ts.
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
  /** Must be so, beyond what every bucket must be. */
  readonly needed?: Partial<StreamConfig>
  /** Why a bucket that is not there must not be made anew; `undefined`: it may be. */
  readonly lost?: Effect.Effect<string | undefined, E>
  /** Mark of the journal that the bucket belongs to. */
  readonly mark?: StoreMark
}

/** Finds or makes a bucket; what is wrong with one that was found is said in words. */
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
      allow_rollup_hdrs: true, // key-value clients delete keys so
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
