/**
 * What every read model honours with a folded projection (runtime/projection/ReadModel.ts).
 */
import { Effect } from "effect"
import { type ContractOptions, type ContractRunner, factOfSubject } from "./ContractSuite.ts"
import { expect } from "./Expectation.ts"
import { added, batch, closed, opened, projected } from "./LedgerEvents.ts"
import { ledgerTotals } from "./LedgerTotals.ts"
import type { ReadModelUnderTest } from "./ReadModelUnderTest.ts"
import { startOverFacts } from "./StartOverFacts.ts"
import { tableQueryFacts } from "./TableQueryFacts.ts"

/** Registers the contract of `ReadModel` with a test runner. */
export const readModelContract = (
  runner: ContractRunner,
  options: ContractOptions<ReadModelUnderTest>,
): void => {
  const check = factOfSubject(runner, options)
  const totals = ledgerTotals()
  runner.describe(`${options.name} read model`, () => {
    tableQueryFacts(check)
    startOverFacts(check)

    check("starts at 0, is prepared twice without harm, and keeps its offset", ({ readModel }) =>
      Effect.gen(function* () {
        expect(yield* readModel.offset(totals, 0)).toEqual({ sequence: 0 })
        expect(yield* readModel.prepare(totals, 0)).toEqual({ sequence: 0 })
        yield* readModel.apply(totals, batch(0, [projected(4, "a", opened("ann"))]))
        expect(yield* readModel.prepare(totals, 0)).toEqual({ sequence: 4 })
        expect(yield* readModel.offset(totals, 0)).toEqual({ sequence: 4 })
      }),
    )

    check(
      "folds a batch, several events of one row in order, and goes on from the stored row",
      ({ readModel, rows }) =>
        Effect.gen(function* () {
          yield* readModel.prepare(totals, 0)
          yield* readModel.apply(
            totals,
            batch(0, [
              projected(1, "a", opened("ann")),
              projected(2, "b", added(2_000)),
              projected(3, "a", added(7)),
              projected(3, "a", added(1)),
            ]),
          )
          yield* readModel.apply(totals, batch(3, [projected(9, "a", added(2))]))
          expect(yield* rows(totals)).toEqual([
            {
              id: "a",
              owner: "ann",
              total: 10,
              average: 2.5,
              counted: 4,
              urgent: false,
              tags: { last: "EUR" },
            },
            {
              id: "b",
              owner: null,
              total: 2_000,
              average: 2_000,
              counted: 1,
              urgent: true,
              tags: { last: "EUR" },
            },
          ])
        }),
    )

    check(
      "deletes a row that folds to nothing, and one that came and went in a batch",
      ({ readModel, rows }) =>
        Effect.gen(function* () {
          yield* readModel.prepare(totals, 0)
          yield* readModel.apply(
            totals,
            batch(0, [projected(1, "a", opened("ann")), projected(2, "b", opened("bob"))]),
          )
          yield* readModel.apply(
            totals,
            batch(2, [projected(3, "a", closed), projected(4, "c", opened("cy")), projected(5, "c", closed)]),
          )
          expect((yield* rows(totals)).map(({ id }) => id)).toEqual(["b"])
        }),
    )

    check("keeps odd text and the largest numbers", ({ readModel, rows }) =>
      Effect.gen(function* () {
        yield* readModel.prepare(totals, 0)
        const id = `한글 "q" 'a' \\ {x,y} NULL`
        yield* readModel.apply(totals, batch(0, [projected(1, id, added(Number.MAX_SAFE_INTEGER, 'a"\\b'))]))
        expect(yield* rows(totals)).toMatchObject([
          { id, total: Number.MAX_SAFE_INTEGER, tags: { last: 'a"\\b' } },
        ])
      }),
    )

    check("moves the offset with no events at all", ({ readModel }) =>
      Effect.gen(function* () {
        yield* readModel.prepare(totals, 0)
        yield* readModel.apply(totals, batch(0, [], 17))
        expect(yield* readModel.offset(totals, 0)).toEqual({ sequence: 17 })
      }),
    )

    check("FAULT 47: refuses a batch that was applied already, and writes nothing", ({ readModel, rows }) =>
      Effect.gen(function* () {
        yield* readModel.prepare(totals, 0)
        const first = batch(0, [projected(1, "a", added(5))])
        yield* readModel.apply(totals, first)
        const again = yield* Effect.flip(readModel.apply(totals, first))
        expect(again).toMatchObject({ _tag: "OffsetMoved", expected: 0, found: 1 })
        expect(yield* rows(totals)).toMatchObject([{ total: 5, counted: 1 }])
      }),
    )

    check("FAULT 54: lets one of two concurrent batches win", ({ readModel, rows }) =>
      Effect.gen(function* () {
        yield* readModel.prepare(totals, 0)
        const attempts = Array.from({ length: 8 }, () =>
          Effect.result(readModel.apply(totals, batch(0, [projected(1, "a", added(5))]))),
        )
        const results = yield* Effect.all(attempts, { concurrency: "unbounded" })
        expect(results.filter(({ _tag }) => _tag === "Success")).toHaveLength(1)
        for (const result of results) {
          if (result._tag === "Failure")
            expect(result.failure).toMatchObject({ _tag: "OffsetMoved", found: 1 })
        }
        expect(yield* rows(totals)).toMatchObject([{ total: 5, counted: 1 }])
      }),
    )

    check("FAULT 48: a failing fold rolls the whole batch back and names the event", ({ readModel, rows }) =>
      Effect.gen(function* () {
        yield* readModel.prepare(totals, 0)
        const failure = yield* Effect.flip(
          readModel.apply(
            totals,
            batch(0, [projected(1, "a", added(5)), projected(2, "b", added(1, "poison"))]),
          ),
        )
        expect(failure).toMatchObject({ _tag: "ProjectionFailed", sequence: 2 })
        expect(failure.message).toContain("ledger/b v2 Added: Error: cannot add poison")
        expect(yield* rows(totals)).toEqual([])
        expect(yield* readModel.offset(totals, 0)).toEqual({ sequence: 0 })
      }),
    )

    for (const [what, amount] of [
      ["NaN", Number.NaN],
      ["a fraction", 0.5],
      ["a number beyond 2^53", 2 ** 60],
    ] as const) {
      check(`refuses ${what} in a bigint column instead of storing something else`, ({ readModel, rows }) =>
        Effect.gen(function* () {
          yield* readModel.prepare(totals, 0)
          const failure = yield* Effect.flip(
            readModel.apply(totals, batch(0, [projected(1, "a", added(amount))])),
          )
          expect(failure).toMatchObject({ _tag: "ProjectionFailed", sequence: 1 })
          expect(yield* rows(totals)).toEqual([])
        }),
      )
    }

    check("FAULT 72: refuses text that a database cannot hold, by the name of its column", (given) =>
      Effect.gen(function* () {
        const { readModel, rows } = given
        yield* readModel.prepare(totals, 0)
        for (const [event, column] of [
          [projected(1, "a", opened("x\0")), "column owner"],
          [projected(1, "a", opened("\u{1f9ed}".slice(0, 1))), "column owner"],
          [projected(1, "a", added(1, "x\0")), "column tags"],
          [projected(1, "a\0", added(1)), "key column id"],
        ] as const) {
          const failure = yield* Effect.flip(readModel.apply(totals, batch(0, [event])))
          expect(failure).toMatchObject({ _tag: "ProjectionFailed", sequence: 1 })
          expect(failure.message).toContain(`${column}`)
          expect(failure.message).toContain("U+0000 or a lone surrogate")
        }
        expect(yield* rows(totals)).toEqual([])
      }),
    )

    check("FAULT 72: keeps dead letters of a version beyond an integer", ({ readModel, deadLetters }) =>
      Effect.gen(function* () {
        yield* readModel.prepare(totals, 0)
        const event = projected(3, "a", { type: "Added" }, Number.MAX_SAFE_INTEGER)
        yield* readModel.apply(totals, {
          partition: 0,
          events: [],
          deadLetters: [{ event, reason: "none of ours" }],
          from: 0,
          to: 3,
        })
        expect(yield* deadLetters(totals)).toMatchObject([{ sequence: 3 }])
      }),
    )

    check("FAULT 48: keeps dead letters with their reason, in the transaction of the offset", (given) =>
      Effect.gen(function* () {
        const { readModel, deadLetters } = given
        yield* readModel.prepare(totals, 0)
        const event = projected(3, "a\u0000b", { type: "Added", note: "nul \u0000 inside" }, 7)
        const reason = "cannot add \u0000 poison"
        yield* readModel.apply(totals, {
          partition: 0,
          events: [],
          deadLetters: [{ event, reason }],
          from: 0,
          to: 3,
        })
        expect(yield* deadLetters(totals)).toMatchObject([{ sequence: 3, version: 7 }])
        expect(yield* readModel.offset(totals, 0)).toEqual({ sequence: 3 })
      }),
    )

    check("keeps an offset for each partition, in whichever order they come", ({ readModel, rows }) =>
      Effect.gen(function* () {
        expect(yield* readModel.prepare(totals, 1)).toEqual({ sequence: 0 })
        yield* readModel.apply(totals, batch(0, [projected(3, "a", added(5))], 3, 1))
        expect(yield* readModel.offset(totals, 0)).toEqual({ sequence: 0 })
        expect(yield* readModel.prepare(totals, 0)).toEqual({ sequence: 0 })
        yield* readModel.apply(totals, batch(0, [projected(2, "b", added(6))], 2, 0))
        expect(yield* readModel.offset(totals, 0)).toEqual({ sequence: 2 })
        expect(yield* readModel.prepare(totals, 1)).toEqual({ sequence: 3 })
        const again = yield* Effect.flip(
          readModel.apply(totals, batch(2, [projected(5, "a", added(5))], 5, 1)),
        )
        expect(again).toMatchObject({ _tag: "OffsetMoved", expected: 2, found: 3 })
        expect(yield* rows(totals)).toMatchObject([
          { id: "a", total: 5 },
          { id: "b", total: 6 },
        ])
      }),
    )

    check(
      "FAULT 54: loses nothing of a row that several partitions fold into at once",
      ({ readModel, rows }) =>
        Effect.gen(function* () {
          const [partitionCount, batchCount] = [4, 20]
          const partitions = Array.from({ length: partitionCount }, (_, partition) => partition)
          const fill = Effect.fnUntraced(function* (partition: number) {
            let { sequence } = yield* readModel.prepare(totals, partition)
            for (let place = 1; place <= batchCount; place++) {
              const next = place * partitionCount + partition
              const both = [
                projected(next, "shared", added(1)),
                projected(next, `own-${partition}`, added(1)),
              ]
              yield* readModel.apply(totals, batch(sequence, both, next, partition))
              sequence = next
            }
          })
          yield* Effect.forEach(partitions, fill, { concurrency: "unbounded" })
          const counted = partitionCount * batchCount
          expect(yield* rows(totals)).toMatchObject([
            ...partitions.map((partition) => ({ id: `own-${partition}`, counted: batchCount })),
            { id: "shared", total: counted, counted },
          ])
        }),
    )

    check("keeps the versions of a projection apart", ({ readModel, rows }) =>
      Effect.gen(function* () {
        const rebuilt = ledgerTotals({ version: 2 })
        yield* readModel.prepare(totals, 0)
        yield* readModel.apply(totals, batch(0, [projected(1, "a", added(5))]))
        expect(yield* readModel.prepare(rebuilt, 0)).toEqual({ sequence: 0 })
        yield* readModel.apply(rebuilt, batch(0, [projected(1, "z", added(6))]))
        expect((yield* rows(totals)).map(({ id }) => id)).toEqual(["a"])
        expect((yield* rows(rebuilt)).map(({ id }) => id)).toEqual(["z"])
      }),
    )
  })
}
