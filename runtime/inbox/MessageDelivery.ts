/**
 * The life of a message once it was taken up: delivered in order per actor, tried again while the trouble may pass, and
 * abandoned as a dead letter when it will not.
 *
 * Owns what each verdict on a message leads to. How one delivery goes: ActorDelivery.ts. Which messages are in work:
 * OpenMessages.ts. Which are taken up: Inbox.ts.
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

/** Times a message to an actor that cannot be read is tried before it becomes a dead letter. */
const QUARANTINE_ATTEMPTS_MAX = 5

/** A message in work. */
export interface OpenMessage extends HandedOut, ReadMessage {
  readonly attempt: number
  /** Of a call that has ended and whose outcome is not stored yet. */
  outcome: CallOutcome | undefined
  /** What it calls, once that is known (ActorDelivery.ts). */
  logic: CallLogic | undefined
  failedCount: number
  /** Told when the message no longer keeps others waiting. */
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
  /** Whether messages of the shard are received here. */
  readonly isReceiving: (shardIndex: number) => boolean
}

export class MessageDelivery {
  readonly #options: MessageDeliveryOptions
  /** Messages of actors that are held back, in order. */
  readonly #held = new HeldBack<OpenMessage>()

  constructor(options: MessageDeliveryOptions) {
    this.#options = options
  }

  /** Delivers the message, behind those of its actor that are held back. */
  readonly deliver = (item: OpenMessage): void => {
    if (this.#held.join(item)) return
    this.#surviving(item, () =>
      deliverToActor(this.#options, item, (verdict) =>
        this.#surviving(item, () => this.#judged(item, verdict)),
      ),
    )
  }

  /** The message becomes a dead letter, or an answer to the actor that waits for one. */
  abandon(item: OpenMessage, reason: DeadLetterReason, detail: string): void {
    const { counts, fork, abandon } = this.#options
    counts.deadLetterCount++
    const { message, delivery, attempt, failedCount } = item
    // With its place: the same message, handed in again after it was dead once, is another letter.
    const letterId = `${message.id}@${openIdOf(item.shardIndex, delivery)}`
    fork(
      Effect.andThen(
        abandon({ message, delivery, reason, detail, attemptCount: attempt + failedCount, letterId }),
        Effect.sync(() => this.#settle(item)),
      ),
    )
  }

  /** The same for a message that never got as far as its actor. The next one does not wait for the letter. */
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

  /** The shard is another node's now. */
  forget(shardIndex: number): void {
    this.#held.forget(shardIndex)
  }

  #settle(item: OpenMessage): void {
    this.#options.open.finish(item)
    item.passed?.()
  }

  /** What a message makes our own code throw ends that message, as a dead letter, and nothing else. */
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
        // A call may take its time: it keeps nobody waiting.
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

  /** Puts the message back, and with it all later ones of its actor: their order is kept. */
  #hold(item: OpenMessage): void {
    const { counts, fork, paused, isReceiving } = this.#options
    // What this node leaves undone, the next one is handed.
    if (!isReceiving(item.shardIndex)) return
    // Nothing else has the outcome of a call: it waits here.
    if (item.outcome === undefined && paused.leavesOut(item.shardIndex, item.definition.type)) {
      return this.#leave(item)
    }
    counts.retriedCount++
    if (!this.#held.join(item)) fork(this.#held.hold(item, this.deliver))
  }

  /** The mailbox hands the message out again when its type is resumed. */
  #leave(item: OpenMessage): void {
    const { open, paused } = this.#options
    if (open.remove(item)) paused.leave(item.shardIndex, item.delivery.sequence)
    item.passed?.()
  }
}
