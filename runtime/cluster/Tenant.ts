/** What runs in a slot while this node has it: opened, then closed or dropped, and so on. */
import type { Effect } from "effect"

export interface Tenant {
  /** The slot is this node's now, under this epoch. */
  readonly open: (epoch: number) => Effect.Effect<void>
  /** Highest epoch under which somebody had the slot, for a slot that the lease store has no record of. Fails with words. */
  readonly epochSeen?: Effect.Effect<number, string>
  /** It is about to go to somebody else: finish what is in work. Bounded by the caller. */
  readonly close: Effect.Effect<void>
  /** It is closed, and written to be this member's. */
  readonly handedOver?: (memberId: string) => void
  /**
   * It is, or may be, somebody else's already: let go at once. May come while `close` is at work, and after it
   * when it took too long.
   */
  readonly drop: Effect.Effect<void>
}
