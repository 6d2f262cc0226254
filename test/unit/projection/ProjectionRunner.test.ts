/** The runner on a journal and a read model in memory, with a clock that only moves when told to. */
import { Effect, Exit, Scope, Stream } from "effect"
import { TestClock } from "effect/testing"
import { expect, test } from "vitest"
import type { Journal, JournalRecord } from "../../../runtime/journal/Journal.ts"
import type { ProjectionDefinition } from "../../../runtime/projection/Projection.ts"
import { type ReadModelService, ReadModelUnavailable } from "../../../runtime/projection/ReadModel.ts"
import { added, addedV1, closed, ledgerSql, ledgerTotals, opened } from "./Ledger.ts"
import { run, until, virtualTime } from "./ProjectionFixture.ts"

/** The same journal, which delivers every batch twice and the first one again with each. */
const repeating = (journal: Journal["Service"]): Journal["Service"] => ({
  ...journal,
  follow: (options) => {
    let first: ReadonlyArray<JournalRecord> | undefined
    return journal.follow(options).pipe(
      Stream.flatMap((records) => {
        first ??= records
        return Stream.make(records, [...first, ...records], records)
      }),
    )
  },
})

test("projects what is in the journal and what comes later, in order, upcasted, with all metadata", () =>
  run(({ writer, readModel, start }) =>
    Effect.gen(function* () {
      const totals = ledgerTotals()
      yield* writer.write("a", opened("ann"), added(3))
      const runner = yield* start(totals)
      yield* virtualTime(runner.waitFor(1, 1_000))
      yield* writer.write("b.1 *", addedV1(4))
      const last = yield* writer.write("a", added(5))
      yield* virtualTime(runner.waitFor(last, 1_000))
      expect(readModel.rows(totals)).toMatchObject([
        { id: "a", owner: "ann", total: 8, counted: 3, tags: { last: "EUR" } },
        { id: "b.1 *", total: 4, tags: { last: "KRW" } },
      ])
      expect(runner.status()).toMatchObject({
        name: "ledger_totals",
        version: 1,
        offset: 3,
        lag: 0,
        state: "running",
      })
    }),
  ))

test("takes what is there in batches of at most 1,000 events", () =>
  run(({ writer, applied, readModel, start }) =>
    Effect.gen(function* () {
      const totals = ledgerTotals()
      let last = 0
      for (let index = 0; index < 2_500; index++) last = yield* writer.write(`l-${index % 7}`, added(1))
      const runner = yield* start(totals)
      yield* virtualTime(runner.waitFor(last, 60_000))
      expect(applied.length).toBeLessThanOrEqual(10)
      expect(Math.max(...applied.map(({ eventCount }) => eventCount))).toBe(1_000)
      expect(readModel.rows(totals).reduce((sum, row) => sum + Number(row["counted"]), 0)).toBe(2_500)
    }),
  ))

test("applies a commit with more than 1,000 events as a whole, and each of its events once", () =>
  run(({ writer, applied, readModel, start }) =>
    Effect.gen(function* () {
      const totals = ledgerTotals()
      yield* writer.write("before", added(1))
      const many = yield* writer.write("many", ...Array.from({ length: 2_500 }, () => added(1)))
      const last = yield* writer.write("after", added(1))
      const runner = yield* start(totals)
      yield* virtualTime(runner.waitFor(last, 60_000))
      expect(readModel.rows(totals).find(({ id }) => id === "many")).toMatchObject({
        total: 2_500,
        counted: 2_500,
      })
      expect(readModel.rows(totals).map(({ id }) => id)).toEqual(["before", "many", "after"])
      expect(applied.filter(({ from, to }) => from < many && many <= to)).toMatchObject([
        { eventCount: 2_500 },
      ])
      expect(runner.status()).toMatchObject({ offset: last, state: "running" })
    }),
  ))

test("moves the offset over commits without events", () =>
  run(({ writer, readModel, start }) =>
    Effect.gen(function* () {
      const totals = ledgerTotals()
      const last = yield* writer.write("a")
      const runner = yield* start(totals)
      yield* virtualTime(runner.waitFor(last, 1_000))
      expect(yield* readModel.offset(totals, 0)).toEqual({ sequence: last })
      expect(readModel.rows(totals)).toEqual([])
    }),
  ))

test("FAULT 72: U+0000 that an earlier release has stored is U+FFFD in a read model, and nothing stalls", () =>
  run(({ writer, readModel, start }) =>
    Effect.gen(function* () {
      const totals = ledgerTotals()
      yield* writer.write("a", opened("a\0b"), added(3, "\ud800"))
      const last = yield* writer.write("b", added(5))
      const runner = yield* start(totals)
      yield* virtualTime(runner.waitFor(last, 1_000))
      expect(readModel.rows(totals)).toMatchObject([
        { id: "a", owner: "a\ufffdb", total: 3, tags: { last: "\ufffd" } },
        { id: "b", total: 5 },
      ])
      expect(runner.status()).toMatchObject({ state: "running", deadLetterCount: 0 })
    }),
  ))

test("FAULT 47: a journal that delivers records twice, and old ones again, counts once", () =>
  run(
    ({ writer, readModel, start }) =>
      Effect.gen(function* () {
        const totals = ledgerTotals()
        let last = 0
        for (let index = 0; index < 30; index++) last = yield* writer.write("a", added(1))
        const runner = yield* start(totals)
        yield* virtualTime(runner.waitFor(last, 1_000))
        last = yield* writer.write("a", added(1))
        yield* virtualTime(runner.waitFor(last, 1_000))
        expect(readModel.rows(totals)).toMatchObject([{ total: 31, counted: 31 }])
      }),
    repeating,
  ))

test("says with its status why waitFor was in vain, and frees the waiter", () =>
  run(({ start }) =>
    Effect.gen(function* () {
      const runner = yield* start(ledgerTotals())
      const failure = yield* Effect.flip(virtualTime(runner.waitFor(5, 300)))
      expect(failure).toMatchObject({
        _tag: "ProjectionTimeout",
        sequence: 5,
        timeoutMs: 300,
        status: { offset: 0 },
      })
    }),
  ))

test("FAULT 51: pauses while the database is away and goes on from the stored offset", () =>
  run(({ writer, readModel, faults, start }) =>
    Effect.gen(function* () {
      const totals = ledgerTotals()
      const runner = yield* start(totals)
      yield* virtualTime(runner.waitFor(yield* writer.write("a", added(1)), 1_000))
      const away = Effect.fail(new ReadModelUnavailable({ detail: "no connection" }))
      Object.assign(faults, { apply: () => away, prepare: () => away })
      const last = yield* writer.write("a", added(2))
      yield* until(() => runner.status().state === "unavailable")
      yield* TestClock.adjust("5 minutes")
      expect(runner.status()).toMatchObject({ offset: 1, lag: 1, state: "unavailable" })
      expect(runner.status().lastError).toContain("no connection")
      Object.assign(faults, { apply: undefined, prepare: undefined })
      yield* virtualTime(runner.waitFor(last, 60_000))
      expect(readModel.rows(totals)).toMatchObject([{ total: 3, counted: 2 }])
      expect(runner.status().state).toBe("running")
    }),
  ))

test("FAULT 51: a database that is down at start does not stop the start", () =>
  run(({ writer, faults, start }) =>
    Effect.gen(function* () {
      Object.assign(faults, { prepare: () => Effect.fail(new ReadModelUnavailable({ detail: "not yet" })) })
      const last = yield* writer.write("a", added(1))
      const runner = yield* start(ledgerTotals())
      yield* until(() => runner.status().state === "unavailable")
      Object.assign(faults, { prepare: undefined })
      yield* virtualTime(runner.waitFor(last, 60_000))
    }),
  ))

test("FAULT 51: says that it runs again once the database is back, though no event comes", () =>
  run(({ writer, readModel, faults, start }) =>
    Effect.gen(function* () {
      const totals = ledgerTotals()
      const runner = yield* start(totals)
      // The last transaction counts, and its outcome is lost.
      Object.assign(faults, {
        apply: (projection: ProjectionDefinition, batch: Parameters<ReadModelService["apply"]>[1]) =>
          Effect.andThen(
            readModel.apply(projection, batch),
            Effect.fail(new ReadModelUnavailable({ detail: "connection lost in commit" })),
          ),
      })
      yield* writer.write("a", added(1))
      yield* until(() => runner.status().state === "unavailable")
      yield* until(() => runner.status().state === "running")
      expect(runner.status()).toMatchObject({ offset: 1, lag: 0 })
      expect(runner.status().lastError).toContain("connection lost")
      expect(readModel.rows(totals)).toMatchObject([{ total: 1, counted: 1 }])
    }),
  ))

test("FAULT 52: an outcome that was lost counts once, whether it was stored or not", () =>
  run(({ writer, readModel, faults, start }) =>
    Effect.gen(function* () {
      const totals = ledgerTotals()
      let count = 0
      const lost = Effect.fail(new ReadModelUnavailable({ detail: "connection lost in commit" }))
      Object.assign(faults, {
        apply: (projection: ProjectionDefinition, batch: Parameters<ReadModelService["apply"]>[1]) =>
          ++count % 3 === 0
            ? lost
            : count % 3 === 1
              ? Effect.andThen(readModel.apply(projection, batch), lost)
              : readModel.apply(projection, batch),
      })
      const runner = yield* start(totals)
      let last = 0
      for (let index = 0; index < 20; index++) {
        last = yield* writer.write("a", added(1))
        yield* virtualTime(runner.waitFor(last, 60_000))
      }
      expect(readModel.rows(totals)).toMatchObject([{ total: 20, counted: 20 }])
    }),
  ))

test("FAULT 54: two runners of one projection apply everything once", () =>
  run(({ writer, readModel, start }) =>
    Effect.gen(function* () {
      const totals = ledgerTotals()
      const one = yield* start(totals)
      const other = yield* start(totals)
      let last = 0
      for (let index = 0; index < 200; index++) last = yield* writer.write("a", added(1))
      yield* virtualTime(
        Effect.all([one.waitFor(last, 60_000), other.waitFor(last, 60_000)], { concurrency: 2 }),
      )
      expect(readModel.rows(totals)).toMatchObject([{ total: 200, counted: 200 }])
    }),
  ))

test("FAULT 48: stalls at the event that fails, with everything before it applied, and says so", () =>
  run(({ writer, readModel, applied, start }) =>
    Effect.gen(function* () {
      const totals = ledgerTotals({ onError: "stall" })
      for (let index = 0; index < 100; index++) yield* writer.write("good", added(1))
      const bad = yield* writer.write("bad", added(1, "poison"))
      yield* writer.write("good", added(1))
      const runner = yield* start(totals)
      yield* until(() => runner.status().state === "stalled")
      expect(runner.status()).toMatchObject({ offset: bad - 1, lag: 2 })
      expect(runner.status().lastError).toContain("ledger/bad v1 Added: Error: cannot add poison")
      const { since } = runner.status()
      const before = applied.length
      yield* TestClock.adjust("10 minutes")
      expect(runner.status()).toMatchObject({ state: "stalled", since, offset: bad - 1 })
      expect(applied.length).toBe(before)
      expect(readModel.rows(totals)).toMatchObject([{ id: "good", total: 100 }])
    }),
  ))

test("FAULT 48: a stalled projection goes on by itself once the event can be applied", () =>
  run(({ writer, readModel, start }) =>
    Effect.gen(function* () {
      const broken = { is: true }
      const totals = ledgerTotals()
      if (totals.form.kind !== "fold") throw new Error("not a fold")
      const { form } = totals
      const repaired: ProjectionDefinition = {
        ...totals,
        form: {
          ...form,
          fold: (row, event) => {
            if (broken.is && event.id === "bad") throw new Error("not ready")
            return form.fold(row, event)
          },
        },
      }
      const last = yield* writer.write("bad", added(9))
      const runner = yield* start(repaired)
      yield* until(() => runner.status().state === "stalled")
      broken.is = false
      yield* virtualTime(runner.waitFor(last, 120_000))
      expect(readModel.rows(repaired)).toMatchObject([{ total: 9 }])
    }),
  ))

test("FAULT 48: puts the failing event aside, and only that one, where the policy says so", () =>
  run(({ writer, readModel, start }) =>
    Effect.gen(function* () {
      const totals = ledgerTotals({ onError: "deadLetter" })
      for (let index = 0; index < 50; index++) yield* writer.write("good", added(1))
      yield* writer.write("mixed", added(1), added(2, "poison"), added(4))
      yield* writer.write("bad", added(1, "poison"))
      yield* writer.write("worse", added(1, "poison"), added(1, "poison"))
      const last = yield* writer.write("good", added(1))
      const runner = yield* start(totals)
      yield* virtualTime(runner.waitFor(last, 60_000))
      expect(readModel.rows(totals)).toMatchObject([
        { id: "good", total: 51 },
        { id: "mixed", total: 5, counted: 2 },
      ])
      const asides = readModel.deadLetters(totals)
      expect(asides.map(({ event }) => `${event.id} v${event.version}`)).toEqual([
        "mixed v2",
        "bad v1",
        "worse v1",
        "worse v2",
      ])
      expect(asides[0]?.reason).toContain("cannot add poison")
      expect(runner.status()).toMatchObject({ state: "running", deadLetterCount: 4 })
    }),
  ))

test("FAULT 45: stalls at an event of an unknown type or a newer version, and at a record that is no commit", () =>
  run(({ writer, readModel, start }) =>
    Effect.gen(function* () {
      for (const unreadable of [["Exploded", 1, {}], ["Added", 9, {}], undefined] as const) {
        const totals = ledgerTotals({ name: `totals_${unreadable?.[1] ?? "none"}` })
        yield* writer.write("good", added(1))
        const bad =
          unreadable === undefined
            ? yield* writer.writeGarbage("odd")
            : yield* writer.write("odd", added(1), unreadable)
        const runner = yield* start({ ...totals, onError: unreadable === undefined ? "deadLetter" : "stall" })
        if (unreadable === undefined) {
          yield* virtualTime(runner.waitFor(bad, 60_000))
          const reasons = readModel.deadLetters(totals).map(({ reason }) => reason)
          expect(reasons.join()).toMatch(/UnknownType.*NewerVersion.*Malformed/s)
        } else {
          yield* until(() => runner.status().state === "stalled")
          expect(runner.status().offset).toBeLessThan(bad)
          expect(runner.status().lastError).toMatch(/unreadable \((UnknownType|NewerVersion)\)/)
        }
      }
    }),
  ))

test("refuses at start what the read model refuses", () =>
  run(({ start }) =>
    Effect.gen(function* () {
      const failure = yield* Effect.flip(start(ledgerSql()))
      expect(failure).toMatchObject({ _tag: "ProjectionFailed" })
    }),
  ))

test("survives a defect of the read model as a stall, not as silence", () =>
  run(({ writer, faults, start }) =>
    Effect.gen(function* () {
      Object.assign(faults, { apply: () => Effect.die(new Error("a bug")) })
      const last = yield* writer.write("a", added(1))
      const runner = yield* start(ledgerTotals())
      yield* until(() => runner.status().state === "stalled")
      expect(runner.status().lastError).toContain("a bug")
      Object.assign(faults, { apply: undefined })
      yield* virtualTime(runner.waitFor(last, 120_000))
    }),
  ))

test("finishes the batch in work when it stops, and takes no further one", () =>
  run(({ writer, readModel, faults, start }) =>
    Effect.gen(function* () {
      const totals = ledgerTotals()
      const scope = yield* Scope.make()
      const runner = yield* Scope.provide(start(totals), scope)
      let isApplying = false
      Object.assign(faults, {
        apply: (projection: ProjectionDefinition, batch: Parameters<ReadModelService["apply"]>[1]) =>
          Effect.sync(() => {
            isApplying = true
          }).pipe(
            Effect.andThen(Effect.sleep("10 seconds")),
            Effect.andThen(readModel.apply(projection, batch)),
          ),
      })
      yield* writer.write("a", added(1), closed)
      yield* until(() => isApplying)
      yield* virtualTime(Scope.close(scope, Exit.void))
      expect(runner.status().offset).toBe(1)
      yield* writer.write("b", added(1))
      yield* TestClock.adjust("5 minutes")
      expect(yield* readModel.offset(totals, 0)).toEqual({ sequence: 1 })
    }),
  ))
