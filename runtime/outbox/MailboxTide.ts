/**
 * Whether the mailbox of timers is still the one that this node has written to: a sentinel of a new name shows it.
 *
 * Owns the node's tide. After timers were set it gets a new name, so that no copy of the mailbox from before has it. It
 * lies in one of the node's shards; the next owner of that shard takes away what is left of it. What is done where the
 * tide is gone: LostTimers.ts.
 */
import { Effect, Random } from "effect"
import type { ShardPlace } from "../cluster/Slot.ts"
import type { MailboxError, MailboxService } from "../mailbox/Mailbox.ts"
import { tideName, tidesOf } from "./TimerMarks.ts"

interface Tide {
  readonly place: ShardPlace
  readonly name: string
}

export interface MailboxTide {
  /** A timer was set. */
  readonly raise: () => void
  /** Places the next tide in the place, if a timer was set since the last one. */
  readonly place: (place: ShardPlace) => Effect.Effect<void, MailboxError>
  /** Whether the mailbox with these sentinels is the one of the last look. */
  readonly isSame: (sentinels: ReadonlySet<string>) => boolean
  /** The look is done: the last tide counts from now on, and the one before is taken away. */
  readonly turn: (sentinels: ReadonlySet<string>) => Effect.Effect<void, MailboxError>
  /** Takes away what former owners of the place have left. */
  readonly clean: (place: ShardPlace, sentinels: ReadonlySet<string>) => Effect.Effect<void, MailboxError>
  /** This node loses the place. */
  readonly leave: (place: ShardPlace) => void
}

export const makeMailboxTide = Effect.fnUntraced(function* (
  mailbox: MailboxService,
): Effect.fn.Return<MailboxTide> {
  const random = yield* Random.Random
  let isRaised = false
  /** The last tide that was seen, and one that is to be, or may be, placed. */
  let seen: Tide | undefined
  let next: Tide | undefined

  return {
    raise: () => {
      isRaised = true
    },
    place: (place) =>
      Effect.suspend(() => {
        if (!isRaised && next === undefined) return Effect.void
        isRaised = false
        const token = Math.floor(random.nextDoubleUnsafe() * 2 ** 48).toString(36)
        next ??= { place, name: tideName(place.slot, token) }
        return mailbox.placeSentinel(next.place.shard, next.name)
      }),
    isSame: (sentinels) => [seen, next].every((tide) => tide === undefined || sentinels.has(tide.name)),
    turn: (sentinels) =>
      Effect.suspend(() => {
        const before = seen
        const hasNext = next !== undefined && sentinels.has(next.name)
        if (!hasNext) {
          if (before !== undefined && !sentinels.has(before.name)) seen = undefined
          return Effect.void
        }
        seen = next
        next = undefined
        return before === undefined ? Effect.void : mailbox.removeSentinel(before.place.shard, before.name)
      }),
    clean: ({ slot, shard }, sentinels) => {
      const left = tidesOf(sentinels, slot).filter((name) => name !== seen?.name && name !== next?.name)
      return Effect.forEach(left, (name) => mailbox.removeSentinel(shard, name), { discard: true })
    },
    leave: ({ slot }) => {
      if (seen?.place.slot !== slot && next?.place.slot !== slot) return
      seen = undefined
      next = undefined
      isRaised = true
    },
  }
})
