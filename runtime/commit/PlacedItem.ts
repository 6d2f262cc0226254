/** What a commit carries, one item at a time, with the place that makes its id. */
import type { ActorAddress } from "../address/ActorAddress.ts"
import type { Origin } from "../message/Origin.ts"
import { type OutboxItem, outboxIdOf } from "../message/OutboxItem.ts"
import type { CommitEntry, Metadata } from "./Commit.ts"

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

/** The items of a commit, in order; with their origins where it is said who sends them. */
export const itemsOf = (
  from: ActorAddress,
  sequence: number,
  atMs: number,
  entries: ReadonlyArray<CommitEntry>,
  source?: ItemSource,
): ReadonlyArray<PlacedItem> => {
  const items: Array<PlacedItem> = []
  for (const { c, m, out } of entries) {
    if (out === undefined) continue
    const metadata = { correlationId: c, ...m, causationId: c }
    for (const item of out) {
      const index = items.length
      const placed = { item, id: outboxIdOf(sequence, atMs, index), from, sequence, atMs, metadata }
      items.push(source === undefined ? placed : { ...placed, origin: { ...source, sequence, index, atMs } })
    }
  }
  return items
}
