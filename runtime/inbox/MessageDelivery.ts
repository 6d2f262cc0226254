/**
 * The life of a message after it was taken up: it is delivered in order per actor, tried again while the
 * trouble may pass, and abandoned as a dead letter if it will not.
 *
 * Owns what each verdict on a message leads to. One delivery: ActorDelivery.ts. Messages in work:
 * OpenMessages.ts. Inbox.ts takes messages up.
 */
import { type Clock, Effect } from "effect"
import type { CallLogic, CallOutcome } from "../call/Call.ts"
import type { CallRunner } from "../call/CallRunner.ts"
import type { Cells } from "../cell/Cells.ts"
import type { DeadLetterReason } from "../deadletter/DeadLetters.ts"
import { thrownText } from "../json/Thrown.ts"
import type { Delivery } from "../mailbox/Mailbox.ts"
import { monotonicMs } from "../time/MonotonicTime.ts"
import type { AbandonMessage } from "./AbandonedMessage.ts"
import { deliverToActor, type Verdict } from "./ActorDelivery.ts"
import type { EarlyTimers } from "./EarlyTimers.ts"
import { HeldBack } from "./HeldBack.ts"
import type { InboxCounts } from "./InboxCounts.ts"
import type { ReadMessage, UnreadableMessage } from "./MessageReader.ts"
import { type HandedOut, type OpenMessages, openIdOf } from "./OpenMessages.ts"
import type { PausedMail } from "./PausedMail.ts"

/** Attempts at a message to an actor that cannot be read, before it becomes a dead letter. */
const QUARANTINE_ATTEMPTS_MAX = 5

/** A message in work. */
export interface OpenMessage extends HandedOut, ReadMessage {
  readonly attempt: number
  /** Outcome of a call that has ended and whose outcome is not stored yet. */
  outcome: CallOutcome | undefined
  /** Logic of the call, once it is known (ActorDelivery.ts). */
  logic: CallLogic | undefined
  failedCount: number
  /** Callback for when the message no longer delays others. */
  passed: (() => void) | undefined
}

export interface MessageDeliveryOptions {
  readonly cells: Cells
  readonly calls: CallRunner
  readonly clock: Clock.Clock
  readonly open: OpenMessages
  readonly paused: PausedMail
  readonly early: EarlyTimers
  readonly abandon: AbandonMessage
  readonly counts: InboxCounts
  readonly fork: (work: Effect.Effect<void>) => void
  /** Whether this node receives messages of the shard. */
  readonly isReceiving: (shardIndex: number) => boolean
}

export class MessageDelivery {
  readonly #options: MessageDeliveryOptions
  /** Messages of actors that are held back, in order. */
  readonly #held = new HeldBack<OpenMessage>()

  constructor(options: MessageDeliveryOptions) {
    this.#options = options
  }

  /** Delivers the message after those of its actor that are held back. */
  readonly deliver = (item: OpenMessage): void => {
    if (!this.#held.join(item)) this.#offer(item)
  }

  readonly #offer = (item: OpenMessage): void =>
    this.#surviving(item, () =>
      deliverToActor(this.#options, item, (verdict) =>
        this.#surviving(item, () => this.#judged(item, verdict)),
      ),
    )

  /** The message becomes a dead letter, or an answer to the actor that waits for one. */
  abandon(item: OpenMessage, reason: DeadLetterReason, detail: string): void {
    const { counts, fork, abandon } = this.#options
    counts.deadLetterCount++
    const { message, delivery, attempt, failedCount } = item
    // The id includes the position, because the same message is another letter if it is sent again after it
    // was dead.
    const letterId = `${message.id}@${openIdOf(item.shardIndex, delivery)}`
    fork(
      Effect.andThen(
        abandon({ message, delivery, reason, detail, attemptCount: attempt + failedCount, letterId }),
        Effect.sync(() => this.#settle(item)),
      ),
    )
  }

  /** Abandons a message that never reached an actor. The next message does not wait for the letter. */
  abandonUnread(
    shardIndex: number,
    delivery: Delivery,
    { reason, detail, message }: UnreadableMessage,
  ): void {
    const { counts, fork, abandon, open, clock } = this.#options
    counts.deadLetterCount++
    const unread = { delivery, shardIndex, isCounted: false, extendedAtMs: monotonicMs(clock) }
    open.add(unread)
    const letterId = openIdOf(shardIndex, delivery)
    fork(
      Effect.andThen(
        abandon({ message, delivery, reason, detail, attemptCount: 1, letterId }),
        Effect.sync(() => open.finish(unread)),
      ),
    )
  }

  /** Another node has the shard now. */
  forget(shardIndex: number): void {
    this.#held.forget(shardIndex)
  }

  #settle(item: OpenMessage): void {
    this.#options.open.finish(item)
    item.passed?.()
  }

  /** Runs `work`. If the message makes the runtime throw, only this message ends, as a dead letter. */
  #surviving(item: OpenMessage, work: () => void): void {
    try {
      work()
    } catch (cause) {
      this.abandon(item, "Failed", `it cannot be handed over: ${thrownText(cause)}`)
    }
  }

  #judged(item: OpenMessage, verdict: Verdict): void {
    switch (verdict._tag) {
      case "Done":
        return this.#settle(item)
      case "Running":
        // A call may take long, so it must not delay other messages.
        return item.passed?.()
      case "Early":
        item.passed?.()
        return this.#waitUntilDue(item)
      case "Later":
        return this.#hold(item)
      case "Quarantined":
        item.failedCount < QUARANTINE_ATTEMPTS_MAX
          ? this.#hold(item)
          : this.abandon(item, "Quarantined", verdict.detail)
        return
      case "Dead":
        this.abandon(item, verdict.reason, verdict.detail)
    }
  }

  #waitUntilDue(item: OpenMessage): void {
    const { early, fork, open, isReceiving } = this.#options
    fork(
      Effect.map(early.wait(item), (isHere) => {
        if (!isHere) this.#settle(item)
        else if (open.has(item) && isReceiving(item.shardIndex)) this.deliver(item)
      }),
    )
  }

  /** Puts the message back, and all later ones of its actor, so that their order is kept. */
  #hold(item: OpenMessage): void {
    const { counts, fork, paused, isReceiving } = this.#options
    // The next owner is handed what this node leaves undone.
    if (!isReceiving(item.shardIndex)) return
    // Keep the outcome of a call here, because it is stored nowhere else.
    if (item.outcome === undefined && paused.leavesOut(item.shardIndex, item.definition.type)) {
      return this.#leave(item)
    }
    counts.retriedCount++
    if (!this.#held.join(item)) fork(this.#held.hold(item, this.#offer))
  }

  /** Leaves the message to the mailbox, which hands it out again when its type is resumed. */
  #leave(item: OpenMessage): void {
    const { open, paused } = this.#options
    if (open.remove(item)) paused.leave(item.shardIndex, item.delivery.sequence)
    item.passed?.()
  }
}
