/**
 * Which nodes came and went in the last hour, as one node saw it: members that flap are found by it.
 *
 * Owns the counting by name, because a node that comes back is another member with the same name. Bounded: the
 * oldest changes are forgotten first. What happens in a cluster: runtime/cluster/ClusterEvent.ts.
 */
import type { ClusterEvent } from "../../runtime/operations.ts"

/** Changes that are kept. */
const CHANGES_MAX = 512

/** Time for which a change is kept, in milliseconds. */
const KEPT_MS = 3_600_000

/**
 * Members lighter than this come for a moment and take no work: the `everstate` command, a preparation. They
 * count neither as coming nor as going.
 */
export const VISITOR_WEIGHT_MAX = 0.01

/** Changes of one node in the last hour. */
export interface MemberChange {
  readonly name: string
  readonly joined: number
  readonly left: number
  /** Time since the newest change, in milliseconds. */
  readonly agoMs: number
}

export class MemberChanges {
  readonly #changes: Array<{ readonly name: string; readonly hasLeft: boolean; readonly atMs: number }> = []

  /** Notes an event at a time. */
  note(event: ClusterEvent, atMs: number): void {
    if (event.type !== "MemberJoined" && event.type !== "MemberLeft") return
    const { name, weight } = event.record
    if (weight <= VISITOR_WEIGHT_MAX) return
    this.#changes.push({ name, hasLeft: event.type === "MemberLeft", atMs })
    if (this.#changes.length > CHANGES_MAX) this.#changes.shift()
  }

  /** Changes by name. */
  read(nowMs: number): ReadonlyArray<MemberChange> {
    const byName = new Map<string, MemberChange>()
    for (const { name, hasLeft, atMs } of this.#changes) {
      const agoMs = Math.max(0, nowMs - atMs)
      if (agoMs > KEPT_MS) continue
      const { joined = 0, left = 0 } = byName.get(name) ?? {}
      byName.set(name, { name, joined: joined + (hasLeft ? 0 : 1), left: left + (hasLeft ? 1 : 0), agoMs })
    }
    return [...byName.values()]
  }
}
