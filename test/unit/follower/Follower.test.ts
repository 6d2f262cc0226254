/** What every follower of the journal does alike: one run of a partition at a time, and pauses that grow at rest. */
import { Clock, Effect, Exit, Latch, Scope } from "effect"
import { describe, expect, it } from "vitest"
import { FollowerParts } from "../../../runtime/follower/Follower.ts"
import { FollowerProgress } from "../../../runtime/follower/FollowerProgress.ts"
import { RestPause } from "../../../runtime/follower/RestPause.ts"

describe("the lag of a follower", () => {
  it("leaves out what belongs to other actor types, until its position goes back", () =>
    Effect.runPromise(
      Effect.gen(function* () {
        const progress = new FollowerProgress(0, 1, yield* Clock.Clock)
        progress.enter("catching-up")
        progress.moveTo(2)
        progress.sawSequence(5)
        expect(progress.lag).toBe(3)
        progress.idle(5)
        expect([progress.lag, progress.state]).toEqual([0, "running"])
        progress.sawSequence(7)
        expect(progress.lag).toBe(2)
        progress.moveTo(6)
        expect(progress.lag).toBe(1)
        // A fail-over of the database lost the last transactions.
        progress.moveTo(1)
        expect(progress.lag).toBe(6)
      }),
    ))
})

describe("a partition of a follower", () => {
  it("runs once at a time: the next run begins when the one before has stopped", () =>
    Effect.runPromise(
      Effect.gen(function* () {
        const clock = yield* Clock.Clock
        const told: Array<string> = []
        const slow = Latch.makeUnsafe(false)
        let count = 0
        const parts = new FollowerParts(1, (partition) => ({
          progress: new FollowerProgress(partition, 1, clock),
          run: Effect.suspend(() => {
            const name = `run ${++count}`
            told.push(`${name} begins`)
            const end = Effect.andThen(
              slow.await,
              Effect.sync(() => told.push(`${name} ends`)),
            )
            return Effect.ensuring(Effect.never, end)
          }),
        }))
        const [first, second] = [yield* Scope.make(), yield* Scope.make()]
        yield* Scope.provide(parts.open(0), first)
        const closing = yield* Effect.forkChild(Scope.close(first, Exit.void), { startImmediately: true })
        yield* Scope.provide(parts.open(0), second)
        expect(told).toEqual(["run 1 begins"])
        yield* slow.open
        while (told.length < 3) yield* Effect.yieldNow
        expect(told).toEqual(["run 1 begins", "run 1 ends", "run 2 begins"])
        expect(closing.pollUnsafe()).toBeDefined()
        yield* Scope.close(second, Exit.void)
      }),
    ))

  it("is found by the sequences that it has, and refuses orders where it is not run", () =>
    Effect.runPromise(
      Effect.gen(function* () {
        const clock = yield* Clock.Clock
        const parts = new FollowerParts(3, (partition) => ({
          progress: new FollowerProgress(partition, 3, clock),
          run: Effect.never,
        }))
        expect(parts.of(7).progress.partition).toBe(1)
        const refused = yield* Effect.flip(parts.skip(1, { sequence: 7, by: "", note: "" }))
        expect(refused.detail).toBe("this node does not run it")
        expect(() => parts.stopped(3)).toThrow("partition 3 of 3")
      }),
    ))
})

it("the pause at rest doubles up to its bound, and is short again once something has changed", () => {
  const pause = new RestPause(10, 35)
  expect([1, 1, 1, 1, 2, 2].map((seen) => pause.after(seen))).toEqual([10, 20, 35, 35, 10, 20])
  expect(pause.after(2, false)).toBe(10)
  expect(pause.after(undefined)).toBe(10)
  expect(pause.after(undefined)).toBe(10)
})
