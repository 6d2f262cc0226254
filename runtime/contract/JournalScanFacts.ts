/** What every journal honours about scans over the records of all actors. A part of JournalContract.ts. */
import { Effect } from "effect"
import { JOURNAL_PAGE_RECORDS_MAX, Journal, type JournalRecord } from "../journal/Journal.ts"
import type { Facts } from "./ContractSuite.ts"
import { expect } from "./Expectation.ts"
import { appendAll, bytes, homeOf, numbered, order, payment, texts } from "./JournalBench.ts"

/** Registers the facts. */
export const scanFacts = ({ describe, fact }: Facts<Journal>): void => {
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
}
