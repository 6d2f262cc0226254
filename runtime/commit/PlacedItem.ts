/** The items of a commit, each with its sequence and index, which make its id. */
import type { ActorAddress } from "../address/ActorAddress.ts"
import type { Origin } from "../message/Origin.ts"
import { type OutboxItem, outboxIdOf } from "../message/OutboxItem.ts"
import { type Commit, type CommitEntry, type Metadata, metadataCausedBy } from "./Commit.ts"

/** An item with the sequence of its commit and its index in the commit. */
export interface PlacedItem {
  readonly item: OutboxItem
  readonly id: string
  readonly from: ActorAddress
  readonly sequence: number
  readonly atMs: number
  readonly metadata: Metadata | undefined
  /** Origin by which the receiver remembers the item; absent if no commit of an actor carries it. */
  readonly origin?: Origin
}

/** Sender of a commit's items: the slot of its actor's shard, and the era of the commit. */
export type ItemSource = Pick<Origin, "source" | "era">

/** The parts of a commit that carry items. */
export interface Carrying {
  /** Items of the birth, which come first. */
  readonly born: ReadonlyArray<OutboxItem> | undefined
  readonly entries: ReadonlyArray<CommitEntry>
}

export const carryingOf = ({ b, entries }: Pick<Commit, "b" | "entries">): Carrying => ({
  born: b?.out,
  entries,
})

/** Whether a commit carries any items. */
export const isCarrying = ({ born, entries }: Carrying): boolean =>
  born !== undefined || entries.some(({ out }) => out !== undefined)

/** The items of a commit, in order; with origins if the sender is given. */
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
    const id = outboxIdOf(sequence, atMs, index)
    const placed = { item, id, from, sequence, atMs, metadata: causedBy(item, metadata) }
    items.push(source === undefined ? placed : { ...placed, origin: { ...source, sequence, index, atMs } })
  }
  if (born !== undefined) {
    // The metadata of a birth is that of the first command.
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

const metadataOf = ({ c, m }: CommitEntry): Metadata => metadataCausedBy(c, m)

/** Metadata of an item: that of its entry; an answer that comes late has the cause of its request. */
const causedBy = (item: OutboxItem, metadata: Metadata | undefined): Metadata | undefined => {
  if (item.k !== "answer" || item.co === undefined) return metadata
  const { trace: _ofEntry, ...rest } = metadata ?? {}
  return { ...rest, correlationId: item.co, ...(item.tr === undefined ? undefined : { trace: item.tr }) }
}
