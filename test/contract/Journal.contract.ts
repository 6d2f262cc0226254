/**
 * What every journal honours: the port's promises (runtime/journal/Journal.ts) as facts, run on each adapter by
 * `JournalMemory.test.ts` and `JournalNats.test.ts`. A new adapter calls `journalContract` with its layer.
 */
import { Effect, Fiber, type Layer, Result, Stream } from "effect"
import { afterAll, describe, expect } from "vitest"
import { type ActorAddress, addressOf } from "../../runtime/address/ActorAddress.ts"
import {
  AppendUnknown,
  JOURNAL_PAGE_BYTES_MAX,
  JOURNAL_PAGE_RECORDS_MAX,
  Journal,
  type JournalRecord,
  JournalRefused,
} from "../../runtime/journal/Journal.ts"
import { JournalBehaviours } from "./JournalBehaviours.ts"
import { callbackFacts } from "./JournalCallback.contract.ts"
import { bytes, CONTRACT_SHARD_COUNT, homeOf, journalFact, mate } from "./JournalFact.ts"
import { partitionFacts } from "./JournalPartitions.contract.ts"

const decoder = new TextDecoder()

const order = (name: string): ActorAddress => mate("order", name)
const payment = (name: string): ActorAddress => mate("payment", name)
const texts = (records: ReadonlyArray<JournalRecord>): Array<string> =>
  records.map(({ data }) => decoder.decode(data))

/** Appends one after the other, again where a leader that is behind refuses it for now; returns the sequences. */
const appendAll = Effect.fnUntraced(function* (
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
const readAll = Effect.fnUntraced(function* (address: ActorAddress, upTo: number) {
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
const followCount = (
  options: { types: ReadonlyArray<string>; after: number; partition?: number },
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

const numbered = (count: number, prefix = "e"): Array<string> =>
  Array.from({ length: count }, (_, index) => `${prefix}${index}`)

/** Runs the suite. `makeLayer` gives a fresh, empty journal of one partition or two each time. */
export const journalContract = (name: string, makeLayer: () => Layer.Layer<Journal, unknown>): void => {
  const behaviours = new JournalBehaviours()
  const fact = journalFact(behaviours, makeLayer)

  describe(`${name} journal`, () => {
    /** What simulations rest on shows all that this one does. */
    afterAll(() => behaviours.expectSimulated())

    partitionFacts(fact)
    callbackFacts(fact)

    describe("append", () => {
      fact(
        "gives ascending sequences and shows the last record",
        Effect.gen(function* () {
          const journal = yield* Journal
          expect(yield* journal.lastSequence(homeOf(journal))).toBe(0)
          expect(yield* journal.last(order("a"))).toBeUndefined()
          const [first, second] = yield* appendAll(order("a"), ["one", "two"])
          expect(second).toBeGreaterThan(first ?? 0)
          const last = yield* journal.last(order("a"))
          expect(last?.sequence).toBe(second)
          expect(last?.key).toBe(order("a").key)
          expect(decoder.decode(last?.data)).toBe("two")
          expect(yield* journal.lastSequence(homeOf(journal))).toBe(second)
          yield* journal.check
        }),
      )

      fact(
        "stores nothing at a wrong sequence",
        Effect.gen(function* () {
          const journal = yield* Journal
          const [first = 0] = yield* appendAll(order("a"), ["one"])
          for (const expected of [0, first + 1]) {
            const result = yield* Effect.result(journal.append(order("a"), expected, bytes("two")))
            expect(Result.isFailure(result) && result.failure).toMatchObject({
              _tag: "AppendUnknown",
              reason: "WrongSequence",
            })
          }
          expect((yield* journal.last(order("a")))?.sequence).toBe(first)
        }),
      )

      fact(
        "takes the expected sequence 0 only for an actor without records, whatever others wrote",
        Effect.gen(function* () {
          const journal = yield* Journal
          yield* appendAll(order("a"), ["one"])
          yield* appendAll(order("b"), ["one"])
          const error = yield* Effect.flip(journal.append(order("b"), 0, bytes("again")))
          expect(error).toBeInstanceOf(AppendUnknown)
        }),
      )

      fact(
        "lets exactly one of many appends at the same sequence win",
        Effect.gen(function* () {
          const journal = yield* Journal
          let expected = 0
          for (let round = 0; round < 5; round++) {
            const attempts = numbered(16, `round ${round} by `).map((text) =>
              Effect.result(journal.append(order("a"), expected, bytes(text))),
            )
            const results = yield* Effect.all(attempts, { concurrency: "unbounded" })
            const winners = results.flatMap((result) => (Result.isSuccess(result) ? [result.success] : []))
            expect(winners).toHaveLength(1)
            expected = winners[0] ?? 0
          }
          const pages = yield* readAll(order("a"), expected)
          expect(pages.flat()).toHaveLength(5)
        }),
      )

      fact(
        "FAULT 36: refuses a commit over its limit before it is sent, and takes one at the limit",
        Effect.gen(function* () {
          const journal = yield* Journal
          const filled = (size: number) => new Uint8Array(size).fill(32)
          const error = yield* Effect.flip(journal.append(order("a"), 0, filled(journal.commitBytesMax + 1)))
          expect(error).toBeInstanceOf(JournalRefused)
          expect(error.reason).toBe("TooLarge")
          const sequence = yield* journal.append(order("a"), 0, filled(journal.commitBytesMax))
          const [record] = yield* journal.read(order("a"), { after: 0, upTo: sequence })
          expect(record?.data.length).toBe(journal.commitBytesMax)
        }),
      )

      fact(
        "keeps an empty commit and arbitrary bytes as they are",
        Effect.gen(function* () {
          const journal = yield* Journal
          const all = Uint8Array.from({ length: 256 }, (_, index) => index)
          const first = yield* journal.append(order("a"), 0, new Uint8Array())
          const second = yield* journal.append(order("a"), first, all)
          const records = yield* journal.read(order("a"), { after: 0, upTo: second })
          expect(records.map(({ data }) => [...data])).toEqual([[], [...all]])
          expect([...((yield* journal.last(order("a")))?.data ?? [])]).toEqual([...all])
        }),
      )

      fact(
        "FAULT 38: keeps actors apart whose ids have dots, wildcards, spaces and Unicode",
        Effect.gen(function* () {
          const journal = yield* Journal
          const ids = [
            "a.b",
            "a b",
            "a*b",
            "a>b",
            "*",
            ">",
            ".",
            "..",
            "주문-42",
            "😀",
            "a\r\nb",
            "a/b",
            "a%2Eb",
            "€".repeat(80),
          ]
          const raw = (id: string) => addressOf("order", id, CONTRACT_SHARD_COUNT)
          for (const id of ids) yield* appendAll(raw(id), [`1 ${id}`, `2 ${id}`])
          for (const id of ids) {
            const last = yield* journal.last(raw(id))
            expect(last?.key).toBe(raw(id).key)
            expect(texts(yield* journal.read(raw(id), { after: 0, upTo: last?.sequence ?? 0 }))).toEqual([
              `1 ${id}`,
              `2 ${id}`,
            ])
          }
          for (let partition = 0; partition < journal.partitionCount; partition++) {
            const there = ids.map(raw).filter(({ shard }) => shard % journal.partitionCount === partition)
            const seen = yield* followCount({ types: ["order"], after: 0, partition }, 2 * there.length)
            expect(new Set(seen.map(({ key }) => key))).toEqual(new Set(there.map(({ key }) => key)))
          }
        }),
      )
    })

    describe("read", () => {
      fact(
        "gives an actor's own records in order, after and up to what is asked",
        Effect.gen(function* () {
          const journal = yield* Journal
          const own = yield* appendAll(order("a"), numbered(3))
          yield* appendAll(order("b"), numbered(3, "foreign "))
          own.push(...(yield* appendAll(order("a"), ["e3"], own.at(-1))))
          const upTo = own[3] ?? 0
          expect(texts(yield* journal.read(order("a"), { after: 0, upTo }))).toEqual(["e0", "e1", "e2", "e3"])
          expect(texts(yield* journal.read(order("a"), { after: own[0] ?? 0, upTo: own[2] ?? 0 }))).toEqual([
            "e1",
            "e2",
          ])
          expect(yield* journal.read(order("a"), { after: upTo, upTo })).toEqual([])
          expect(yield* journal.read(order("nobody"), { after: 0, upTo })).toEqual([])
        }),
      )

      fact(
        "ends where the actor ends when asked up to a later sequence of others",
        Effect.gen(function* () {
          const journal = yield* Journal
          yield* appendAll(order("a"), ["e0"])
          yield* appendAll(order("b"), numbered(5, "foreign "))
          const upTo = yield* journal.lastSequence(homeOf(journal))
          expect(texts(yield* journal.read(order("a"), { after: 0, upTo }))).toEqual(["e0"])
        }),
      )

      fact(
        "FAULT 66: pages a long history by count, without gap or repeat",
        Effect.gen(function* () {
          const count = 2 * JOURNAL_PAGE_RECORDS_MAX + 100
          const sequences = yield* appendAll(order("a"), numbered(count))
          const pages = yield* readAll(order("a"), sequences.at(-1) ?? 0)
          expect(pages.every((page) => page.length <= JOURNAL_PAGE_RECORDS_MAX)).toBe(true)
          expect(pages.flat().map(({ sequence }) => sequence)).toEqual(sequences)
          expect(texts(pages.flat())).toEqual(numbered(count))
        }),
      )

      fact(
        "pages large records by bytes",
        Effect.gen(function* () {
          const journal = yield* Journal
          const size = Math.min(journal.commitBytesMax, 700_000)
          const count = Math.ceil((2.5 * JOURNAL_PAGE_BYTES_MAX) / size)
          let last = 0
          for (let index = 0; index < count; index++) {
            last = yield* journal.append(order("a"), last, new Uint8Array(size).fill(index))
          }
          const pages = yield* readAll(order("a"), last)
          expect(pages.length).toBeGreaterThan(1)
          const pageBytes = pages.map((page) => page.reduce((sum, { data }) => sum + data.length, 0))
          expect(Math.max(...pageBytes)).toBeLessThanOrEqual(JOURNAL_PAGE_BYTES_MAX + 2 * size)
          expect(pages.flat().map(({ data }) => data[0])).toEqual(numbered(count).map((_, index) => index))
        }),
      )
    })

    describe("scan", () => {
      fact(
        "gives the records of all actors in journal order, after and up to what is asked",
        Effect.gen(function* () {
          const journal = yield* Journal
          const sequences: Array<number> = []
          for (const address of [order("a"), payment("p"), order("b")]) {
            sequences.push(...(yield* appendAll(address, [`${address.key} 1`, `${address.key} 2`])))
          }
          const upTo = sequences.at(-1) ?? 0
          const all = yield* journal.scan({ after: 0, upTo })
          expect(all.map(({ sequence }) => sequence)).toEqual(sequences)
          expect(texts(all)).toEqual(all.map(({ key }, index) => `${key} ${(index % 2) + 1}`))
          expect(all.map(({ key }) => key)).toEqual(
            [order("a"), payment("p"), order("b")].flatMap(({ key }) => [key, key]),
          )
          const [, second = 0, , , fifth = 0] = sequences
          const middle = yield* journal.scan({ after: second, upTo: fifth })
          expect(middle.map(({ sequence }) => sequence)).toEqual(sequences.slice(2, 5))
        }),
      )

      fact(
        "gives nothing where there is nothing, and ends where the journal ends",
        Effect.gen(function* () {
          const journal = yield* Journal
          expect(yield* journal.scan({ after: 0, upTo: 6 })).toEqual([])
          const [sequence = 0] = yield* appendAll(order("a"), ["e0"])
          expect(yield* journal.scan({ after: sequence, upTo: sequence })).toEqual([])
          expect(yield* journal.scan({ after: sequence, upTo: sequence + 6 })).toEqual([])
          expect(texts(yield* journal.scan({ after: 0, upTo: sequence + 6 }))).toEqual(["e0"])
        }),
      )

      fact(
        "pages the whole journal, without gap or repeat",
        Effect.gen(function* () {
          const journal = yield* Journal
          const count = JOURNAL_PAGE_RECORDS_MAX + 100
          yield* Effect.forEach(numbered(count), (id) => journal.append(order(id), 0, bytes(id)), {
            concurrency: 100,
            discard: true,
          })
          const upTo = yield* journal.lastSequence(homeOf(journal))
          const seen: Array<JournalRecord> = []
          while (true) {
            const page = yield* journal.scan({ after: seen.at(-1)?.sequence ?? 0, upTo })
            expect(page.length).toBeLessThanOrEqual(JOURNAL_PAGE_RECORDS_MAX)
            if (page.length === 0) break
            seen.push(...page)
          }
          expect(new Set(texts(seen))).toEqual(new Set(numbered(count)))
          expect(seen).toHaveLength(count)
          const sequences = seen.map(({ sequence }) => sequence)
          expect(sequences).toEqual([...sequences].sort((left, right) => left - right))
        }),
      )
    })

    describe("follow", () => {
      fact(
        "gives everything of a type in journal order, across actors",
        Effect.gen(function* () {
          const sequences: Array<number> = []
          for (const id of ["a", "b", "c"]) sequences.push(...(yield* appendAll(order(id), numbered(4, id))))
          const seen = yield* followCount({ types: ["order"], after: 0 }, 12)
          expect(seen.map(({ sequence }) => sequence)).toEqual(sequences)
          expect(texts(seen)).toEqual([...numbered(4, "a"), ...numbered(4, "b"), ...numbered(4, "c")])
        }),
      )

      fact(
        "starts in the middle and leaves other types out",
        Effect.gen(function* () {
          const [first = 0] = yield* appendAll(order("a"), ["e0", "e1"])
          yield* appendAll(payment("p"), ["p0"])
          yield* appendAll(order("b"), ["b0"])
          expect(texts(yield* followCount({ types: ["order"], after: first }, 2))).toEqual(["e1", "b0"])
          expect(texts(yield* followCount({ types: ["payment"], after: 0 }, 1))).toEqual(["p0"])
          const both = yield* followCount({ types: ["payment", "order"], after: first }, 3)
          expect(texts(both)).toEqual(["e1", "p0", "b0"])
        }),
      )

      fact(
        "goes on live, in non-empty pages, to every follower",
        Effect.gen(function* () {
          const journal = yield* Journal
          const followers = yield* Effect.forEach([1, 2], () =>
            Effect.forkChild(followCount({ types: ["order"], after: 0 }, 200)),
          )
          const pages = yield* Effect.forkChild(
            journal
              .follow({ types: ["order"], after: 0, partition: homeOf(journal) })
              .pipe(Stream.take(1), Stream.runCollect),
          )
          const sequences = yield* appendAll(order("a"), numbered(200))
          for (const follower of followers) {
            expect((yield* Fiber.join(follower)).map(({ sequence }) => sequence)).toEqual(sequences)
          }
          expect((yield* Fiber.join(pages))[0]?.length).toBeGreaterThan(0)
        }),
      )

      fact(
        "gives more than two pages to a follower that starts late",
        Effect.gen(function* () {
          const journal = yield* Journal
          const count = 2 * JOURNAL_PAGE_RECORDS_MAX + 500
          yield* Effect.forEach(numbered(count), (id) => journal.append(order(id), 0, bytes(id)), {
            concurrency: 100,
            discard: true,
          })
          const seen = yield* followCount({ types: ["order"], after: 0 }, count)
          expect(new Set(texts(seen)).size).toBe(count)
          const sequences = seen.map(({ sequence }) => sequence)
          expect(sequences).toEqual([...sequences].sort((left, right) => left - right))
        }),
      )
    })
  })
}
