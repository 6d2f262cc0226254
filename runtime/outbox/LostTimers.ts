/**
 * Places timers again whose schedules were lost. The journal knows what every actor waits for.
 *
 * Owns detecting the loss. A sentinel of each shard is among its schedules (../mailbox/Mailbox.ts): a mark
 * with the sequence up to which the shard's timers are placed (TimerMarks.ts). Nodes of earlier releases, and
 * the node that makes the mailbox, place a sentinel without a number. If there is only that sentinel, nothing
 * was lost. Without a mark all timers are lost: an operator purged the mailbox, or its stream was deleted.
 * With a lower mark the later timers are lost: an older copy replaced the mailbox. The owner then reads the
 * shard's journal from that mark (WaitingTimers.ts) and places what it finds. Placing a timer that is still
 * there changes nothing, because each timer has its own slot. A new owner does the same from the mark on,
 * because it cannot know of an older copy. Between two marks the node's tide shows that a copy replaced the
 * mailbox (MailboxTide.ts): then all its shards are read from their marks on.
 *
 * A single lost timer is found when its actor comes into memory and the timer is long overdue.
 */
import { Cause, Clock, Effect, Exit, Latch, Random, type Scope } from "effect"
import type { ShardEntry, ShardMap } from "../cluster/ShardMap.ts"
import type { PlacedItem } from "../commit/PlacedItem.ts"
import { Journal } from "../journal/Journal.ts"
import type { ShardPages } from "../journal/ShardPages.ts"
import { Mailbox } from "../mailbox/Mailbox.ts"
import { makeMailboxTide } from "./MailboxTide.ts"
import { marksBelow, markToken, type TimerMark, timerMark, timerMarksOf, witnessOf } from "./TimerMarks.ts"
import { WaitingTimers } from "./WaitingTimers.ts"

/**
 * Shortest pause between two looks at the sentinels, in milliseconds. A copy that replaces the mailbox must
 * be at least twice this older than the mailbox: a younger copy might lack timers and have the last tide.
 */
const LOOK_MIN_MS = 1_000

/**
 * Pause between two looks while no timer is set, in milliseconds. It doubles up to the longest, and starts
 * over when this node gets a shard or an actor here sets a timer.
 */
const LOOK_FIRST_MS = 10_000
const LOOK_MAX_MS = 3_600_000

/**
 * Shortest pause between two marks of a shard, in milliseconds. A new owner reads what was written since the
 * last mark.
 */
const MARK_EVERY_MS = 10_000

/** Sequences after which a shard gets a mark even if no timer was set, because a new owner reads them. */
const MARK_EVERY_SEQUENCES = 100_000

/** Time that a node waits for its shards before the first look, in milliseconds. */
const SETTLE_MS = 1_000

/**
 * Bound on shards whose journal is read at once, in one pass. What their actors wait for is in memory meanwhile.
 */
const SHARDS_AT_ONCE_MAX = 16

/** Bound on items of a shard that are placed at once, and on marks. */
const PLACED_AT_ONCE_MAX = 64

export interface LostTimers {
  /** This node now has the shard. */
  readonly open: (shardIndex: number) => void
  readonly close: (shardIndex: number) => void
  /** A timer or later message of the shard's commit at `sequence` is in the mailbox. */
  readonly scheduled: (shardIndex: number, sequence: number) => void
  /** A commit of the shard is stored. */
  readonly stored: (shardIndex: number, sequence: number) => void
}

/** What the owner of a shard knows of its timers. */
interface Guarded {
  readonly entry: ShardEntry
  /** Time at which this node got the shard, Unix milliseconds. */
  readonly sinceMs: number
  /** Sequence of the mark that was last seen; `undefined` before the first look. */
  upTo: number | undefined
  /** Lowest sequence for the next mark. */
  wanted: number
  /** Time at which the last mark was placed, Unix milliseconds. */
  markedAtMs: number
  /** Whether another mailbox may have replaced the one with the mark. */
  isDoubted: boolean
}

/** A mark whose witness was placed and not seen yet. */
interface WitnessedMark {
  readonly guarded: Guarded
  readonly mark: TimerMark
}

/**
 * `send` sends one item, until it succeeds. `pages`: what the shards' journals hold. `placedUpTo`: sequence up to which a
 * shard's timers are in the mailbox.
 */
export const makeLostTimers = Effect.fnUntraced(function* (
  shardMap: ShardMap,
  send: (item: PlacedItem) => Effect.Effect<void>,
  pages: ShardPages,
  placedUpTo: (shardIndex: number) => number | undefined,
): Effect.fn.Return<LostTimers, never, Journal | Mailbox | Scope.Scope> {
  const journal = yield* Journal
  const mailbox = yield* Mailbox
  const clock = yield* Clock.Clock
  const random = yield* Random.Random
  const tide = yield* makeMailboxTide({ place: mailbox.placeSentinel, remove: mailbox.removeSentinel })
  const open = new Map<number, Guarded>()
  const someOpen = Latch.makeUnsafe(false)
  const soon = Latch.makeUnsafe(false)
  let pauseMs = LOOK_FIRST_MS

  /** Sequence of the shard's lowest mark. */
  const lowestOf = ({ entry }: Guarded, found: ReadonlySet<string>) =>
    timerMarksOf(found, entry.slot)[0]?.sequence

  /**
   * Whether the mark before the next one is there. Where no mark was seen yet, it is the sentinel without a
   * number.
   */
  const isMarkBeforeIn = (guarded: Guarded, found: ReadonlySet<string>) =>
    lowestOf(guarded, found) === guarded.upTo && (guarded.upTo !== undefined || found.has(guarded.entry.slot))

  /** Places the waiting timers and messages of commits after `from`. Returns their number. */
  const restore = Effect.fnUntraced(function* (shard: number, from: number, waiting: WaitingTimers) {
    const end = yield* journal.lastOfShard(shard)
    const nowMs = yield* Clock.currentTimeMillis
    let after = from > end ? 0 : from
    while (after < end) {
      const { records, upTo } = yield* pages({ shard, after, upTo: end })
      for (const record of records) waiting.apply(record, nowMs)
      after = upTo
    }
    const items = waiting.items(nowMs)
    yield* Effect.forEach(items, send, { concurrency: PLACED_AT_ONCE_MAX, discard: true })
    return { count: items.length, end }
  })

  /**
   * Looks at one shard, and places what may be missing. Returns the number of lost timers. It is 0 if this
   * node is the first to look and all commits are its own, because there was no sentinel before.
   */
  const check = Effect.fnUntraced(function* (guarded: Guarded, found: ReadonlySet<string>) {
    const { entry, upTo, sinceMs, isDoubted } = guarded
    const { shard, slot } = entry
    const lowest = lowestOf(guarded, found)
    const isKept = lowest !== undefined && upTo !== undefined && lowest >= upTo
    if (isKept && !isDoubted) {
      // Another node that believes that it owns the shard may have moved the mark.
      guarded.upTo = lowest
      return 0
    }
    // Nodes of an earlier release have placed the timers.
    if (lowest === undefined && upTo === undefined && found.has(slot)) return 0
    // A mark must not be trusted while the work below is only half done.
    guarded.isDoubted = true
    // A loss during this work removes the mark as well, so all of it is done again.
    if (lowest === undefined) yield* mailbox.placeSentinel(shard, timerMark(slot, 0, markToken(random)).name)
    const waiting = new WaitingTimers(entry, shardMap.shardCount, sinceMs)
    const { count, end } = yield* restore(shard, lowest ?? 0, waiting)
    if (count > 0) {
      tide.raise()
      lookSoon()
    }
    guarded.upTo = lowest ?? 0
    guarded.wanted = Math.max(guarded.wanted, end)
    guarded.isDoubted = false
    return upTo !== undefined || (lowest === undefined && waiting.hasOlder) ? count : 0
  })

  /** Places the witness of a higher mark if one is wanted. */
  const witness = Effect.fnUntraced(function* (guarded: Guarded, shardIndex: number) {
    const { entry, upTo, wanted, markedAtMs } = guarded
    const sequence = placedUpTo(shardIndex)
    const nowMs = yield* Clock.currentTimeMillis
    const isDue = upTo === undefined || (wanted > upTo && nowMs - markedAtMs >= MARK_EVERY_MS)
    if (sequence === undefined || !isDue || sequence <= (upTo ?? -1)) return []
    const mark = timerMark(entry.slot, sequence, markToken(random))
    yield* mailbox.placeSentinel(entry.shard, witnessOf(entry.slot, mark))
    guarded.markedAtMs = nowMs
    return [{ guarded, mark } satisfies WitnessedMark]
  })

  /**
   * Places the mark if its witness and the mark before it are there, because nothing was lost in between.
   * Then removes lower marks. Otherwise removes the witness.
   */
  const confirm = Effect.fnUntraced(function* ({ guarded, mark }: WitnessedMark, found: ReadonlySet<string>) {
    const { shard, slot } = guarded.entry
    const ofMark = witnessOf(slot, mark)
    const isNext = tide.isSame(found) && found.has(ofMark) && isMarkBeforeIn(guarded, found)
    if (!isNext) return yield* mailbox.removeSentinel(shard, ofMark)
    yield* mailbox.placeSentinel(shard, mark.name)
    guarded.upTo = mark.sequence
    for (const name of marksBelow(found, slot, mark.sequence)) yield* mailbox.removeSentinel(shard, name)
  })

  const markAll = Effect.fnUntraced(function* (checked: ReadonlyArray<readonly [number, Guarded]>) {
    const concurrency = PLACED_AT_ONCE_MAX
    const placed = yield* Effect.forEach(checked, ([shardIndex, guarded]) => witness(guarded, shardIndex), {
      concurrency,
    })
    if (placed.every(({ length }) => length === 0)) return
    const found = yield* mailbox.sentinels
    yield* Effect.forEach(placed.flat(), (each) => confirm(each, found), { concurrency, discard: true })
  })

  const look = Effect.gen(function* () {
    const guarded = Array.from(open)
    const [first] = guarded
    if (first !== undefined) yield* tide.place(first[1].entry)
    const found = yield* mailbox.sentinels
    if (!tide.isSame(found)) for (const [, each] of guarded) each.isDoubted = true
    yield* tide.turn(found)
    for (const [, { entry }] of guarded) yield* tide.clean(entry, found)
    const concurrency = SHARDS_AT_ONCE_MAX
    const exits = yield* Effect.forEach(guarded, ([, each]) => Effect.exit(check(each, found)), {
      concurrency,
    })
    // The items that were placed again can be lost again, so the tide is placed too.
    if (first !== undefined) yield* tide.place(first[1].entry)
    const lost = exits.flatMap((exit) => (Exit.isSuccess(exit) && exit.value > 0 ? [exit.value] : []))
    if (lost.length > 0) {
      const lostCount = lost.reduce((sum, count) => sum + count, 0)
      yield* Effect.logWarning(
        `Schedules of ${lost.length} shards were lost from the mailbox: ${lostCount} timers and later messages ` +
          "were placed again, from the journal.",
      )
    }
    const isChecked = exits.map(Exit.isSuccess)
    yield* markAll(guarded.filter(([shardIndex], at) => isChecked[at] && open.has(shardIndex)))
    yield* exits.find(Exit.isFailure) ?? Exit.void
  })

  const looking = Effect.gen(function* () {
    let isFailing = false
    let settleMs = SETTLE_MS
    while (true) {
      if (open.size === 0) {
        someOpen.closeUnsafe()
        settleMs = SETTLE_MS
      }
      yield* someOpen.await
      yield* Effect.sleep(settleMs)
      settleMs = 0
      soon.closeUnsafe()
      const exit = yield* Effect.exit(look)
      if (Exit.isFailure(exit) && !isFailing) {
        yield* Effect.logWarning("Lost timers cannot be looked for now.", Cause.squash(exit.cause))
      }
      isFailing = Exit.isFailure(exit)
      yield* Effect.sleep(LOOK_MIN_MS)
      // Nothing new happened, so the next look can wait unless something comes meanwhile.
      const waitMs = isFailing ? LOOK_FIRST_MS : pauseMs
      pauseMs = Math.min(waitMs * 2, LOOK_MAX_MS)
      yield* Effect.timeoutOption(soon.await, waitMs)
    }
  })
  yield* Effect.forkScoped(looking)

  const lookSoon = (): void => {
    pauseMs = LOOK_FIRST_MS
    soon.openUnsafe()
  }

  const wish = ({ wanted }: Guarded, sequence: number) => Math.max(wanted, sequence)

  return {
    open: (shardIndex) => {
      const entry = shardMap.all[shardIndex] as ShardEntry
      const sinceMs = clock.currentTimeMillisUnsafe()
      const nothing = {
        upTo: undefined,
        wanted: 0,
        markedAtMs: Number.NEGATIVE_INFINITY,
        isDoubted: false,
      }
      open.set(shardIndex, { entry, sinceMs, ...nothing })
      someOpen.openUnsafe()
      lookSoon()
    },
    close: (shardIndex) => {
      const guarded = open.get(shardIndex)
      if (guarded === undefined) return
      open.delete(shardIndex)
      if (tide.release(guarded.entry)) lookSoon()
    },
    scheduled: (shardIndex, sequence) => {
      tide.raise()
      const guarded = open.get(shardIndex)
      if (guarded !== undefined) guarded.wanted = wish(guarded, sequence)
      lookSoon()
    },
    stored: (shardIndex, sequence) => {
      const guarded = open.get(shardIndex)
      if (guarded?.upTo === undefined || sequence - guarded.upTo < MARK_EVERY_SEQUENCES) return
      guarded.wanted = wish(guarded, sequence)
      lookSoon()
    },
  }
})
