/**
 * What every store of checkpoints honours (runtime/checkpoint/Checkpoints.ts).
 */
import { Effect } from "effect"
import { Checkpoints } from "../checkpoint/Checkpoints.ts"
import { type ContractRunner, factOfPort, type PortContractOptions } from "./ContractSuite.ts"
import { expect } from "./Expectation.ts"

/** Registers the contract of `Checkpoints` with a test runner. */
export const checkpointsContract = (
  runner: ContractRunner,
  options: PortContractOptions<Checkpoints>,
): void => {
  const fact = factOfPort(runner, options)

  runner.describe(`${options.name} checkpoints`, () => {
    fact(
      "are 0, and without a note, before anything was written",
      Effect.gen(function* () {
        const checkpoints = yield* Checkpoints
        expect(yield* checkpoints.position("outbox.3")).toBe(0)
        expect(yield* checkpoints.note("outbox.3")).toBeUndefined()
      }),
    )

    fact(
      "move forward, and never back",
      Effect.gen(function* () {
        const checkpoints = yield* Checkpoints
        for (const [given, position] of [
          [7, 7],
          [3, 7],
          [7, 7],
          [8, 8],
          [0, 8],
          [Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER],
        ] as const) {
          yield* checkpoints.advance("outbox.3", given)
          expect(yield* checkpoints.position("outbox.3")).toBe(position)
        }
      }),
    )

    fact(
      "end at the highest of many that advance at once",
      Effect.gen(function* () {
        const checkpoints = yield* Checkpoints
        const positions = Array.from({ length: 50 }, (_, index) => ((index * 37) % 50) + 1)
        yield* Effect.forEach(positions, (position) => checkpoints.advance("busy", position), {
          concurrency: "unbounded",
        })
        expect(yield* checkpoints.position("busy")).toBe(50)
      }),
    )

    fact(
      "are apart by name",
      Effect.gen(function* () {
        const checkpoints = yield* Checkpoints
        const names = ["a", "a.b", "a-b", "a_b", "A", "reactor.order_mail.v1"]
        for (const [index, name] of names.entries()) yield* checkpoints.advance(name, index + 1)
        for (const [index, name] of names.entries()) {
          expect(yield* checkpoints.position(name)).toBe(index + 1)
        }
      }),
    )

    fact(
      "keep a note as it was written last, until it is removed",
      Effect.gen(function* () {
        const checkpoints = yield* Checkpoints
        const notes = [
          { attempts: { "order/a 7": 2 }, at: 1.5 },
          ["주문", null, true],
          "x".repeat(4_000),
          0,
          null,
        ]
        for (const note of notes) {
          yield* checkpoints.write("attempts.3", note)
          expect(yield* checkpoints.note("attempts.3")).toEqual(note)
        }
        yield* checkpoints.write("attempts.3", undefined)
        expect(yield* checkpoints.note("attempts.3")).toBeUndefined()
        yield* checkpoints.write("attempts.3", undefined)
        yield* checkpoints.write("attempts.3", "again")
        expect(yield* checkpoints.note("attempts.3")).toBe("again")
      }),
    )

    fact(
      "keep a name's position and note apart",
      Effect.gen(function* () {
        const checkpoints = yield* Checkpoints
        yield* checkpoints.write("outbox.3", { open: [1, 2] })
        yield* checkpoints.advance("outbox.3", 9)
        yield* checkpoints.write("outbox.3", { open: [] })
        expect(yield* checkpoints.position("outbox.3")).toBe(9)
        expect(yield* checkpoints.note("outbox.3")).toEqual({ open: [] })
      }),
    )
  })
}
