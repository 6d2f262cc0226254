/**
 * Messages to actors that cannot take them now, in mailbox order for each actor.
 *
 * Owns that order and the pauses: a message that could not be applied holds back all later ones of its actor,
 * so that they do not overtake it. MessageDelivery.ts decides which messages are held back.
 */
import { Effect, Random } from "effect"
import type { ActorAddress } from "../address/ActorAddress.ts"
import type { Delivery } from "../mailbox/Mailbox.ts"

/**
 * First pause of an actor's messages after one of them failed, doubling up to the longest, in milliseconds.
 */
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

  /** Adds the message to the waiting messages of its actor. False: no message of the actor waits. */
  join(item: Item): boolean {
    const waiting = this.#byActor.get(item.address.key)
    if (waiting !== undefined) insert(waiting, item)
    return waiting !== undefined
  }

  /**
   * Holds the first message of an actor for a pause, then offers it and the messages that joined it again, in
   * order. Messages that come during that join as well, and are offered after another pause: one that ends at
   * once can let the next one in before all are offered.
   */
  hold(item: Item, offer: (item: Item) => void): Effect.Effect<void> {
    const { key } = item.address
    this.#byActor.set(key, [item])
    return Effect.gen({ self: this }, function* () {
      for (let first: Item | undefined = item; first !== undefined; ) {
        const longestMs = Math.min(HOLD_FIRST_MS * 2 ** first.failedCount++, HOLD_MAX_MS)
        yield* Effect.sleep(longestMs * (0.5 + (yield* Random.next) / 2))
        const items = this.#byActor.get(key)
        if (items === undefined) return
        const behind: Array<Item> = []
        this.#byActor.set(key, behind)
        for (const each of items) {
          // The same trouble affects all of them, so the count of the first applies to all and they are tried
          // less often.
          each.failedCount = Math.max(each.failedCount, first.failedCount)
          offer(each)
        }
        if (this.#byActor.get(key) !== behind) return
        first = behind[0]
      }
      this.#byActor.delete(key)
    })
  }

  /** Forgets the messages of a shard that another node has now. */
  forget(shardIndex: number): void {
    for (const [key, items] of this.#byActor)
      if (items[0]?.shardIndex === shardIndex) this.#byActor.delete(key)
  }
}

/** Inserts by sequence in the mailbox, so that the mailbox order stays. */
const insert = (items: Array<Holdable>, item: Holdable): void => {
  const at = items.findIndex(({ delivery }) => delivery.sequence > item.delivery.sequence)
  items.splice(at === -1 ? items.length : at, 0, item)
}
