/**
 * Whether a mailbox, of timers or of messages, is still the one that this node has written to. A sentinel
 * with a new name shows it.
 *
 * Owns the node's tide. After something was stored it gets a new name, so that no earlier copy of the mailbox
 * has that name. It is named after one of the node's shards; the next owner of that shard removes old tides.
 * If the tide is gone, LostTimers.ts acts for timers and ParkedMail.ts for messages.
 */
import { Clock, Effect, Random } from "effect"
import type { MailboxError } from "../mailbox/Mailbox.ts"
import { monotonicMs } from "../time/MonotonicTime.ts"
import { sentinelToken, tideName, tidesOf } from "./TimerMarks.ts"

/** A shard of the node. */
export interface TideShard {
  readonly shard: number
  readonly slot: string
}

/** The place where the sentinels are stored. */
export interface TideSentinels {
  readonly place: (shard: number, name: string) => Effect.Effect<void, MailboxError>
  readonly remove: (shard: number, name: string) => Effect.Effect<void, MailboxError>
}

/**
 * Time after which a former owner of a shard has noticed the loss and looks for its tide no more, in
 * milliseconds.
 */
const CLEAN_AFTER_MS = 60_000

interface Tide {
  readonly at: TideShard
  readonly name: string
}

export interface MailboxTide {
  /** Something was stored in the mailbox. */
  readonly raise: () => void
  /** Places the next tide in the shard, if something was stored since the last one. */
  readonly place: (shard: TideShard) => Effect.Effect<void, MailboxError>
  /** Whether a tide was seen, so that a replaced mailbox is noticed. */
  readonly isSeen: () => boolean
  /** Whether the mailbox with these sentinels is the one of the last look. */
  readonly isSame: (sentinels: ReadonlySet<string>) => boolean
  /** Ends a look: the last tide counts from now on, and the one before is removed. */
  readonly turn: (sentinels: ReadonlySet<string>) => Effect.Effect<void, MailboxError>
  /** Removes what former owners of the shard have left, after this node has had the shard for a while. */
  readonly clean: (shard: TideShard, sentinels: ReadonlySet<string>) => Effect.Effect<void, MailboxError>
  /**
   * Another node has the shard from now on, and will remove the tides that are named after it. True: one is, so
   * the next tide has to be placed soon. The last one counts until then.
   */
  readonly release: (shard: TideShard) => boolean
}

export const makeMailboxTide = Effect.fnUntraced(function* (
  sentinels: TideSentinels,
): Effect.fn.Return<MailboxTide> {
  const random = yield* Random.Random
  const clock = yield* Clock.Clock
  let isRaised = false
  /** The tide that was last seen, and the tide that is, or may be, placed. */
  let seen: Tide | undefined
  let next: Tide | undefined
  /** Time of the cleaning of each slot, monotonic milliseconds; infinite when it is done. */
  const cleanAt = new Map<string, number>()

  return {
    raise: () => {
      isRaised = true
    },
    place: (at) =>
      Effect.suspend(() => {
        if (!isRaised && next === undefined) return Effect.void
        isRaised = false
        next ??= { at, name: tideName(at.slot, sentinelToken(random)) }
        return sentinels.place(next.at.shard, next.name)
      }),
    isSeen: () => seen !== undefined,
    isSame: (found) => [seen, next].every((tide) => tide === undefined || found.has(tide.name)),
    turn: (found) =>
      Effect.suspend(() => {
        const before = seen
        const hasNext = next !== undefined && found.has(next.name)
        if (!hasNext) {
          if (before !== undefined && !found.has(before.name)) seen = undefined
          return Effect.void
        }
        seen = next
        next = undefined
        return before === undefined ? Effect.void : sentinels.remove(before.at.shard, before.name)
      }),
    clean: ({ slot, shard }, found) => {
      const nowMs = monotonicMs(clock)
      const cleanAtMs = cleanAt.get(slot) ?? nowMs + CLEAN_AFTER_MS
      cleanAt.set(slot, nowMs < cleanAtMs ? cleanAtMs : Number.POSITIVE_INFINITY)
      if (nowMs < cleanAtMs) return Effect.void
      const left = tidesOf(found, slot).filter((name) => name !== seen?.name && name !== next?.name)
      return Effect.forEach(left, (name) => sentinels.remove(shard, name), { discard: true })
    },
    release: ({ slot }) => {
      cleanAt.delete(slot)
      if (next?.at.slot === slot) next = undefined
      else if (seen?.at.slot !== slot) return false
      isRaised = true
      return true
    },
  }
})
