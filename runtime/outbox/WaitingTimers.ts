/**
 * What the actors of a shard wait for, folded from its journal without running any machine: timers that were
 * set and are not over, and messages that are due later.
 *
 * Owns the fold, and the items that place a timer again. LostTimers.ts places them.
 */
import { type ActorAddress, addressNamed } from "../address/ActorAddress.ts"
import { NOTHING_PENDING, type Pending, type PendingTimer, pendingAfter } from "../cell/Pending.ts"
import type { ShardEntry } from "../cluster/ShardMap.ts"
import { CommitUnreadable, decodeCommit, type Metadata } from "../commit/Commit.ts"
import { carryingOf, itemsOf, type PlacedItem } from "../commit/PlacedItem.ts"
import type { JournalRecord } from "../journal/Journal.ts"
import { RESERVED_ID_PREFIX } from "../message/OutboxItem.ts"
import { timerSlot } from "./Dispatcher.ts"
import { addCauses } from "./TimerCauses.ts"

/** Time after which an overdue timer counts as lost, in milliseconds. */
const OVERDUE_MS = 5_000

const timerItem = (
  from: ActorAddress,
  [n, { g, at, e }]: readonly [string, PendingTimer],
  nowMs: number,
  metadata?: Metadata,
): PlacedItem => ({
  item: { k: "timer", n, g, at, e },
  id: `${RESERVED_ID_PREFIX}${from.key}.${timerSlot(n, g)}`,
  from,
  sequence: 0,
  atMs: nowMs,
  metadata,
})

/** Timers whose message is long overdue, as items that place them again. */
export const overdueTimers = (
  from: ActorAddress,
  timers: Pending["timers"],
  nowMs: number,
): ReadonlyArray<PlacedItem> =>
  Array.from(timers)
    .filter(([, { at }]) => at < nowMs - OVERDUE_MS)
    .map((timer) => timerItem(from, timer, nowMs))

export class WaitingTimers {
  readonly #place: ShardEntry
  readonly #shardCount: number
  readonly #sinceMs: number
  readonly #pending = new Map<string, Pending>()
  /** Metadata of the pending timers' items: by actor, then by the timer's slot. */
  readonly #metadata = new Map<string, Map<string, Metadata>>()
  /** Messages that are due later. */
  #later: Array<PlacedItem> = []
  /** Whether a commit from before `sinceMs` carries something. */
  hasOlder = false

  constructor(place: ShardEntry, shardCount: number, sinceMs: number) {
    this.#place = place
    this.#shardCount = shardCount
    this.#sinceMs = sinceMs
  }

  /** Applies a record. Unreadable commits are skipped, because their actors are quarantined. */
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
    if (after.timers !== before.timers) this.#keepMetadata(record.key, after, items)
    if (after === NOTHING_PENDING) this.#pending.delete(record.key)
    else this.#pending.set(record.key, after)
    this.#later.push(
      ...items.filter(({ item }) => item.k === "tell" && item.at !== undefined && item.at > nowMs),
    )
  }

  /** Keeps the metadata of timers that are pending, and of no others. */
  #keepMetadata(key: string, { timers }: Pending, items: ReadonlyArray<PlacedItem>): void {
    const before = this.#metadata.get(key)
    const set = new Map<string, Metadata | undefined>()
    addCauses(set, items)
    const kept = new Map<string, Metadata>()
    for (const [n, { g }] of timers) {
      const slot = timerSlot(n, g)
      const metadata = set.get(slot) ?? before?.get(slot)
      if (metadata !== undefined) kept.set(slot, metadata)
    }
    if (kept.size === 0) this.#metadata.delete(key)
    else this.#metadata.set(key, kept)
  }

  items(nowMs: number): ReadonlyArray<PlacedItem> {
    const timers = Array.from(this.#pending).flatMap(([key, pending]) => {
      const from = addressNamed(key, this.#shardCount)
      if (from === undefined) return []
      const metadata = this.#metadata.get(key)
      return Array.from(pending.timers, (timer) =>
        timerItem(from, timer, nowMs, metadata?.get(timerSlot(timer[0], timer[1].g))),
      )
    })
    return [...timers, ...this.#later]
  }
}
