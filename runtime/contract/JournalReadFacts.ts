/** What every journal honours about the records of one actor. A part of JournalContract.ts. */
import { Effect } from "effect"
import { JOURNAL_PAGE_BYTES_MAX, JOURNAL_PAGE_RECORDS_MAX, Journal } from "../journal/Journal.ts"
import type { Facts } from "./ContractSuite.ts"
import { expect } from "./Expectation.ts"
import { appendAll, homeOf, numbered, order, readAll, texts } from "./JournalBench.ts"

/** Registers the facts. */
export const readFacts = ({ describe, fact }: Facts<Journal>): void => {
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
}
