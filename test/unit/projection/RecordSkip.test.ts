/** A projection that stands still at a record, and the operator who has it step past. */
import { Effect, Exit, Fiber } from "effect"
import { TestClock } from "effect/testing"
import { expect, test } from "vitest"
import { SKIP_TIMEOUT_MS } from "../../../runtime/follower/RecordSkip.ts"
import { ReadModelUnavailable } from "../../../runtime/projection/ReadModel.ts"
import { added, ledgerTotals, opened } from "./Ledger.ts"
import { run, until, virtualTime } from "./ProjectionFixture.ts"

const order = (sequence: number) => ({ sequence, by: "ann", note: "a bad import" })

test("FAULT 72: steps past a record that nobody can read, and says who had it do so", () =>
  run(({ writer, readModel, applied, start }) =>
    Effect.gen(function* () {
      const totals = ledgerTotals()
      yield* writer.write("a", added(1))
      const bad = yield* writer.writeGarbage("b")
      const last = yield* writer.write("c", added(2))
      const runner = yield* start(totals)
      yield* until(() => runner.stopped(0) !== undefined)
      expect(runner.status()).toMatchObject({ state: "stalled", stoppedAt: bad })
      expect(runner.stopped(0)).toMatchObject({
        sequence: bad,
        reason: expect.stringContaining("unreadable"),
      })

      expect(yield* virtualTime(runner.skip(0, order(bad)))).toEqual({ isNews: true, deadLetterCount: 1 })
      yield* virtualTime(runner.waitFor(last, 1_000))
      expect(readModel.rows(totals)).toMatchObject([{ id: "a" }, { id: "c", total: 2 }])
      expect(readModel.deadLetters(totals)).toMatchObject([
        {
          event: { actorType: "ledger", id: "b", sequence: bad },
          reason: expect.stringMatching(/^skipped by ann: a bad import; it failed with: .*unreadable/),
        },
      ])
      expect(applied.filter(({ from, to }) => from < bad && to >= bad)).toEqual([
        { partition: 0, from: bad - 1, to: bad, eventCount: 0 },
      ])
      expect(runner.status()).not.toHaveProperty("stoppedAt")
    }),
  ))

test("FAULT 48: puts aside what fails of the record alone, and stops at the next one that does", () =>
  run(({ writer, readModel, start }) =>
    Effect.gen(function* () {
      const totals = ledgerTotals()
      const bad = yield* writer.write("a", opened("ann"), added(1, "poison"), added(2))
      const worse = yield* writer.write("b", added(3, "poison"))
      const runner = yield* start(totals)
      yield* until(() => runner.stopped(0) !== undefined)
      expect(yield* virtualTime(runner.skip(0, order(bad)))).toEqual({ isNews: true, deadLetterCount: 1 })
      expect(readModel.rows(totals)).toMatchObject([{ id: "a", owner: "ann", total: 2 }])
      yield* until(() => runner.stopped(0)?.sequence === worse)
      expect(readModel.deadLetters(totals)).toHaveLength(1)
    }),
  ))

test("wakes up at once for it, however long it has stood still", () =>
  run(({ writer, start }) =>
    Effect.gen(function* () {
      const bad = yield* writer.writeGarbage("b")
      const runner = yield* start(ledgerTotals())
      // Its pause is a minute by now.
      yield* until(() => runner.stopped(0) !== undefined)
      yield* TestClock.adjust("10 minutes")
      const skipping = yield* Effect.forkScoped(runner.skip(0, order(bad)))
      yield* until(() => skipping.pollUnsafe() !== undefined, 10)
      expect((yield* Fiber.join(skipping)).isNews).toBe(true)
    }),
  ))

test("asked again, or by two at once, steps past one record once", () =>
  run(({ writer, readModel, start }) =>
    Effect.gen(function* () {
      const totals = ledgerTotals()
      const bad = yield* writer.writeGarbage("b")
      const last = yield* writer.write("c", added(2))
      const runner = yield* start(totals)
      yield* until(() => runner.stopped(0) !== undefined)
      const both = yield* virtualTime(
        Effect.all([runner.skip(0, order(bad)), runner.skip(0, order(bad))], { concurrency: 2 }),
      )
      expect(both).toEqual(Array.from(both, () => ({ isNews: true, deadLetterCount: 1 })))
      yield* virtualTime(runner.waitFor(last, 1_000))
      expect(yield* runner.skip(0, order(bad))).toEqual({ isNews: false, deadLetterCount: 0 })
      expect(readModel.deadLetters(totals)).toHaveLength(1)
    }),
  ))

test("steps past no record but the one at which it stands still", () =>
  run(({ writer, readModel, make, start }) =>
    Effect.gen(function* () {
      const totals = ledgerTotals()
      const fine = yield* writer.write("a", added(1))
      const bad = yield* writer.writeGarbage("b")
      const last = yield* writer.write("c", added(2))
      const runner = yield* start(totals)
      yield* until(() => runner.stopped(0) !== undefined)
      expect((yield* runner.skip(0, order(fine))).isNews).toBe(false)
      const refusal = yield* Effect.flip(runner.skip(0, order(last)))
      expect(refusal.message).toContain(`stands still at record ${bad}`)
      const elsewhere = yield* make(totals)
      expect((yield* Effect.flip(elsewhere.skip(0, order(bad)))).message).toContain("does not run it")
      expect(readModel.deadLetters(totals)).toEqual([])
      yield* virtualTime(runner.skip(0, order(bad)))
      yield* virtualTime(runner.waitFor(last, 1_000))
      expect((yield* Effect.flip(runner.skip(0, order(last + 1)))).message).toContain("at no record")
    }),
  ))

test("skips nothing later on, once it has said that it could not", () =>
  run(({ writer, readModel, faults, start }) =>
    Effect.gen(function* () {
      const totals = ledgerTotals()
      const bad = yield* writer.writeGarbage("b")
      const runner = yield* start(totals)
      yield* until(() => runner.stopped(0) !== undefined)
      const away = { prepare: () => Effect.fail(new ReadModelUnavailable({ detail: "away" })) }
      Object.assign(faults, away)
      const refused = yield* Effect.exit(virtualTime(runner.skip(0, order(bad))))
      expect(Exit.isFailure(refused) && String(refused.cause)).toContain(`within ${SKIP_TIMEOUT_MS} ms`)
      Object.assign(faults, { prepare: undefined })
      yield* until(() => runner.status().state === "stalled")
      yield* TestClock.adjust("5 minutes")
      expect(runner.stopped(0)?.sequence).toBe(bad)
      expect(readModel.deadLetters(totals)).toEqual([])
    }),
  ))
