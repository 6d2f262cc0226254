/** Bulk verbs in the background: started, looked at and cancelled from any node. */
import { Effect, Exit, Scope } from "effect"
import { TestClock } from "effect/testing"
import { expect, test } from "vitest"
import { Checkpoints } from "../../../runtime/checkpoint/Checkpoints.ts"
import {
  type DeadLetterReason,
  DeadLetters,
  type DeadLettersService,
  DeadLettersUnavailable,
} from "../../../runtime/deadletter/DeadLetters.ts"
import { Mailbox } from "../../../runtime/mailbox/Mailbox.ts"
import { BULK_SILENCE_MS_MAX, makeBulkJobs } from "../../../runtime/office/BulkJobs.ts"
import { BULK_PAGE_MAX, makeDeadLetterOffice } from "../../../runtime/office/DeadLetterOffice.ts"
import { MessagingMemory } from "../../fixtures/memory/MessagingMemory.ts"
import { realDate } from "../../fixtures/time/RealDate.ts"
import { shardCount } from "../projection/Ledger.ts"
import { until } from "../reactor/ReactorFixture.ts"

/** Virtual time that it takes to remove a letter. */
const REMOVE_MS = 10

const world = () => {
  const messaging = new MessagingMemory()
  const faults: { list?: DeadLettersService["list"] } = {}
  const letters: DeadLettersService = {
    ...messaging.deadLetters,
    list: (options) => (faults.list ?? messaging.deadLetters.list)(options),
    remove: (number) => Effect.delay(messaging.deadLetters.remove(number), REMOVE_MS),
  }
  let idCount = 0
  /** A node, which goes down with its scope. */
  const node = Effect.gen(function* () {
    const { workPage } = yield* makeDeadLetterOffice({ shardCount, reactors: new Map() })
    return yield* makeBulkJobs(workPage, () => `job-${idCount++}`)
  }).pipe(
    Effect.provideService(Mailbox, messaging.mailbox),
    Effect.provideService(Checkpoints, messaging.checkpoints),
    Effect.provideService(DeadLetters, letters),
  )
  const fill = Effect.fnUntraced(function* (count: number, reason: DeadLetterReason) {
    for (let index = 0; index < count; index++) {
      const messageId = `${reason}-${index}`
      const letter = {
        key: "ledger/a",
        reason,
        detail: "no",
        attemptCount: 1,
        atMs: 0,
        messageId,
        original: "{",
      }
      yield* messaging.deadLetters.add(letter)
    }
  })
  return { messaging, faults, node, fill, left: () => messaging.deadLetters.letters.size }
}

type World = ReturnType<typeof world>

const inWorld = (body: (given: World) => Effect.Effect<void, unknown, Scope.Scope>): Promise<void> =>
  Effect.runPromise(Effect.suspend(() => body(world())).pipe(Effect.scoped, Effect.provide(realDate)))

const discard = { verb: "discard", reason: "Rejected" } as const

test("answers at once, and shows how far it is until all of the reason are gone", () =>
  inWorld(({ node, fill, left }) =>
    Effect.gen(function* () {
      yield* fill(20_000, "Rejected")
      yield* fill(7, "Failed")
      const jobs = yield* node
      expect(yield* jobs.startBulk(discard)).toMatchObject({ ...discard, state: "running", doneCount: 0 })
      expect(left()).toBe(20_007)
      yield* until(() => left() < 15_000)
      const [under] = yield* jobs.bulkJobs
      expect(under).toMatchObject({ state: "running" })
      expect(under?.doneCount).toBeGreaterThan(4_000)
      yield* until(() => left() === 7)
      yield* TestClock.adjust(100)
      expect(yield* jobs.bulkJobs).toMatchObject([
        { ...discard, state: "done", doneCount: 20_000, keptCount: 0 },
      ])
    }),
  ))

test("is one job, however often and wherever it is asked for", () =>
  inWorld(({ node, fill, left }) =>
    Effect.gen(function* () {
      yield* fill(1_000, "Rejected")
      const [one, two] = [yield* node, yield* node]
      const first = yield* one.startBulk(discard)
      yield* until(() => left() < 800)
      for (const jobs of [one, two]) {
        const again = yield* jobs.startBulk(discard)
        expect(again).toMatchObject({ state: "running", startedAtMs: first.startedAtMs })
        expect(again.doneCount).toBeGreaterThan(0)
      }
      expect(yield* two.bulkJobs).toHaveLength(1)
      yield* until(() => left() === 0)
      yield* TestClock.adjust(100)
      expect(yield* two.bulkJobs).toMatchObject([{ state: "done", doneCount: 1_000 }])
      yield* fill(3, "Malformed")
      yield* two.startBulk({ verb: "discard", reason: "Malformed" })
      yield* until(() => left() === 0)
      expect(yield* one.bulkJobs).toHaveLength(2)
    }),
  ))

test.each(["here", "elsewhere"])("is cancelled from %s, and what it has done stays done", (where) =>
  inWorld(({ node, fill, left }) =>
    Effect.gen(function* () {
      yield* fill(5_000, "Rejected")
      const [one, two] = [yield* node, yield* node]
      yield* one.startBulk(discard)
      yield* until(() => left() < 4_000)
      const asked = where === "here" ? one : two
      expect(yield* asked.cancelBulk(discard)).toMatchObject({ state: "cancelled" })
      // Elsewhere, it hears of it after its page.
      yield* TestClock.adjust(1_000)
      const leftCount = left()
      expect(leftCount).toBeGreaterThan(3_000)
      yield* TestClock.adjust(60_000)
      expect(left()).toBe(leftCount)
      expect(yield* one.bulkJobs).toMatchObject([{ state: "cancelled" }])
      expect(yield* asked.cancelBulk({ verb: "redrive", reason: "Failed" })).toBeUndefined()
    }),
  ),
)

test("is cancelled though its node writes its progress at that moment", () =>
  inWorld(({ node, fill, left, messaging }) =>
    Effect.gen(function* () {
      yield* fill(1_000, "Rejected")
      const [one, two] = [yield* node, yield* node]
      const { write } = messaging.checkpoints
      let isFirst = true
      Object.assign(messaging.checkpoints, {
        write: (...given: Parameters<typeof write>) => {
          if (left() === 1_000 || !isFirst) return write(...given)
          isFirst = false
          return Effect.andThen(two.cancelBulk(discard), write(...given))
        },
      })
      yield* one.startBulk(discard)
      yield* until(() => !isFirst)
      yield* TestClock.adjust("1 minute")
      expect(left()).toBeGreaterThan(500)
      expect(yield* one.bulkJobs).toMatchObject([{ state: "cancelled" }])
      expect(yield* one.startBulk(discard)).toMatchObject({ state: "running", doneCount: 0 })
      yield* until(() => left() === 0)
    }),
  ))

test("goes on, started again, where a node that went down has left it", () =>
  inWorld(({ node, fill, left }) =>
    Effect.gen(function* () {
      yield* fill(2_000, "Rejected")
      const scope = yield* Scope.make()
      const one = yield* Scope.provide(node, scope)
      const two = yield* node
      yield* one.startBulk(discard)
      yield* until(() => left() < 1_500)
      yield* Scope.close(scope, Exit.void)
      const leftCount = left()
      expect(yield* two.startBulk(discard)).toMatchObject({ state: "running" })
      yield* TestClock.adjust(BULK_SILENCE_MS_MAX + 1_000)
      expect(left()).toBe(leftCount)
      expect(yield* two.bulkJobs).toMatchObject([{ state: "interrupted" }])
      yield* two.startBulk(discard)
      yield* until(() => left() === 0)
      yield* TestClock.adjust(100)
      expect(yield* two.bulkJobs).toMatchObject([{ state: "done", doneCount: leftCount }])
    }),
  ))

test("waits while dead letters are unavailable, and says so when that takes too long", () =>
  inWorld(({ node, fill, faults, left }) =>
    Effect.gen(function* () {
      yield* fill(BULK_PAGE_MAX * 2, "Rejected")
      const jobs = yield* node
      const away = () => Effect.fail(new DeadLettersUnavailable({ detail: "away" }))
      faults.list = away
      yield* jobs.startBulk(discard)
      yield* TestClock.adjust(2_000)
      delete faults.list
      yield* until(() => left() === 0)
      yield* fill(1, "Malformed")
      faults.list = away
      yield* jobs.startBulk({ verb: "discard", reason: "Malformed" })
      yield* TestClock.adjust("5 minutes")
      const failed = (yield* jobs.bulkJobs).find(({ reason }) => reason === "Malformed")
      expect(failed).toMatchObject({ state: "failed", detail: expect.stringContaining("away"), doneCount: 0 })
    }),
  ))

test("redrives in order, and names letters that stay", () =>
  inWorld(({ node, fill, left }) =>
    Effect.gen(function* () {
      yield* fill(150, "Malformed")
      const jobs = yield* node
      yield* jobs.startBulk({ verb: "redrive", reason: "Malformed" })
      yield* TestClock.adjust(1_000)
      const [job] = yield* jobs.bulkJobs
      expect(job).toMatchObject({ state: "done", doneCount: 0, keptCount: 150 })
      expect(job?.kept.length).toBeLessThan(150)
      expect(left()).toBe(150)
    }),
  ))
