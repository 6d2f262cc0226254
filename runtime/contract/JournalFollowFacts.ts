/** What every journal honours about followers. A part of JournalContract.ts. */
import { Effect, Fiber, Stream } from "effect"
import { JOURNAL_PAGE_RECORDS_MAX, Journal } from "../journal/Journal.ts"
import type { Facts } from "./ContractSuite.ts"
import { expect } from "./Expectation.ts"
import { appendAll, bytes, followCount, homeOf, numbered, order, payment, texts } from "./JournalBench.ts"

/** Registers the facts. */
export const followFacts = ({ describe, fact }: Facts<Journal>): void => {
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
        const all = yield* followCount({ types: "all", after: first }, 3)
        expect(texts(all)).toEqual(["e1", "p0", "b0"])
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
}
