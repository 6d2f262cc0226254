/** What every read model honours when a projection is emptied and begins again. A part of ReadModelContract.ts. */
import { Effect } from "effect"
import { OffsetMoved } from "../projection/ReadModel.ts"
import type { FactOf } from "./ContractSuite.ts"
import { expect } from "./Expectation.ts"
import { added, batch, projected } from "./LedgerEvents.ts"
import { ledgerTotals } from "./LedgerTotals.ts"
import type { ReadModelUnderTest } from "./ReadModelUnderTest.ts"

const isMoved = (error: unknown): error is OffsetMoved => error instanceof OffsetMoved

const totals = ledgerTotals()

export const startOverFacts = (check: FactOf<ReadModelUnderTest>): void => {
  check("starts over in all partitions at once, and is filled again as at first", (given) =>
    Effect.gen(function* () {
      const { readModel, rows, deadLetters } = given
      const other = ledgerTotals({ version: 2 })
      yield* readModel.prepare(totals, 0)
      yield* readModel.prepare(totals, 1)
      yield* readModel.prepare(other, 0)
      const even = batch(0, [projected(2, "a", added(5)), projected(4, "both", added(1))])
      const odd = batch(0, [projected(3, "b", added(6)), projected(5, "both", added(1))], 5, 1)
      const letter = { event: projected(6, "c", added(1)), reason: "none of ours" }
      const aside = { partition: 0, events: [], deadLetters: [letter], from: 4, to: 6 }
      const fill = Effect.fnUntraced(function* () {
        yield* readModel.apply(totals, even)
        yield* readModel.apply(totals, odd)
        yield* readModel.apply(totals, aside)
      })
      yield* fill()
      yield* readModel.apply(other, even)
      const before = yield* rows(totals)
      yield* readModel.startOver(totals, { partition: 1, from: 5 })
      expect(yield* rows(totals)).toEqual([])
      expect(yield* readModel.offset(totals, 0)).toEqual({ sequence: 0 })
      expect(yield* readModel.prepare(totals, 1)).toEqual({ sequence: 0 })
      expect(yield* readModel.offset(other, 0)).toEqual({ sequence: 4 })
      expect(yield* rows(other)).toHaveLength(2)
      yield* fill()
      expect(yield* rows(totals)).toEqual(before)
      expect(yield* deadLetters(totals)).toHaveLength(1)
    }),
  )

  check("starts over only from the offset that its caller knows, and again without harm", (given) =>
    Effect.gen(function* () {
      const { readModel, rows } = given
      yield* readModel.prepare(totals, 0)
      yield* readModel.apply(totals, batch(0, [projected(1, "a", added(5)), projected(2, "b", added(6))]))
      const moved = yield* Effect.flip(readModel.startOver(totals, { partition: 0, from: 1 }))
      expect(moved).toMatchObject({ _tag: "OffsetMoved", expected: 1, found: 2 })
      expect(yield* rows(totals)).toHaveLength(2)
      expect(yield* readModel.offset(totals, 0)).toEqual({ sequence: 2 })
      yield* readModel.startOver(totals, { partition: 0, from: 2 })
      yield* readModel.startOver(totals, { partition: 0, from: 0 })
      expect(yield* rows(totals)).toEqual([])
      const late = yield* Effect.flip(readModel.apply(totals, batch(2, [projected(3, "a", added(1))])))
      expect(late).toMatchObject({ _tag: "OffsetMoved", expected: 2, found: 0 })
      expect(yield* rows(totals)).toEqual([])
    }),
  )

  check(
    "FAULT 54: starts over between the batches of other partitions, never beside them",
    ({ readModel, rows }) =>
      Effect.gen(function* () {
        const [partitionCount, batchCount, roundCount] = [3, 12, 4]
        const partitions = Array.from({ length: partitionCount }, (_, partition) => partition)
        /** Applies everything from the stored offset on, as a runner does. */
        const fill = (partition: number): Effect.Effect<void, unknown> =>
          Effect.gen(function* () {
            let { sequence } = yield* readModel.prepare(totals, partition)
            for (let place = 1; place <= batchCount; place++) {
              const next = place * partitionCount + partition
              if (next <= sequence) continue
              yield* readModel.apply(
                totals,
                batch(sequence, [projected(next, "shared", added(1))], next, partition),
              )
              sequence = next
            }
          }).pipe(Effect.catchIf(isMoved, () => fill(partition)))
        const again = Effect.gen(function* () {
          const { sequence } = yield* readModel.prepare(totals, 0)
          yield* readModel.startOver(totals, { partition: 0, from: sequence })
        }).pipe(Effect.catchIf(isMoved, () => Effect.void))
        for (let round = 0; round < roundCount; round++) {
          const all = [...partitions.map(fill), again]
          yield* Effect.all(all, { concurrency: "unbounded" })
        }
        yield* Effect.forEach(partitions, fill, { concurrency: "unbounded" })
        const counted = partitionCount * batchCount
        expect(yield* rows(totals)).toMatchObject([{ id: "shared", total: counted, counted }])
      }),
  )
}
