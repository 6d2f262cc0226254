/**
 * Origins of messages that no actor's commit carries, such as tells from outside: their position in the
 * mailbox.
 *
 * Owns the origins and their floors. An acknowledged message of the mailbox is settled, and so is everything
 * before the oldest unacknowledged one. A mailbox that was restored from an older copy reuses positions, so
 * the time of storing is part of the origin.
 */
import { Effect, Latch, type Scope } from "effect"
import type { Delivery, MailboxService } from "../mailbox/Mailbox.ts"
import type { Message } from "../mailbox/Message.ts"
import { type Floor, rowOfFloor } from "../message/Origin.ts"

/** Source of these origins. */
const MAIL = "mail"

/** Shortest time between two queries for a shard's acknowledged messages, in milliseconds. */
const LOOK_EVERY_MS = 5_000

/** What is known of a shard's messages. */
interface Known {
  /** Latest storing time of a message that was handed out here, Unix milliseconds of the mailbox's server. */
  storedAtMs: number
  floor: Floor | undefined
}

export interface MailOrigins {
  /** The message with its origin, if it has none and the mailbox reports its position. */
  readonly complete: (shard: number, message: Message, delivery: Delivery) => Message
}

export const makeMailOrigins = Effect.fnUntraced(function* (
  mailbox: MailboxService,
): Effect.fn.Return<MailOrigins, never, Scope.Scope> {
  const shards = new Map<number, Known>()
  /** Shards that handed out messages since the last query. */
  const asking = new Set<number>()
  const news = Latch.makeUnsafe(false)

  const ask = (shard: number, known: Known) =>
    Effect.suspend(() => {
      const { storedAtMs } = known
      return Effect.map(mailbox.acknowledged(shard), ({ first, last }) => {
        const sequence = (first ?? last + 1) - 1
        const { floor } = known
        if (floor !== undefined && (sequence < floor.sequence || storedAtMs < floor.atMs)) return
        known.floor = { era: 0, sequence, atMs: storedAtMs }
      })
    })

  /** A mailbox that cannot answer now is asked later. Until then receivers remember more origins. */
  const looking = Effect.gen(function* () {
    yield* news.await
    yield* Effect.sleep(LOOK_EVERY_MS)
    news.closeUnsafe()
    for (const shard of asking) {
      const known = shards.get(shard)
      asking.delete(shard)
      if (known !== undefined) yield* Effect.ignore(ask(shard, known))
    }
  })
  yield* Effect.forkScoped(Effect.forever(looking))

  return {
    complete: (shard, message, { position, storedAtMs }) => {
      if (message.k !== "command" || message.o !== undefined) return message
      if (position === undefined || storedAtMs === undefined) return message
      const known = shards.get(shard) ?? { storedAtMs, floor: undefined }
      shards.set(shard, known)
      known.storedAtMs = Math.max(known.storedAtMs, storedAtMs)
      asking.add(shard)
      news.openUnsafe()
      const { floor } = known
      // A floor that reaches this message does not belong on it.
      const f = floor === undefined || floor.sequence >= position ? undefined : { f: rowOfFloor(floor) }
      return { ...message, o: [MAIL, 0, position, 0, storedAtMs], ...f }
    },
  }
})
