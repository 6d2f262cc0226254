/** A costly answer is kept for ten times as long as finding it took. */
import { Effect, Fiber } from "effect"
import { TestClock } from "effect/testing"
import { expect, it } from "vitest"
import { keptAnswer } from "../../../infra/http/KeptAnswer.ts"
import { realDate } from "../../fixtures/time/RealDate.ts"

/** An answer that takes a second to find, and counts how often it was looked for. */
const counted = () => {
  let count = 0
  return keptAnswer(Effect.suspend(() => Effect.as(Effect.sleep("1 second"), ++count)))
}

const run = <A>(effect: Effect.Effect<A>): Promise<A> => Effect.runPromise(Effect.provide(effect, realDate))

/** The answer, for which time passes. */
const after = Effect.fnUntraced(function* (answer: Effect.Effect<number>, seconds: number) {
  const asked = yield* Effect.forkChild(answer)
  yield* TestClock.adjust(`${seconds} seconds`)
  return yield* Fiber.join(asked)
})

it("keeps an answer for ten times as long as it took, and then finds it again", async () => {
  const { answer } = counted()
  const found = Effect.gen(function* () {
    const first = yield* after(answer, 1)
    yield* TestClock.adjust("9 seconds")
    const kept = yield* answer
    yield* TestClock.adjust("2 seconds")
    return [first, kept, yield* after(answer, 1)]
  })
  expect(await run(found)).toEqual([1, 1, 2])
})

it("finds one answer for all who ask at the same time", async () => {
  const { answer } = counted()
  const asked = Effect.all([answer, answer, answer], { concurrency: "unbounded" })
  expect(
    await run(
      after(
        Effect.map(asked, (all) => all.reduce((sum, one) => sum + one)),
        3,
      ),
    ),
  ).toBe(3)
})

it("keeps no answer that was forgotten while it was being found", async () => {
  const { answer, forget } = counted()
  const found = Effect.gen(function* () {
    const asked = yield* Effect.forkChild(answer)
    yield* TestClock.adjust("500 millis")
    yield* forget
    yield* TestClock.adjust("500 millis")
    return [yield* Fiber.join(asked), yield* after(answer, 1)]
  })
  expect(await run(found)).toEqual([1, 2])
})
