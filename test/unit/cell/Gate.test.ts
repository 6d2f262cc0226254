/** So many at a time, first come, first served. */
import { Effect, Fiber, Latch } from "effect"
import { expect, it } from "vitest"
import { makeGate } from "../../../runtime/cell/Gate.ts"

it("FAULT 33: lets so many run at a time, in the order in which they came, and gives places back however they end", () =>
  Effect.runPromise(
    Effect.gen(function* () {
      const gate = makeGate(2)
      const open = Latch.makeUnsafe(false)
      const started: Array<number> = []
      const visit = (index: number) =>
        gate(
          Effect.andThen(
            Effect.sync(() => started.push(index)),
            Effect.andThen(open.await, index % 2 === 0 ? Effect.fail("even") : Effect.void),
          ),
        )
      const visitors = []
      for (let index = 0; index < 5; index++) {
        visitors.push(yield* Effect.forkChild(visit(index), { startImmediately: true }))
      }
      expect(started).toEqual([0, 1])
      yield* Fiber.interrupt(visitors[1] as Fiber.Fiber<void, string>)
      expect(started).toEqual([0, 1, 2])
      open.openUnsafe()
      yield* Fiber.awaitAll(visitors)
      expect(started).toEqual([0, 1, 2, 3, 4])
      yield* gate(Effect.void)
    }),
  ))
