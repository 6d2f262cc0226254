/** A projection over two partitions: opened, closed, run elsewhere, waited for. */
import { Effect, Exit, Scope } from "effect"
import { TestClock } from "effect/testing"
import { expect, test } from "vitest"
import { addressOf } from "../../../runtime/address/ActorAddress.ts"
import type { ProjectionRunner } from "../../../runtime/projection/ProjectionRunner.ts"
import { ReadModelUnavailable } from "../../../runtime/projection/ReadModel.ts"
import { added, ledgerTotals, shardCount } from "./Ledger.ts"
import { type Given, run, until, virtualTime } from "./ProjectionFixture.ts"

const inTwo = (body: (given: Given) => Effect.Effect<void, unknown, Scope.Scope>): Promise<void> =>
  run(body, undefined, 2)

/** Ledgers of one of two partitions. */
const ledgersIn = (partition: number, count: number): ReadonlyArray<string> =>
  Array.from({ length: 100 }, (_, index) => `l-${index}`)
    .filter((id) => addressOf("ledger", id, shardCount).shard % 2 === partition)
    .slice(0, count)
const [even = "", odd = ""] = [0, 1].flatMap((partition) => ledgersIn(partition, 1))

/** Opens a partition in a scope of its own. */
const openApart = (runner: ProjectionRunner, partition: number) =>
  Effect.gen(function* () {
    const scope = yield* Scope.make()
    yield* Scope.provide(runner.open(partition), scope)
    return Scope.close(scope, Exit.void)
  })

const states = (runner: ProjectionRunner) => runner.status().partitions?.map(({ state }) => state)

test("applies each event of both partitions once, and reads one's writes from both", () =>
  inTwo(({ writer, readModel, start, applied }) =>
    Effect.gen(function* () {
      const totals = ledgerTotals()
      const ids = [...ledgersIn(0, 3), ...ledgersIn(1, 3)]
      for (let round = 0; round < 10; round++) for (const id of ids) yield* writer.write(id, added(1))
      const runner = yield* start(totals)
      for (const id of ids) {
        const sequence = yield* writer.write(id, added(1))
        yield* virtualTime(runner.waitFor(sequence, 1_000))
        const row = readModel.rows(totals).find((found) => found["id"] === id)
        expect(row).toMatchObject({ total: 11, counted: 11 })
      }
      expect(readModel.rows(totals)).toHaveLength(ids.length)
      expect(applied.reduce((sum, { eventCount }) => sum + eventCount, 0)).toBe(ids.length * 11)
      expect(runner.status()).toMatchObject({
        offset: 66,
        lag: 0,
        state: "running",
        partitions: [
          { partition: 0, offset: 66, lag: 0, state: "running" },
          { partition: 1, offset: 67, lag: 0, state: "running" },
        ],
      })
    }),
  ))

test("says of one partition what ails it, and keeps the other running", () =>
  inTwo(({ writer, readModel, start }) =>
    Effect.gen(function* () {
      const totals = ledgerTotals()
      const runner = yield* start(totals)
      yield* writer.write(odd, added(1, "poison"))
      yield* writer.write(odd, added(1))
      yield* until(() => runner.status().state === "stalled")
      const last = yield* writer.write(even, added(5))
      yield* virtualTime(runner.waitFor(last, 1_000))
      expect(readModel.rows(totals)).toMatchObject([{ id: even, total: 5 }])
      expect(states(runner)).toEqual(["running", "stalled"])
      expect(runner.status()).toMatchObject({ state: "stalled", offset: 0, lag: 2 })
      expect(runner.status().lastError).toContain("cannot add poison")
    }),
  ))

test("a defect in one partition's run leaves the other running", () =>
  inTwo(({ writer, readModel, faults, start }) =>
    Effect.gen(function* () {
      const totals = ledgerTotals()
      Object.assign(faults, {
        apply: (...args: Parameters<typeof readModel.apply>) =>
          args[1].partition === 0 ? Effect.die(new Error("a bug")) : readModel.apply(...args),
      })
      const runner = yield* start(totals)
      const first = yield* writer.write(even, added(1))
      yield* until(() => runner.status().state === "stalled")
      for (let count = 0; count < 5; count++) {
        yield* virtualTime(runner.waitFor(yield* writer.write(odd, added(1)), 1_000))
      }
      Object.assign(faults, { apply: undefined })
      yield* virtualTime(runner.waitFor(first, 120_000))
      expect(readModel.rows(totals)).toMatchObject([
        { id: odd, total: 5 },
        { id: even, total: 1 },
      ])
    }),
  ))

test("runs what is open here, any number of times, from where it was left", () =>
  inTwo(({ writer, readModel, make }) =>
    Effect.gen(function* () {
      const totals = ledgerTotals()
      const runner = yield* make(totals)
      expect(runner.status()).toMatchObject({ state: "elsewhere", lag: 0, offset: 0 })
      for (let round = 1; round <= 4; round++) {
        const written = yield* writer.write(odd, added(1))
        yield* writer.write(even, added(1))
        const close = yield* openApart(runner, 1)
        yield* virtualTime(runner.waitFor(written, 1_000))
        expect(states(runner)).toEqual(["elsewhere", "running"])
        expect(runner.status()).toMatchObject({ state: "running", offset: written })
        yield* close
        expect(states(runner)).toEqual(["elsewhere", "elsewhere"])
        expect(readModel.rows(totals)).toMatchObject([{ id: odd, total: round, counted: round }])
      }
    }),
  ))

test("a partition that is opened twice is run once, and taken up when it is let go", () =>
  inTwo(({ writer, readModel, applied, make }) =>
    Effect.gen(function* () {
      const totals = ledgerTotals()
      const runner = yield* make(totals)
      const closeFirst = yield* openApart(runner, 0)
      const closeSecond = yield* openApart(runner, 0)
      yield* virtualTime(runner.waitFor(yield* writer.write(even, added(1)), 1_000))
      expect(applied).toHaveLength(1)
      yield* closeFirst
      yield* virtualTime(runner.waitFor(yield* writer.write(even, added(1)), 1_000))
      expect(applied).toHaveLength(2)
      yield* closeSecond
      expect(runner.status().state).toBe("elsewhere")
      expect(readModel.rows(totals)).toMatchObject([{ total: 2, counted: 2 }])
    }),
  ))

test("reads one's writes where another process runs the partition, and looks for as long as somebody waits", () =>
  inTwo(({ writer, readModel, faults, make }) =>
    Effect.gen(function* () {
      const totals = ledgerTotals()
      const [here, elsewhere] = [yield* make(totals), yield* make(totals)]
      let lookCount = 0
      Object.assign(faults, {
        offset: (...args: Parameters<typeof readModel.offset>) => {
          lookCount++
          return readModel.offset(...args)
        },
      })
      const sequence = yield* writer.write(odd, added(1))
      const failure = yield* Effect.flip(virtualTime(here.waitFor(sequence, 1_000)))
      expect(failure).toMatchObject({ _tag: "ProjectionTimeout", status: { state: "elsewhere", offset: 0 } })
      expect(lookCount).toBeGreaterThan(4)
      expect(lookCount).toBeLessThan(12)
      const before = lookCount
      yield* TestClock.adjust("1 hour")
      expect(lookCount).toBe(before)

      yield* elsewhere.open(1)
      const waits = Array.from({ length: 50 }, () => here.waitFor(sequence, 1_000))
      yield* virtualTime(Effect.all(waits, { concurrency: "unbounded" }))
      expect(lookCount).toBeLessThan(before + 6)
      expect(states(here)).toEqual(["elsewhere", "elsewhere"])
      yield* virtualTime(here.waitFor(yield* writer.write(odd, added(1)), 1_000))
      expect(readModel.rows(totals)).toMatchObject([{ total: 2, counted: 2 }])
    }),
  ))

test("whoever waits is told wherever the partition moves meanwhile", () =>
  inTwo(({ writer, faults, make }) =>
    Effect.gen(function* () {
      const totals = ledgerTotals()
      const [one, other] = [yield* make(totals), yield* make(totals)]
      const away = () => Effect.fail(new ReadModelUnavailable({ detail: "not yet" }))
      Object.assign(faults, { apply: away })
      const sequence = yield* writer.write(even, added(1))
      const close = yield* openApart(one, 0)
      const waiting = yield* Effect.forkScoped(one.waitFor(sequence, 600_000))
      yield* until(() => one.status().state === "unavailable")
      yield* close
      yield* other.open(0)
      yield* TestClock.adjust("30 seconds")
      expect(waiting.pollUnsafe()).toBeUndefined()
      Object.assign(faults, { apply: undefined })
      yield* until(() => waiting.pollUnsafe() !== undefined)
      expect(waiting.pollUnsafe()).toMatchObject({ _tag: "Success" })
    }),
  ))
