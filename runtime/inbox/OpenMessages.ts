/**
 * Messages that were handed out and are not finished.
 *
 * Owns the list: which message is in work, and which delivery of it is acknowledged. It keeps the mailbox
 * from handing them to other nodes meanwhile. A message leaves the list when it is done, when it is left to
 * the mailbox, or with its shard. Work on a message: MessageDelivery.ts.
 */
import { type Clock, Effect, Latch, type Scope } from "effect"
import type { ShardMap } from "../cluster/ShardMap.ts"
import { invariant } from "../invariant/Invariant.ts"
import { type Delivery, REDELIVERY_MS } from "../mailbox/Mailbox.ts"
import { monotonicMs } from "../time/MonotonicTime.ts"
import type { AttemptCounts } from "./AttemptCounts.ts"
import type { InboxCounts } from "./InboxCounts.ts"
import type { ToldMail } from "./ToldMail.ts"

/** A message that was handed out and is not finished. */
export interface HandedOut {
  delivery: Delivery
  readonly shardIndex: number
  /** Whether this process counts as one of its attempts. */
  readonly isCounted: boolean
  extendedAtMs: number
}

export interface OpenMessagesOptions {
  readonly shardMap: ShardMap
  readonly attempts: AttemptCounts
  readonly counts: InboxCounts
  readonly told: Pick<ToldMail, "finished">
  readonly clock: Clock.Clock
  readonly fork: (work: Effect.Effect<void>) => void
}

/**
 * Id of a message within a node. It includes the time of storing, because a restored mailbox reuses
 * sequences.
 */
export const openIdOf = (shardIndex: number, { sequence, storedAtMs = 0 }: Delivery): string =>
  `${shardIndex}.${sequence}.${storedAtMs}`

export class OpenMessages {
  readonly #options: OpenMessagesOptions
  readonly #open = new Map<string, HandedOut>()
  readonly #isAnyOpen = Latch.makeUnsafe(false)

  constructor(options: OpenMessagesOptions) {
    this.#options = options
  }

  get size(): number {
    return this.#open.size
  }

  add(message: HandedOut): void {
    const id = openIdOf(message.shardIndex, message.delivery)
    invariant(!this.#open.has(id), "messageOpenOnce", () => ({ id }))
    this.#open.set(id, message)
    this.#isAnyOpen.openUnsafe()
  }

  /** Whether the message is still in work: its shard was not released, and it is not done. */
  has(message: HandedOut): boolean {
    return this.#open.get(openIdOf(message.shardIndex, message.delivery)) === message
  }

  /** Notes a new delivery of a message that is in work already. False: it is not in work. */
  isHandedOutAgain(shardIndex: number, delivery: Delivery): boolean {
    const known = this.#open.get(openIdOf(shardIndex, delivery))
    if (known === undefined) return false
    // The newest delivery is the one to acknowledge.
    known.delivery = delivery
    return true
  }

  /** The message is done: it is acknowledged, unless its shard was released meanwhile. */
  finish(message: HandedOut): void {
    const { attempts, counts, told, fork, shardMap } = this.#options
    const { shardIndex, delivery } = message
    if (!this.remove(message)) return
    told.finished(delivery)
    attempts.forget(shardMap.all[shardIndex]?.slot ?? "", delivery.sequence)
    counts.settledCount++
    fork(delivery.ack)
  }

  /** Removes the message without acknowledging it. False: it was not in work. */
  remove({ shardIndex, delivery }: HandedOut): boolean {
    return this.#open.delete(openIdOf(shardIndex, delivery))
  }

  /** Messages of the shard in work whose attempt is counted. */
  counted(shardIndex: number): ReadonlyArray<HandedOut> {
    return [...this.#open.values()].filter((item) => item.shardIndex === shardIndex && item.isCounted)
  }

  /** Another node has the shard now. */
  forget(shardIndex: number): void {
    for (const [id, item] of this.#open) if (item.shardIndex === shardIndex) this.#open.delete(id)
  }

  /** Keeps the mailbox from handing out messages in work to others. Never ends. */
  readonly extending: Effect.Effect<never> = Effect.gen({ self: this }, function* () {
    while (true) {
      if (this.#open.size === 0) this.#isAnyOpen.closeUnsafe()
      yield* this.#isAnyOpen.await
      yield* Effect.sleep(REDELIVERY_MS / 4)
      const nowMs = monotonicMs(this.#options.clock)
      for (const item of this.#open.values()) {
        if (nowMs - item.extendedAtMs < REDELIVERY_MS / 4) continue
        item.extendedAtMs = nowMs
        yield* item.delivery.extend
      }
    }
  })
}

/** Makes the list, whose messages are extended as long as the scope lasts. */
export const makeOpenMessages = (
  options: OpenMessagesOptions,
): Effect.Effect<OpenMessages, never, Scope.Scope> =>
  Effect.suspend(() => {
    const messages = new OpenMessages(options)
    return Effect.as(Effect.forkScoped(messages.extending), messages)
  })
