/**
 * The cluster as its records say, for a process that is no member.
 *
 * Owns reading the records, and that operators' wishes are written without joining. What the verbs mean:
 * runtime/system/ClusterControl.ts.
 */
import { Clock, Effect } from "effect"
import type { Cluster } from "../../runtime/cluster/Cluster.ts"
import { ClusterView } from "../../runtime/cluster/ClusterView.ts"
import { Leases, type LeasesUnavailable } from "../../runtime/cluster/Leases.ts"
import { Ownership } from "../../runtime/cluster/Ownership.ts"
import { Records } from "../../runtime/cluster/Records.ts"
import type { ShardMap } from "../../runtime/cluster/ShardMap.ts"
import type { SlotFamily } from "../../runtime/cluster/Slot.ts"
import { Wishes } from "../../runtime/cluster/Wishes.ts"

export interface RawCluster {
  readonly view: ClusterView
  /** Reads all records. */
  readonly refresh: Effect.Effect<void, LeasesUnavailable>
  /** The cluster with the shards of the map, and everything else that a member says that it can run. */
  readonly with: (shardMap: ShardMap) => Cluster
}

/** Reads the records of the cluster. */
export const readCluster = Effect.gen(function* () {
  const view = yield* ClusterView.make(new Ownership(0))
  const records = new Records(yield* Leases, yield* Clock.Clock, 0, view.seen)
  const wishes = new Wishes(records)
  yield* records.refresh
  return {
    view,
    refresh: records.refresh,
    with: (shardMap) => ({
      families: [...shardMap.families(), servicesOf(view)],
      pin: (slot, memberId) => wishes.pin(slot, memberId),
      pause: (type, isPaused) => wishes.pause(type, isPaused),
      lookAgain: Effect.ignore(records.refresh),
      enter: () => Effect.void,
      leave: Effect.void,
    }),
  } satisfies RawCluster as RawCluster
})

/** Projections, reactors and singletons of the members. */
const servicesOf = ({ seen }: ClusterView): SlotFamily => {
  const runs = Array.from(seen.members().values(), ({ value }) => value.runs).flat()
  return { name: "services", label: undefined, isShards: false, slots: [...new Set(runs)] }
}
