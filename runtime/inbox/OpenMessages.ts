/**
 * Messages that were handed out and are not done with.
 *
 * Owns the list: which message is in work, which hand-out of it is acknowledged, and that none of them is handed out to
 * others meanwhile. A message leaves it when it is done, when it is left to the mailbox, or with its shard. What is done
 * with a message: MessageDelivery.ts.
 */
import { type Clock, Effect, Latch, type Scope } from "effect"
import type { ShardMap } from "../cluster/ShardMap.ts"
import { type Delivery, REDELIVERY_MS } from "../mailbox/Mailbox.ts"
import { monotonicMs } from "../time/MonotonicTime.ts"
import type { AttemptCounts } from "./AttemptCounts.ts"
import type { InboxCounts } from "./InboxCounts.ts"

/** A message that was handed out and is not done with. */
export interface HandedOut {
  delivery: Delivery
  readonly shardIndex: number
  /** This life is one of its attempts. */
  readonly isCounted: boolean
  extendedAtMs: number
}

export interface OpenMessagesOptions {
  readonly shardMap: ShardMap
  readonly attempts: AttemptCounts
  readonly counts: InboxCounts
  readonly clock: Clock.Clock
  readonly fork: (work: Effect.Effect<void>) => void
}

/** Names a message among all of a node. With the time of storing: a mailbox that was restored gives sequences again. */
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
    this.#open.set(openIdOf(message.shardIndex, message.delivery), message)
    this.#isAnyOpen.openUnsafe()
  }

  /** Whether the message is still in work: its shard was not released, and it is not done. */
  has(message: HandedOut): boolean {
    return this.#open.get(openIdOf(message.shardIndex, message.delivery)) === message
  }

  /** Takes in a hand-out of a message that is in work already. False: it is not. */
  isHandedOutAgain(shardIndex: number, delivery: Delivery): boolean {
    const known = this.#open.get(openIdOf(shardIndex, delivery))
    if (known === undefined) return false
    // The newest hand-out is the one to acknowledge.
    known.delivery = delivery
    return true
  }

  /** The message is done: it is acknowledged, unless its shard was released meanwhile. */
  finish(message: HandedOut): void {
    const { attempts, counts, fork, shardMap } = this.#options
    const { shardIndex, delivery } = message
    if (!this.remove(message)) return
    attempts.forget(shardMap.all[shardIndex]?.slot ?? "", delivery.sequence)
    counts.settledCount++
    fork(delivery.ack)
  }

  /** The message is not in work any more, and not acknowledged. False: it was not in work. */
  remove({ shardIndex, delivery }: HandedOut): boolean {
    return this.#open.delete(openIdOf(shardIndex, delivery))
  }

  /** Messages of the shard in work of which this life is an attempt. */
  counted(shardIndex: number): ReadonlyArray<HandedOut> {
    return [...this.#open.values()].filter((item) => item.shardIndex === shardIndex && item.isCounted)
  }

  /** The shard is another node's now. */
  forget(shardIndex: number): void {
    for (const [id, item] of this.#open) if (item.shardIndex === shardIndex) this.#open.delete(id)
  }

  /** Keeps messages in work from being handed out to others, for ever. */
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

/** The list, whose messages are extended as long as the scope lasts. */
export const makeOpenMessages = (
  options: OpenMessagesOptions,
): Effect.Effect<OpenMessages, never, Scope.Scope> =>
  Effect.suspend(() => {
    const messages = new OpenMessages(options)
    return Effect.as(Effect.forkScoped(messages.extending), messages)
  })
