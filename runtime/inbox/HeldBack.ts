/**
 * Messages of actors that cannot take them now, each actor's in the order of the mailbox.
 *
 * Owns that order and the pauses: one message that could not be applied holds back all later ones of its actor, so they
 * do not overtake it. Which messages are held back, and why: MessageDelivery.ts.
 */
import { Effect, Random } from "effect"
import type { ActorAddress } from "../address/ActorAddress.ts"
import type { Delivery } from "../mailbox/Mailbox.ts"

/** First pause of an actor's messages after one of them could not be applied, doubling up to the longest. */
const HOLD_FIRST_MS = 20
const HOLD_MAX_MS = 5_000

interface Holdable {
  readonly address: ActorAddress
  readonly delivery: Delivery
  readonly shardIndex: number
  failedCount: number
}

export class HeldBack<Item extends Holdable> {
  readonly #byActor = new Map<string, Array<Item>>()

  /** Puts the message among the waiting messages of its actor. False: none of them waits. */
  join(item: Item): boolean {
    const waiting = this.#byActor.get(item.address.key)
    if (waiting !== undefined) insert(waiting, item)
    return waiting !== undefined
  }

  /** Holds the message, the first of its actor, for a pause; then it and what joined it are offered again, in order. */
  hold(item: Item, offer: (item: Item) => void): Effect.Effect<void> {
    const { key } = item.address
    this.#byActor.set(key, [item])
    const longestMs = Math.min(HOLD_FIRST_MS * 2 ** item.failedCount++, HOLD_MAX_MS)
    return Effect.gen({ self: this }, function* () {
      yield* Effect.sleep(longestMs * (0.5 + (yield* Random.next) / 2))
      const items = this.#byActor.get(key) ?? []
      this.#byActor.delete(key)
      for (const each of items) {
        // What keeps the first keeps them all: they are not tried as often one after the other.
        each.failedCount = Math.max(each.failedCount, item.failedCount)
        offer(each)
      }
    })
  }

  /** Forgets what is held of a shard that is another node's now. */
  forget(shardIndex: number): void {
    for (const [key, items] of this.#byActor)
      if (items[0]?.shardIndex === shardIndex) this.#byActor.delete(key)
  }
}

/** By sequence in the mailbox, so that what was first goes first again. */
const insert = (items: Array<Holdable>, item: Holdable): void => {
  const at = items.findIndex(({ delivery }) => delivery.sequence > item.delivery.sequence)
  items.splice(at === -1 ? items.length : at, 0, item)
}
