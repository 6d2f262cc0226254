/** A projection that an operator has rebuilt in place: at the partition that begins again, and at the others. */
import { Effect, Exit, Fiber, Latch, Scope } from "effect"
import { TestClock } from "effect/testing"
import { expect, test } from "vitest"
import { addressOf } from "../../../runtime/address/ActorAddress.ts"
import { ProjectionFailed, ReadModelUnavailable } from "../../../runtime/projection/ReadModel.ts"
import { REBUILD_TIMEOUT_MS } from "../../../runtime/projection/Rebuild.ts"
import { added, ledgerTotals, shardCount } from "./Ledger.ts"
import { type Given, run, until, virtualTime } from "./ProjectionFixture.ts"

const inTwo = (body: (given: Given) => Effect.Effect<void, unknown, Scope.Scope>): Promise<void> =>
  run(body, undefined, 2)

/** A ledger of each of two partitions. */
const [even = "", odd = ""] = [0, 1].map((partition) =>
  Array.from({ length: 100 }, (_, index) => `l-${index}`).find(
    (id) => addressOf("ledger", id, shardCount).shard % 2 === partition,
  ),
)

test("applies every event once more, in all partitions, and waits count from the beginning", () =>
  inTwo(({ writer, readModel, faults, applied, start }) =>
    Effect.gen(function* () {
      const totals = ledgerTotals()
      const runner = yield* start(totals)
      yield* writer.write(even, added(1))
      const lastEven = yield* writer.write(even, added(2))
      const lastOdd = yield* writer.write(odd, added(4))
      for (const last of [lastEven, lastOdd]) yield* virtualTime(runner.waitFor(last, 1_000))
      const before = readModel.rows(totals)
      applied.length = 0

      faults.apply = () => Effect.fail(new ReadModelUnavailable({ detail: "not yet" }))
      yield* virtualTime(runner.rebuild(0))
      yield* virtualTime(runner.wasRebuilt)
      expect(readModel.rows(totals)).toEqual([])
      expect(runner.status()).toMatchObject({ offset: 0, lag: 3 })
      const waiting = yield* Effect.forkScoped(runner.waitFor(lastOdd, 60_000))
      yield* TestClock.adjust(20_000)
      expect(waiting.pollUnsafe()).toBeUndefined()
      delete faults.apply
      yield* virtualTime(Fiber.join(waiting))
      yield* virtualTime(runner.waitFor(lastEven, 60_000))
      expect(readModel.rows(totals)).toEqual(expect.arrayContaining([...before]))
      expect(readModel.rows(totals)).toHaveLength(before.length)
      expect(applied.reduce((sum, { eventCount }) => sum + eventCount, 0)).toBe(3)
    }),
  ))

test("a partition of another runner, at rest, goes on from the beginning at once, and forgets where it was", () =>
  inTwo(({ writer, readModel, make }) =>
    Effect.gen(function* () {
      const totals = ledgerTotals()
      const [here, there] = [yield* make(totals), yield* make(totals)]
      yield* here.open(0)
      yield* there.open(1)
      const lastEven = yield* writer.write(even, added(1))
      const lastOdd = yield* writer.write(odd, added(2))
      for (const last of [lastEven, lastOdd]) {
        for (const runner of [here, there]) yield* virtualTime(runner.waitFor(last, 1_000))
      }
      yield* virtualTime(here.rebuild(0))
      yield* virtualTime(here.waitFor(lastEven, 1_000))
      expect(readModel.rows(totals)).toMatchObject([{ id: even }])
      for (const runner of [here, there]) yield* virtualTime(runner.wasRebuilt)
      yield* virtualTime(here.waitFor(lastOdd, 1_000))
      expect(readModel.rows(totals)).toMatchObject([
        { id: even, counted: 1 },
        { id: odd, counted: 1 },
      ])
      const refused = yield* Effect.flip(there.rebuild(0))
      expect(refused).toMatchObject({ reason: "NotHere", retry: "later" })
    }),
  ))

test("begins again from a record at which it was stopped, and stops there again", () =>
  run(({ writer, readModel, start }) =>
    Effect.gen(function* () {
      const totals = ledgerTotals()
      yield* writer.write("a", added(1))
      const bad = yield* writer.writeGarbage("b")
      const runner = yield* start(totals)
      yield* until(() => runner.stopped(0) !== undefined)
      yield* virtualTime(runner.rebuild(0))
      yield* until(() => runner.stopped(0)?.sequence === bad)
      expect(readModel.rows(totals)).toMatchObject([{ id: "a", counted: 1 }])
    }),
  ))

test("repeats the removal when its answer was lost, and begins again at a second order", () =>
  run(({ writer, readModel, faults, start }) =>
    Effect.gen(function* () {
      const totals = ledgerTotals()
      const runner = yield* start(totals)
      const last = yield* writer.write("a", added(1))
      yield* virtualTime(runner.waitFor(last, 1_000))
      const begun: Array<number> = []
      faults.startOver = (projection, place) => {
        begun.push(place.from)
        const done = readModel.startOver(projection, place)
        return begun.length > 1
          ? done
          : Effect.andThen(done, Effect.fail(new ReadModelUnavailable({ detail: "connection lost" })))
      }
      const orders = [runner.rebuild(0), runner.rebuild(0)]
      yield* virtualTime(Effect.all(orders, { concurrency: 2 }))
      expect(begun).toEqual([last, 0])
      yield* virtualTime(runner.waitFor(last, 1_000))
      yield* virtualTime(runner.rebuild(0))
      yield* virtualTime(runner.waitFor(last, 1_000))
      expect(begun).toEqual([last, 0, last])
      expect(readModel.rows(totals)).toMatchObject([{ id: "a", total: 1, counted: 1 }])
    }),
  ))

test("goes on where it was if the database refuses, and says why", () =>
  run(({ writer, readModel, faults, start }) =>
    Effect.gen(function* () {
      const totals = ledgerTotals()
      const runner = yield* start(totals)
      yield* virtualTime(runner.waitFor(yield* writer.write("a", added(1)), 1_000))
      faults.startOver = ({ name }) =>
        Effect.fail(new ProjectionFailed({ projection: name, sequence: 0, detail: "a view needs it" }))
      const refused = yield* Effect.flip(virtualTime(runner.rebuild(0)))
      expect(refused).toMatchObject({ reason: "Refused", detail: "a view needs it", retry: "never" })
      yield* virtualTime(runner.waitFor(yield* writer.write("a", added(1)), 1_000))
      expect(readModel.rows(totals)).toMatchObject([{ id: "a", counted: 2 }])
    }),
  ))

test("begins nothing later on, once it has said that it had not, nor after it was given up", () =>
  run(({ writer, readModel, faults, make }) =>
    Effect.gen(function* () {
      const totals = ledgerTotals()
      const runner = yield* make(totals)
      const scope = yield* Scope.make()
      yield* Scope.provide(runner.open(0), scope)
      const last = yield* writer.write("a", added(1))
      yield* virtualTime(runner.waitFor(last, 1_000))
      faults.prepare = () => Effect.fail(new ReadModelUnavailable({ detail: "away" }))
      let begunCount = 0
      faults.startOver = (projection, place) => {
        begunCount++
        return readModel.startOver(projection, place)
      }
      const late = yield* Effect.forkScoped(Effect.flip(runner.rebuild(0)))
      yield* TestClock.adjust(REBUILD_TIMEOUT_MS)
      expect(yield* Fiber.join(late)).toMatchObject({ reason: "NotInTime", retry: "later" })
      const lost = yield* Effect.forkScoped(Effect.flip(runner.rebuild(0)))
      yield* TestClock.adjust(100)
      yield* Scope.close(scope, Exit.void)
      expect(yield* Fiber.join(lost)).toMatchObject({ reason: "NotHere" })
      delete faults.prepare
      yield* runner.open(0)
      yield* virtualTime(runner.waitFor(yield* writer.write("a", added(1)), 1_000))
      expect(begunCount).toBe(0)
      expect(readModel.rows(totals)).toMatchObject([{ id: "a", counted: 2 }])
    }),
  ))

test("reads its offset again for an order that came while it read it", () =>
  run(({ writer, readModel, faults, start }) =>
    Effect.gen(function* () {
      const totals = ledgerTotals()
      const runner = yield* start(totals)
      const last = yield* writer.write("a", added(1))
      yield* virtualTime(runner.waitFor(last, 1_000))
      const mayAnswer = Latch.makeUnsafe(false)
      faults.prepare = (...asked) => Effect.tap(readModel.prepare(...asked), mayAnswer.await)
      const before = yield* Effect.forkScoped(runner.wasRebuilt)
      yield* TestClock.adjust(100)
      yield* readModel.startOver(totals, { partition: 0, from: last })
      faults.apply = () => Effect.fail(new ReadModelUnavailable({ detail: "not yet" }))
      const after = yield* Effect.forkScoped(runner.wasRebuilt)
      yield* TestClock.adjust(100)
      mayAnswer.openUnsafe()
      yield* virtualTime(Fiber.join(before))
      yield* virtualTime(Fiber.join(after))
      expect(runner.status().offset).toBe(0)
    }),
  ))
