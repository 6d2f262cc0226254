/**
 * The direct road of a message: from its sender's node to its receiver's cell, without the mailbox.
 *
 * Owns what the sender is told. Who walks the road: ../router/DirectDelivery.ts. What the sender does with a message that
 * has to wait: ../outbox/.
 */
import type { DeadLetterReason } from "../deadletter/DeadLetters.ts"
import type { DirectMessage } from "./Message.ts"

/** How long a sender waits before a message takes the mailbox, in milliseconds, unless it says otherwise. */
export const DIRECT_MS = 1_000

/**
 * Why a receiver does not take a message now. `moving`: no node has its shard at the moment. `silent`: nobody answered in
 * time. `unavailable`: its journal or the cluster cannot be used.
 */
export type LaterReason = "paused" | "quarantined" | "busy" | "moving" | "silent" | "unavailable"

export type DeliverVerdict =
  /** The effect is in the receiver's journal: applied, refused there with a dead letter, or applied before. */
  | { readonly _tag: "Settled" }
  /** `mayBeThere`: the effect may be in the receiver's journal, now or later. */
  | {
      readonly _tag: "Later"
      readonly why: LaterReason
      readonly detail: string
      readonly mayBeThere: boolean
    }
  /** No member of the cluster has the receiver's type. */
  | { readonly _tag: "Unroutable"; readonly detail: string }
  /** The receiver refuses the message for good, and its journal says nothing of it. */
  | { readonly _tag: "Dead"; readonly reason: DeadLetterReason; readonly detail: string }

/**
 * Takes a message to the actor with the key `to`. Tells `done` once, perhaps before it returns, and a little more than
 * `deadlineMs` milliseconds later at the latest. `done` must not throw.
 */
export type Deliver = (
  message: DirectMessage,
  to: string,
  deadlineMs: number,
  done: (verdict: DeliverVerdict) => void,
) => void
