import { Effect, type Scope } from "effect"
import { TestClock } from "effect/testing"
import { expect, it } from "vitest"
import {
  DEADLINE_TICK_MS,
  type DeadlineWheel,
  makeDeadlineWheel,
} from "../../../runtime/time/DeadlineWheel.ts"
import { realDate, START_MS } from "../../fixtures/time/RealDate.ts"

const withWheel = (
  program: (wheel: DeadlineWheel) => Effect.Effect<void, never, Scope.Scope>,
): Promise<void> =>
  Effect.runPromise(Effect.provide(Effect.scoped(Effect.flatMap(makeDeadlineWheel, program)), realDate))

it("expires each deadline once, never early and at most two ticks late", () =>
  withWheel((wheel) =>
    Effect.gen(function* () {
      const delaysMs = [0, 1, 49, 50, 51, 999, 1_000, 12_799, 12_800, 12_801, 30_000, 61_234]
      const expired: Array<{ delayMs: number; at: number }> = []
      let now = 0
      for (const delayMs of delaysMs) wheel.schedule(delayMs, () => expired.push({ delayMs, at: now }))
      for (; now < 62_000; now += 10) yield* TestClock.setTime(START_MS + now)
      expect(expired.map(({ delayMs }) => delayMs).sort((left, right) => left - right)).toEqual(delaysMs)
      for (const { delayMs, at } of expired) {
        expect(at).toBeGreaterThanOrEqual(delayMs)
        expect(at).toBeLessThanOrEqual(delayMs + 2 * DEADLINE_TICK_MS)
      }
      expect(wheel.pendingCount()).toBe(0)
    }),
  ))

it("keeps a cancelled deadline silent, also when it is cancelled twice, late or by another deadline", () =>
  withWheel((wheel) =>
    Effect.gen(function* () {
      const expired: Array<string> = []
      const first = wheel.schedule(100, () => expired.push("first"))
      const middle = wheel.schedule(100, () => expired.push("middle"))
      wheel.schedule(100, () => expired.push("last"))
      middle.cancel()
      middle.cancel()
      const victim = wheel.schedule(500, () => expired.push("victim"))
      wheel.schedule(400, () => victim.cancel())
      yield* TestClock.adjust(1_000)
      first.cancel()
      expect(expired.sort()).toEqual(["first", "last"])
      expect(wheel.pendingCount()).toBe(0)
    }),
  ))

it("takes deadlines from a deadline, and goes on after an idle hour", () =>
  withWheel((wheel) =>
    Effect.gen(function* () {
      let expiredCount = 0
      const again = (): void => {
        expiredCount++
        if (expiredCount < 5) wheel.schedule(200, again)
      }
      wheel.schedule(200, again)
      yield* TestClock.adjust(2_000)
      expect(expiredCount).toBe(5)
      yield* TestClock.adjust("1 hour")
      wheel.schedule(200, again)
      yield* TestClock.adjust(150)
      expect(expiredCount).toBe(5)
      yield* TestClock.adjust(200)
      expect(expiredCount).toBe(6)
    }),
  ))

it("agrees with a plain list of deadlines under a thousand schedules and cancels", () =>
  withWheel((wheel) =>
    Effect.gen(function* () {
      const due = new Map<number, number>()
      const expired = new Map<number, number>()
      let now = 0
      for (let id = 0; id < 1_000; id++) {
        const delayMs = (id * 7_919) % 20_000
        const deadline = wheel.schedule(delayMs, () => expired.set(id, now))
        if (id % 3 === 0) deadline.cancel()
        else due.set(id, now + delayMs)
        now += 20
        yield* TestClock.setTime(START_MS + now)
      }
      for (const end = now + 20_200; now < end; now += 20) yield* TestClock.setTime(START_MS + now)
      expect([...expired.keys()].sort((a, b) => a - b)).toEqual([...due.keys()])
      for (const [id, at] of expired) {
        expect(at).toBeGreaterThanOrEqual(due.get(id) ?? Number.NaN)
        expect(at).toBeLessThanOrEqual((due.get(id) ?? 0) + 2 * DEADLINE_TICK_MS + 20)
      }
    }),
  ))

it("expires at once what is no positive number", () =>
  withWheel((wheel) =>
    Effect.gen(function* () {
      const expired: Array<number> = []
      const delaysMs = [Number.NaN, -1, Number.NEGATIVE_INFINITY]
      for (const delayMs of delaysMs) wheel.schedule(delayMs, () => expired.push(delayMs))
      for (let now = 0; now <= 3 * DEADLINE_TICK_MS; now += 10) yield* TestClock.setTime(START_MS + now)
      expect(expired).toHaveLength(delaysMs.length)
      expect(wheel.pendingCount()).toBe(0)
    }),
  ))

it("takes a hundred thousand at once, and forgets them all", () =>
  withWheel((wheel) =>
    Effect.gen(function* () {
      let expiredCount = 0
      const deadlines = Array.from({ length: 100_000 }, (_, index) =>
        wheel.schedule(index % 20_000, () => {
          expiredCount++
        }),
      )
      for (let index = 0; index < deadlines.length; index += 2) deadlines[index]?.cancel()
      for (let now = 0; now <= 20_200; now += 50) yield* TestClock.setTime(START_MS + now)
      expect(expiredCount).toBe(50_000)
      expect(wheel.pendingCount()).toBe(0)
    }),
  ))
