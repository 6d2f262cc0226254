/** What every journal honours about appends. A part of JournalContract.ts. */
import { Effect, Result } from "effect"
import { addressOf } from "../address/ActorAddress.ts"
import { AppendUnknown, Journal, JournalRefused } from "../journal/Journal.ts"
import { CONTRACT_SHARD_COUNT, type Facts } from "./ContractSuite.ts"
import { expect } from "./Expectation.ts"
import { appendAll, bytes, followCount, homeOf, numbered, order, readAll, texts } from "./JournalBench.ts"

/** Registers the facts. */
export const appendFacts = ({ describe, fact }: Facts<Journal>): void => {
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
        expect(last && texts([last])).toEqual(["two"])
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
}
