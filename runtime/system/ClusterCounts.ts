/**
 * How often things happened in the cluster, as one of its nodes saw them: counts for operators' charts.
 *
 * Owns the counting. What happens: ../cluster/ClusterEvent.ts.
 */
import { Effect, FiberSet, type Scope, Stream } from "effect"
import type { ClusterEvent } from "../cluster/ClusterEvent.ts"

/** Since this node's start. */
export interface ClusterCounts {
  /** Slots of this node: taken, handed over in order, lost to another. */
  takenCount: number
  handedOverCount: number
  lostCount: number
  /** Members that came, this node and those that were there before it included. */
  joinedCount: number
  /** Members that went. */
  leftCount: number
  /** How often this node was taken for dead, and came back as another member. */
  evictedCount: number
}

export interface ClusterWatch {
  readonly counts: ClusterCounts
  /** Counts from now on, until the scope ends. */
  readonly follow: (events: Stream.Stream<ClusterEvent>) => void
}

export const makeClusterWatch = (nodeName: string): Effect.Effect<ClusterWatch, never, Scope.Scope> =>
  Effect.map(FiberSet.makeRuntime<never>(), (fork) => {
    const counts: ClusterCounts = {
      takenCount: 0,
      handedOverCount: 0,
      lostCount: 0,
      joinedCount: 0,
      leftCount: 0,
      evictedCount: 0,
    }
    return {
      counts,
      follow: (events) =>
        void fork(Stream.runForEach(events, (event) => Effect.sync(() => note(counts, event, nodeName)))),
    }
  })

const note = (counts: ClusterCounts, event: ClusterEvent, nodeName: string): void => {
  switch (event.type) {
    case "MemberJoined":
      counts.joinedCount++
      return
    case "MemberLeft":
      counts.leftCount++
      if (event.record.name === nodeName) counts.evictedCount++
      return
    case "SlotMoved":
      if (event.what === "taken") counts.takenCount++
      else if (event.what === "handedOver") counts.handedOverCount++
      else counts.lostCount++
      return
    default:
  }
}
