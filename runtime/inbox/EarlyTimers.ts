/**
 * Timers that were handed out before they are due by this node's clock, because the clock of the mailbox's
 * server is ahead.
 *
 * Owns where they wait: a bounded number in memory, unacknowledged, so that nothing is written; the others in
 * the mailbox, with a time by the server's clock. So no timer fires early, and a slow clock causes no loop of
 * deliveries. ActorDelivery.ts says when a timer is early.
 */
import { type Clock, Effect } from "effect"
import type { ActorAddress } from "../address/ActorAddress.ts"
import { messageSubject } from "../log/LogSubject.ts"
import type { Delivery, MailboxService } from "../mailbox/Mailbox.ts"
import type { MailboxTime } from "../mailbox/MailboxTime.ts"
import { encodeMessage, type Message } from "../mailbox/Message.ts"
import { untilSent } from "../outbox/UntilSent.ts"
import { monotonicMs } from "../time/MonotonicTime.ts"

/**
 * Early timers of a shard that wait in memory: half of the unacknowledged messages allowed, so that others
 * are handed out.
 */
export const EARLY_HELD_MAX = 256

/** Longest remaining time with which a timer waits in memory, in milliseconds. */
export const EARLY_HELD_MS_MAX = 60_000

/** Interval at which a timer in memory checks the clock, which may be set meanwhile, in milliseconds. */
const CLOCK_LOOK_MS = 1_000

export interface EarlyTimer {
  readonly shardIndex: number
  readonly address: ActorAddress
  readonly message: Message
  readonly delivery: Delivery
}

export class EarlyTimers {
  readonly #clock: Clock.Clock
  readonly #mailbox: MailboxService
  readonly #time: MailboxTime
  readonly #heldCounts = new Map<number, number>()

  constructor(clock: Clock.Clock, mailbox: MailboxService, time: MailboxTime) {
    this.#clock = clock
    this.#mailbox = mailbox
    this.#time = time
  }

  /** Waits a while. True: try the timer again. False: the mailbox has it again, with its time. */
  wait(timer: EarlyTimer): Effect.Effect<boolean> {
    return Effect.suspend(() => {
      const { shardIndex, message } = timer
      const leftMs = message.k === "timer" ? message.at - this.#clock.currentTimeMillisUnsafe() : 0
      const heldCount = this.#heldCounts.get(shardIndex) ?? 0
      if (leftMs > EARLY_HELD_MS_MAX || heldCount >= EARLY_HELD_MAX) {
        return Effect.as(this.#placeAgain(timer), false)
      }
      this.#heldCounts.set(shardIndex, heldCount + 1)
      return Effect.sleep(Math.max(0, Math.min(leftMs, CLOCK_LOOK_MS))).pipe(
        Effect.ensuring(
          Effect.sync(() => this.#heldCounts.set(shardIndex, (this.#heldCounts.get(shardIndex) ?? 1) - 1)),
        ),
        Effect.as(true),
      )
    })
  }

  #placeAgain({ address, message, shardIndex, delivery }: EarlyTimer): Effect.Effect<void> {
    if (message.k !== "timer") return Effect.void
    // A new id, because the mailbox may still treat the first one as a duplicate.
    const id = `${message.id}:${shardIndex}.${delivery.sequence}`
    const slot = `again.${message.n}.${message.g}`
    const aheadMs = this.#time.aheadMs(this.#clock.currentTimeMillisUnsafe(), monotonicMs(this.#clock))
    const atMs = message.at + aheadMs
    const again = { address, id, data: encodeMessage(message), slot, atMs }
    return untilSent(this.#mailbox.schedule(again), { subject: messageSubject(address, message) })
  }
}
