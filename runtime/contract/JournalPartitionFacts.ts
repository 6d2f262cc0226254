/** What every journal honours about shards and partitions, however many it has. Part of JournalContract.ts. */
import { Effect, Stream } from "effect"
import { addressOf } from "../address/ActorAddress.ts"
import { Journal, type JournalRecord } from "../journal/Journal.ts"
import { CONTRACT_SHARD_COUNT, type Facts } from "./ContractSuite.ts"
import { expect } from "./Expectation.ts"
import { bytes } from "./JournalBench.ts"

/** Writes three rounds of commits of actors in every shard; returns the sequences by key. */
const writeEverywhere = Effect.gen(function* () {
  const journal = yield* Journal
  const addresses = Array.from({ length: 40 }, (_, index) =>
    addressOf("order", `o-${index}`, CONTRACT_SHARD_COUNT),
  )
  const sequences = new Map<string, Array<number>>()
  for (let round = 0; round < 3; round++) {
    for (const address of addresses) {
      const own = sequences.get(address.key) ?? []
      own.push(yield* journal.append(address, own.at(-1) ?? 0, bytes(`${round}`)))
      sequences.set(address.key, own)
    }
  }
  return { journal, addresses, sequences }
})

const ascending = (numbers: ReadonlyArray<number>) => numbers.toSorted((a, b) => a - b)

/** Registers the facts. */
export const partitionFacts = ({ describe, fact }: Facts<Journal>): void => {
  describe("partitions", () => {
    fact(
      "keeps a shard in the partition that its sequences name, ascending, none used twice",
      Effect.gen(function* () {
        const { journal, addresses, sequences } = yield* writeEverywhere
        const { partitionCount } = journal
        expect(new Set(addresses.map(({ shard }) => shard)).size).toBe(CONTRACT_SHARD_COUNT)
        for (const { key, shard } of addresses) {
          for (const sequence of sequences.get(key) ?? []) {
            expect(sequence % partitionCount).toBe(shard % partitionCount)
          }
          expect(sequences.get(key)).toEqual(ascending(sequences.get(key) ?? []))
        }
        const all = [...sequences.values()].flat()
        expect(new Set(all).size).toBe(all.length)
      }),
    )

    fact(
      "gives each record to the followers and scans of its partition alone, in order, and says where each ends",
      Effect.gen(function* () {
        const { journal, addresses, sequences } = yield* writeEverywhere
        for (let partition = 0; partition < journal.partitionCount; partition++) {
          const expected = ascending(
            addresses
              .filter(({ shard }) => shard % journal.partitionCount === partition)
              .flatMap(({ key }) => sequences.get(key) ?? []),
          )
          const from = (after: number, count: number) =>
            journal.follow({ types: ["order"], after, partition }).pipe(
              Stream.flatMap((batch) => Stream.fromIterable(batch)),
              Stream.take(count),
              Stream.runCollect,
            )
          const places = (records: ReadonlyArray<JournalRecord>) => records.map(({ sequence }) => sequence)
          expect(places(yield* from(0, expected.length))).toEqual(expected)
          const middle = expected[10] ?? 0
          expect(places(yield* from(middle, expected.length - 11))).toEqual(expected.slice(11))
          // A place of another partition says as clearly where to begin.
          expect(places(yield* from(middle - 1, expected.length - 10))).toEqual(expected.slice(10))
          const last = yield* journal.lastSequence(partition)
          expect(last).toBe(expected.at(-1))
          expect(places(yield* journal.scan({ after: 0, upTo: last }))).toEqual(expected)
          expect(places(yield* journal.scan({ after: middle - 1, upTo: last }))).toEqual(expected.slice(10))
          expect(places(yield* journal.scan({ after: middle - 1, upTo: middle }))).toEqual([middle])
        }
      }),
    )

    fact(
      "scans one shard, and says where it ends",
      Effect.gen(function* () {
        const { journal, addresses, sequences } = yield* writeEverywhere
        const upTo = Math.max(...[...sequences.values()].flat())
        for (let shard = 0; shard < CONTRACT_SHARD_COUNT; shard++) {
          const own = addresses.filter((address) => address.shard === shard)
          const expected = ascending(own.flatMap(({ key }) => sequences.get(key) ?? []))
          const records = yield* journal.scan({ shard, after: 0, upTo })
          expect(records.map(({ sequence }) => sequence)).toEqual(expected)
          const [first = 0] = expected
          const rest = yield* journal.scan({ shard, after: first, upTo: (expected.at(-1) ?? 0) - 1 })
          expect(rest.map(({ sequence }) => sequence)).toEqual(expected.slice(1, -1))
          expect(yield* journal.lastOfShard(shard)).toBe(expected.at(-1))
        }
      }),
    )

    fact(
      "knows of a shard and a partition without records that they have none",
      Effect.gen(function* () {
        const journal = yield* Journal
        expect(yield* journal.lastOfShard(3)).toBe(0)
        expect(yield* journal.scan({ shard: 3, after: 0, upTo: 100 })).toEqual([])
        for (let partition = 0; partition < journal.partitionCount; partition++) {
          expect(yield* journal.lastSequence(partition)).toBe(0)
        }
      }),
    )

    fact(
      "takes no sequence for an actor's last one but that itself, be it next to it",
      Effect.gen(function* () {
        const { journal, addresses, sequences } = yield* writeEverywhere
        for (const address of addresses.slice(0, 8)) {
          const last = sequences.get(address.key)?.at(-1) ?? 0
          for (const wrong of [last - 1, last + 1, last + journal.partitionCount]) {
            const error = yield* Effect.flip(journal.append(address, wrong, bytes("wrong")))
            expect(error).toMatchObject({ _tag: "AppendUnknown", reason: "WrongSequence" })
          }
          expect((yield* journal.last(address))?.sequence).toBe(last)
          const own = yield* journal.read(address, { after: 0, upTo: last + journal.partitionCount })
          expect(own.map(({ sequence }) => sequence)).toEqual(sequences.get(address.key))
        }
      }),
    )
  })
}
