/**
 * How often things happened in the cluster, as one of its nodes saw them: counts for operators' charts.
 *
 * Owns the counting. What happens: ../cluster/ClusterEvent.ts.
 */
import { Effect, type Scope, Stream } from "effect"
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

/** Counts the events from now on, until the scope ends. */
export const countClusterEvents = (
  events: Stream.Stream<ClusterEvent>,
  nodeName: string,
): Effect.Effect<ClusterCounts, never, Scope.Scope> =>
  Effect.gen(function* () {
    const counts: ClusterCounts = {
      takenCount: 0,
      handedOverCount: 0,
      lostCount: 0,
      joinedCount: 0,
      leftCount: 0,
      evictedCount: 0,
    }
    yield* Effect.forkScoped(
      Stream.runForEach(events, (event) => Effect.sync(() => note(counts, event, nodeName))),
    )
    return counts
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
