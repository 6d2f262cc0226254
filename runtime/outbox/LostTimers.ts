/**
 * Timers whose schedules were lost are placed again, from the journal: it knows what every actor waits for.
 *
 * Owns noticing the loss. A sentinel of each shard lies among its schedules (Mailbox.ts). When it is gone, what lay
 * beside it is gone: an operator purged the mailbox, or its stream was deleted. The owner then reads the shard's journal
 * from its beginning, without running any machine, and places every timer that was set and is not over, and every
 * message that is due later. Placing what is still there changes nothing, because each has a slot of its own.
 *
 * A single timer that was lost is found when its actor comes into memory and the timer is long due.
 */
import { Cause, Clock, Effect, Exit, Latch, type Scope } from "effect"
import { type ActorAddress, addressNamed } from "../address/ActorAddress.ts"
import { NOTHING_PENDING, type Pending, type PendingTimer, pendingAfter } from "../cell/Pending.ts"
import type { ShardPlace, ShardPlaces } from "../cluster/Slot.ts"
import { CommitUnreadable, decodeCommit } from "../commit/Commit.ts"
import { carryingOf, itemsOf, type PlacedItem } from "../commit/PlacedItem.ts"
import { Journal, type JournalRecord } from "../journal/Journal.ts"
import { somePage } from "../journal/RecordPage.ts"
import { Mailbox } from "../mailbox/Mailbox.ts"
import { RESERVED_ID_PREFIX } from "../message/OutboxItem.ts"
import { timerSlot } from "./Dispatcher.ts"

/**
 * Pause between two looks at the sentinels, in milliseconds: doubled up to the longest while nothing is missing, and as
 * short as at first when this node gets a shard or an actor here sets a timer.
 */
const LOOK_FIRST_MS = 10_000
const LOOK_MAX_MS = 3_600_000

/** Time for a node to get its shards before it looks, in milliseconds. */
const SETTLE_MS = 1_000

/** Shards whose journal is read at once, and items of a shard that are placed at once. */
const SHARDS_AT_ONCE_MAX = 2
const PLACED_AT_ONCE_MAX = 64

/** A timer that is due for longer has lost its message, in milliseconds. */
const OVERDUE_MS = 5_000

export interface LostTimers {
  /** This node has the place now. */
  readonly open: (place: number) => void
  readonly close: (place: number) => void
  /** An actor of this node has set a timer. */
  readonly set: () => void
}

const timerItem = (
  from: ActorAddress,
  [n, { g, at, e }]: readonly [string, PendingTimer],
  nowMs: number,
): PlacedItem => ({
  item: { k: "timer", n, g, at, e },
  id: `${RESERVED_ID_PREFIX}${from.key}.${timerSlot(n, g)}`,
  from,
  sequence: 0,
  atMs: nowMs,
  metadata: undefined,
})

/** Timers whose message should have come long ago, as items that place them again. */
export const overdueTimers = (
  from: ActorAddress,
  timers: Pending["timers"],
  nowMs: number,
): ReadonlyArray<PlacedItem> =>
  Array.from(timers)
    .filter(([, { at }]) => at < nowMs - OVERDUE_MS)
    .map((timer) => timerItem(from, timer, nowMs))

/** What the actors of a shard wait for, folded from its journal. */
class Waiting {
  readonly #place: ShardPlace
  readonly #shardCount: number
  readonly #sinceMs: number
  readonly #pending = new Map<string, Pending>()
  /** Messages that are due later. */
  #later: Array<PlacedItem> = []
  /** Some commit from before `sinceMs` carries something. */
  hasOlder = false

  constructor(place: ShardPlace, shardCount: number, sinceMs: number) {
    this.#place = place
    this.#shardCount = shardCount
    this.#sinceMs = sinceMs
  }

  /** Commits that cannot be read are left out: their actors are quarantined. */
  apply(record: JournalRecord, nowMs: number): void {
    const from = addressNamed(record.key, this.#shardCount)
    if (from === undefined || !this.#place.group.types.includes(from.type)) return
    let commit: ReturnType<typeof decodeCommit>
    try {
      commit = decodeCommit(record)
    } catch (cause) {
      if (cause instanceof CommitUnreadable) return
      throw cause
    }
    const items = itemsOf(from, record.sequence, commit.at, carryingOf(commit))
    if (items.length === 0) return
    if (commit.at < this.#sinceMs) this.hasOlder = true
    const before = this.#pending.get(record.key) ?? NOTHING_PENDING
    const after = pendingAfter(
      before,
      items.map(({ item }) => item),
    )
    if (after === NOTHING_PENDING) this.#pending.delete(record.key)
    else this.#pending.set(record.key, after)
    this.#later.push(
      ...items.filter(({ item }) => item.k === "tell" && item.at !== undefined && item.at > nowMs),
    )
  }

  items(nowMs: number): ReadonlyArray<PlacedItem> {
    const timers = Array.from(this.#pending).flatMap(([key, pending]) => {
      const from = addressNamed(key, this.#shardCount)
      return from === undefined ? [] : Array.from(pending.timers, (timer) => timerItem(from, timer, nowMs))
    })
    return [...timers, ...this.#later]
  }
}

/** `send` sends one item, for as long as it takes. */
export const makeLostTimers = Effect.fnUntraced(function* (
  places: ShardPlaces,
  send: (item: PlacedItem) => Effect.Effect<void>,
): Effect.fn.Return<LostTimers, never, Journal | Mailbox | Scope.Scope> {
  const journal = yield* Journal
  const mailbox = yield* Mailbox
  const clock = yield* Clock.Clock
  /** When this node got each place, Unix milliseconds. */
  const open = new Map<number, number>()
  /** Places whose sentinel this node has seen or placed. */
  const guarded = new Set<number>()
  const someOpen = Latch.makeUnsafe(false)
  const soon = Latch.makeUnsafe(false)
  let pauseMs = LOOK_FIRST_MS

  const read = Effect.fnUntraced(function* (
    { shard }: ShardPlace,
    waiting: Waiting,
    end: number,
    nowMs: number,
  ) {
    let after = 0
    while (after < end) {
      const page = yield* somePage(journal.scan({ shard, after, upTo: end }), `shard ${shard} after ${after}`)
      for (const record of page) waiting.apply(record, nowMs)
      after = page.at(-1)?.sequence ?? end
    }
    return waiting.items(nowMs)
  })

  /**
   * Places what the shard waits for; how much of it was lost. Nothing was where this node is the first to look and all
   * commits are its own: there was no sentinel before.
   */
  const restore = Effect.fnUntraced(function* (index: number) {
    const place = places.all[index] as ShardPlace
    const { shard, slot } = place
    const end = yield* journal.lastOfShard(shard)
    if (end === 0) return yield* Effect.as(mailbox.placeSentinel(shard, slot), 0)
    // A second loss while the first one is mended takes this one, too: all of it is then done again.
    const mending = `${slot}.mending`
    yield* mailbox.placeSentinel(shard, mending)
    const waiting = new Waiting(place, places.shardCount, open.get(index) ?? Number.POSITIVE_INFINITY)
    const last = yield* journal.lastOfShard(shard)
    const items = yield* read(place, waiting, last, yield* Clock.currentTimeMillis)
    yield* Effect.forEach(items, send, { concurrency: PLACED_AT_ONCE_MAX, discard: true })
    if ((yield* mailbox.sentinels).has(mending)) yield* mailbox.placeSentinel(shard, slot)
    return guarded.has(index) || waiting.hasOlder ? items.length : 0
  })

  const look = Effect.gen(function* () {
    const found = yield* mailbox.sentinels
    const looked = [...open.keys()]
    const missing = looked.filter((index) => !found.has(places.all[index]?.slot ?? ""))
    const restored = yield* Effect.forEach(missing, (index) => Effect.exit(restore(index)), {
      concurrency: SHARDS_AT_ONCE_MAX,
    })
    const lostCounts = restored.flatMap((exit) =>
      Exit.isSuccess(exit) && exit.value > 0 ? [exit.value] : [],
    )
    const lostCount = lostCounts.reduce((sum, count) => sum + count, 0)
    if (lostCount > 0) {
      yield* Effect.logWarning(
        `Schedules of ${lostCounts.length} shards were lost from the mailbox: ${lostCount} timers and later messages ` +
          "were placed again, from the journal.",
      )
    }
    const isFailed = restored.map(Exit.isFailure)
    const failed = new Set(missing.filter((_, at) => isFailed[at]))
    for (const index of looked) if (open.has(index) && !failed.has(index)) guarded.add(index)
    yield* restored.find(Exit.isFailure) ?? Exit.void
  })

  const looking = Effect.gen(function* () {
    let isFailing = false
    while (true) {
      if (open.size === 0) someOpen.closeUnsafe()
      yield* someOpen.await
      yield* Effect.sleep(SETTLE_MS)
      const exit = yield* Effect.exit(look)
      if (Exit.isFailure(exit) && !isFailing) {
        yield* Effect.logWarning("Lost timers cannot be looked for now.", Cause.squash(exit.cause))
      }
      isFailing = Exit.isFailure(exit)
      soon.closeUnsafe()
      yield* Effect.sleep(LOOK_FIRST_MS)
      // Nothing new here: the next look can wait, unless something comes meanwhile.
      yield* Effect.timeoutOption(soon.await, isFailing ? 0 : pauseMs)
      pauseMs = Math.min(pauseMs * 2, LOOK_MAX_MS)
    }
  })
  yield* Effect.forkScoped(looking)

  const lookSoon = (): void => {
    pauseMs = LOOK_FIRST_MS
    soon.openUnsafe()
  }

  return {
    open: (place) => {
      open.set(place, clock.currentTimeMillisUnsafe())
      someOpen.openUnsafe()
      lookSoon()
    },
    close: (place) => {
      open.delete(place)
      guarded.delete(place)
    },
    set: lookSoon,
  }
})
