/** What a commit carries, one item at a time, with the place that makes its id. */
import type { ActorAddress } from "../address/ActorAddress.ts"
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
}

/** The items of a commit, in order. */
export const itemsOf = (
  from: ActorAddress,
  sequence: number,
  atMs: number,
  entries: ReadonlyArray<CommitEntry>,
): ReadonlyArray<PlacedItem> => {
  const items: Array<PlacedItem> = []
  for (const { c, m, out } of entries) {
    if (out === undefined) continue
    const metadata = { correlationId: c, ...m, causationId: c }
    for (const item of out) {
      items.push({ item, id: outboxIdOf(sequence, atMs, items.length), from, sequence, atMs, metadata })
    }
  }
  return items
}
