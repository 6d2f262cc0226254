/** What the facts of the journal's contract are written with: actors of known shards, appending, reading, following. */
import { Effect, Stream } from "effect"
import { type ActorAddress, addressOf } from "../address/ActorAddress.ts"
import { Journal, type JournalRecord, type JournalService } from "../journal/Journal.ts"
import { CONTRACT_SHARD_COUNT } from "./ContractSuite.ts"

export const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)

/** An address whose shard is odd, and so of the same partition as all of these, in a journal of one or two. */
export const mate = (type: string, name: string): ActorAddress => {
  for (let count = 0; ; count++) {
    const address = addressOf(type, count === 0 ? name : `${name}~${count}`, CONTRACT_SHARD_COUNT)
    if (address.shard % 2 === 1) return address
  }
}

/** The partition of {@link mate}s. */
export const homeOf = (journal: JournalService): number => 1 % journal.partitionCount

const decoder = new TextDecoder()

export const order = (name: string): ActorAddress => mate("order", name)
export const payment = (name: string): ActorAddress => mate("payment", name)
export const texts = (records: ReadonlyArray<JournalRecord>): Array<string> =>
  records.map(({ data }) => decoder.decode(data))

/** Appends one after the other, again where a leader that is behind refuses it for now; returns the sequences. */
export const appendAll = Effect.fnUntraced(function* (
  address: ActorAddress,
  data: ReadonlyArray<string>,
  expected = 0,
) {
  const journal = yield* Journal
  const sequences: Array<number> = []
  for (const text of data) {
    const append = journal.append(address, sequences.at(-1) ?? expected, bytes(text))
    sequences.push(yield* Effect.retry(append, { times: 100, while: ({ reason }) => reason === "InFlight" }))
  }
  return sequences
})

/** Reads page by page until nothing is left. */
export const readAll = Effect.fnUntraced(function* (address: ActorAddress, upTo: number) {
  const journal = yield* Journal
  const pages: Array<ReadonlyArray<JournalRecord>> = []
  let after = 0
  while (true) {
    const page = yield* journal.read(address, { after, upTo })
    if (page.length === 0) return pages
    pages.push(page)
    after = page.at(-1)?.sequence ?? after
  }
})

/** The first `count` records that a follower sees. */
export const followCount = (
  options: { types: ReadonlyArray<string> | "all"; after: number; partition?: number },
  count: number,
) =>
  Effect.gen(function* () {
    const journal = yield* Journal
    return yield* journal.follow({ partition: homeOf(journal), ...options }).pipe(
      Stream.flatMap((batch) => Stream.fromIterable(batch)),
      Stream.take(count),
      Stream.runCollect,
    )
  })

export const numbered = (count: number, prefix = "e"): Array<string> =>
  Array.from({ length: count }, (_, index) => `${prefix}${index}`)
