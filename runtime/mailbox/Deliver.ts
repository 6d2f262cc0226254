/**
 * The direct road of a message: from the sender's node to the receiver's cell, without the mailbox.
 *
 * Owns the outcomes that the sender gets. Who delivers: ../router/DirectDelivery.ts. What the sender does
 * with a message that has to wait: ../outbox/.
 */
import type { DeadLetterReason } from "../deadletter/DeadLetters.ts"
import type { DirectMessage } from "./Message.ts"

/**
 * Longest wait for a direct delivery before the message takes the mailbox, in milliseconds, unless the sender
 * says otherwise.
 */
export const DIRECT_MS = 1_000

/**
 * Why a receiver does not take a message now. `moving`: no node has its shard at the moment. `silent`: no
 * node answered in time. `unavailable`: the journal or the cluster cannot be used.
 */
export type LaterReason = "paused" | "quarantined" | "busy" | "moving" | "silent" | "unavailable"

export type DeliverVerdict =
  /**
   * The effect is in the receiver's journal: the message was applied, refused there with a dead letter, or
   * applied before.
   */
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
  /** The receiver refuses the message for good, and its journal has no record of that. */
  | { readonly _tag: "Dead"; readonly reason: DeadLetterReason; readonly detail: string }

/**
 * Delivers a message to the actor with the key `to`. Calls `done` once, perhaps before it returns, and at the
 * latest a little more than `deadlineMs` milliseconds later. `done` must not throw.
 */
export type Deliver = (
  message: DirectMessage,
  to: string,
  deadlineMs: number,
  done: (verdict: DeliverVerdict) => void,
) => void
