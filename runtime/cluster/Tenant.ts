/** What runs in a slot while this node has it: opened, then closed or dropped, and so on. */
import type { Effect } from "effect"

export interface Tenant {
  /** The slot is this node's now, under this epoch. */
  readonly open: (epoch: number) => Effect.Effect<void>
  /** Highest epoch that the slot ever had, for a slot without a record in the lease store. Fails with words. */
  readonly epochSeen?: Effect.Effect<number, string>
  /** The slot is handed off: finish what is in work. Bounded by the caller. */
  readonly close: Effect.Effect<void>
  /** The slot is closed, and its record names this successor. */
  readonly handedOver?: (memberId: string) => void
  /**
   * Another member owns the slot, or may own it: release everything at once. May come while `close` is at work, and
   * after `close` has taken too long.
   */
  readonly drop: Effect.Effect<void>
}
