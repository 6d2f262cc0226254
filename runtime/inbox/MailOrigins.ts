/**
 * Origins of messages that no commit of an actor carries, such as tells from outside: their position in the mailbox.
 *
 * Owns the origins and their floors. A message of the mailbox that was acknowledged is settled, and so is everything
 * before the oldest one that is not. The time of storing tells apart what a mailbox that was restored from an older copy
 * stores at a position that it has given before.
 */
import { Effect, Latch, type Scope } from "effect"
import type { Delivery, MailboxService } from "../mailbox/Mailbox.ts"
import type { Message } from "../mailbox/Message.ts"
import { type Floor, rowOfFloor } from "../message/Origin.ts"

/** Source of these origins. */
const MAIL = "mail"

/** Shortest time between two questions how far a shard's messages are acknowledged, in milliseconds. */
const LOOK_EVERY_MS = 5_000

/** What is known of a shard's messages. */
interface Known {
  /** Latest time at which a message was stored that was handed out here, Unix milliseconds of the mailbox's server. */
  storedAtMs: number
  floor: Floor | undefined
}

export interface MailOrigins {
  /** The message with its origin, where it has none and the mailbox tells its position. */
  readonly complete: (shard: number, message: Message, delivery: Delivery) => Message
}

export const makeMailOrigins = Effect.fnUntraced(function* (
  mailbox: MailboxService,
): Effect.fn.Return<MailOrigins, never, Scope.Scope> {
  const shards = new Map<number, Known>()
  /** Shards of which something was handed out since the last question. */
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

  /** A mailbox that cannot be asked now is asked later: until then more is remembered. */
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
      // A floor that is not above this message says nothing of it.
      const f = floor === undefined || floor.sequence >= position ? undefined : { f: rowOfFloor(floor) }
      return { ...message, o: [MAIL, 0, position, 0, storedAtMs], ...f }
    },
  }
})
