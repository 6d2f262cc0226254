/** What a commit carries, one item at a time, with the place that makes its id. */
import type { ActorAddress } from "../address/ActorAddress.ts"
import type { Origin } from "../message/Origin.ts"
import { type OutboxItem, outboxIdOf } from "../message/OutboxItem.ts"
import type { Commit, CommitEntry, Metadata } from "./Commit.ts"

/** An item with its place: which commit, which number in it. */
export interface PlacedItem {
  readonly item: OutboxItem
  readonly id: string
  readonly from: ActorAddress
  readonly sequence: number
  readonly atMs: number
  readonly metadata: Metadata | undefined
  /** What its receiver remembers it by; absent where no commit of an actor carries it. */
  readonly origin?: Origin
}

/** Who sends the items of a commit: the slot of its actor's shard, and the era of the commit. */
export type ItemSource = Pick<Origin, "source" | "era">

/** What of a commit carries items. */
export interface Carrying {
  /** Of its birth, which come first. */
  readonly born: ReadonlyArray<OutboxItem> | undefined
  readonly entries: ReadonlyArray<CommitEntry>
}

export const carryingOf = ({ b, entries }: Pick<Commit, "b" | "entries">): Carrying => ({
  born: b?.out,
  entries,
})

/** Whether a commit carries anything. */
export const isCarrying = ({ born, entries }: Carrying): boolean =>
  born !== undefined || entries.some(({ out }) => out !== undefined)

/** The items of a commit, in order; with their origins where it is said who sends them. */
export const itemsOf = (
  from: ActorAddress,
  sequence: number,
  atMs: number,
  { born, entries }: Carrying,
  source?: ItemSource,
): ReadonlyArray<PlacedItem> => {
  const items: Array<PlacedItem> = []
  const place = (item: OutboxItem, metadata: Metadata | undefined): void => {
    const index = items.length
    const placed = { item, id: outboxIdOf(sequence, atMs, index), from, sequence, atMs, metadata }
    items.push(source === undefined ? placed : { ...placed, origin: { ...source, sequence, index, atMs } })
  }
  if (born !== undefined) {
    // The first command of a birth is what it came from.
    const metadata = entries[0] && metadataOf(entries[0])
    for (const item of born) place(item, metadata)
  }
  for (const entry of entries) {
    if (entry.out === undefined) continue
    const metadata = metadataOf(entry)
    for (const item of entry.out) place(item, metadata)
  }
  return items
}

const metadataOf = ({ c, m }: CommitEntry): Metadata => ({ correlationId: c, ...m, causationId: c })
