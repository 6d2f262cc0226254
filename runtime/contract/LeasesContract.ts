/**
 * What every store of leases honours (runtime/cluster/Leases.ts): two members on one store, which is fresh and empty
 * each time.
 */
import { Effect, Exit, Schedule, Stream } from "effect"
import type { LeaseHint, LeaseRecord, LeasesService } from "../cluster/Leases.ts"
import { type ContractOptions, type ContractRunner, factOfSubject } from "./ContractSuite.ts"
import { expect } from "./Expectation.ts"

/** Two members on one store. */
export interface LeasesPair {
  readonly one: LeasesService
  readonly other: LeasesService
}

/** Repeats a look until it shows what is wanted: lists may lag. */
export const eventually = <E>(look: Effect.Effect<void, E>): Effect.Effect<void, unknown> =>
  Effect.suspend(() => look).pipe(
    Effect.sandbox,
    Effect.retry({ schedule: Schedule.spaced(25), times: 4_000 }),
  )

const listed = (leases: LeasesService, wanted: ReadonlyArray<Partial<LeaseRecord>>) =>
  eventually(
    Effect.map(leases.all, (records) => {
      const sorted = [...records].sort((left, right) => (left.key < right.key ? -1 : 1))
      expect(sorted).toMatchObject(wanted)
    }),
  )

/** What `changes` brings, from now on; the store is written to until the first hint is there. */
const hintsOf = Effect.fnUntraced(function* ({ one, other }: LeasesPair) {
  const heard: Array<LeaseHint> = []
  yield* Effect.forkScoped(
    Stream.runForEach(other.changes, (hint) =>
      Effect.sync(() => {
        heard.push(hint)
      }),
    ),
  )
  let revision = 0
  yield* eventually(
    Effect.gen(function* () {
      revision = yield* one.write("warm-up", "", revision)
      yield* eventuallyHeard(heard, "warm-up", 4)
    }),
  )
  return heard
})

const eventuallyHeard = (heard: ReadonlyArray<LeaseHint>, key: string, times = 4_000) =>
  Effect.retry(
    Effect.suspend(() =>
      heard.some((hint) => hint.key === key) ? Effect.void : Effect.fail(`no hint of ${key}`),
    ),
    { schedule: Schedule.spaced(25), times },
  )

/** Registers the contract of `Leases` with a test runner. */
export const leasesContract = (runner: ContractRunner, options: ContractOptions<LeasesPair>): void => {
  const fact = factOfSubject(runner, options)

  runner.describe(`${options.name} leases`, () => {
    fact(
      "are none, before anything was written",
      Effect.fnUntraced(function* ({ one }) {
        expect(yield* one.all).toEqual([])
        expect(yield* one.get("slot.shard.3")).toBeUndefined()
      }),
    )

    fact(
      "are seen by everybody, as they were written last, under ascending revisions",
      Effect.fnUntraced(function* ({ one, other }) {
        const values = [
          { node: "n-1", epoch: 1, labels: ["eu", "gpu"] },
          "주문 \u{1f9ed} \u0000\n",
          null,
          0,
          { large: "ü".repeat(16_000) },
        ]
        let revision = 0
        for (const value of values) {
          const written = yield* one.write("slot.shard.3", value, revision)
          expect(written).toBeGreaterThan(revision)
          revision = written
          expect(yield* other.get("slot.shard.3")).toEqual({ key: "slot.shard.3", revision, value })
        }
        yield* listed(other, [{ key: "slot.shard.3", revision, value: values.at(-1) }])
      }),
    )

    fact(
      "conflict for whoever names another revision than the newest, and stay as they are",
      Effect.fnUntraced(function* ({ one, other }) {
        const first = yield* one.write("slot.1", "first", 0)
        const second = yield* one.write("slot.1", "second", first)
        for (const revision of [0, first, second + 1, Number.NaN, -1]) {
          const conflict = { _tag: "LeaseConflict", key: "slot.1" }
          expect(yield* Effect.flip(other.write("slot.1", "mine", revision))).toMatchObject(conflict)
          expect(yield* Effect.flip(other.remove("slot.1", revision))).toMatchObject(conflict)
        }
        expect(yield* Effect.flip(other.write("slot.2", "mine", second))).toMatchObject({ key: "slot.2" })
        expect(yield* other.get("slot.1")).toMatchObject({ revision: second, value: "second" })
      }),
    )

    fact(
      "FAULT 10: are won by one of 20 who write at once",
      Effect.fnUntraced(function* ({ one, other }) {
        let revision = 0
        for (const round of [1, 2, 3]) {
          const exits = yield* Effect.forEach(
            Array.from({ length: 20 }, (_, index) => index),
            (index) =>
              Effect.exit((index % 2 === 0 ? one : other).write("slot.busy", { round, index }, revision)),
            { concurrency: "unbounded" },
          )
          const winners = exits.flatMap((exit, index) => (Exit.isSuccess(exit) ? [index] : []))
          expect(winners).toHaveLength(1)
          const found = yield* one.get("slot.busy")
          expect(found?.value).toEqual({ round, index: winners[0] })
          revision = found?.revision ?? 0
        }
      }),
    )

    fact(
      "are written side by side by key",
      Effect.fnUntraced(function* ({ one, other }) {
        const keys = ["a", "a.b", "a-b", "a_b", "A", "a.b.c", "slot.shard.12", "member.x_1-y"]
        yield* Effect.forEach(keys, (key, index) => (index % 2 === 0 ? one : other).write(key, key, 0), {
          concurrency: "unbounded",
        })
        for (const key of keys) expect((yield* one.get(key))?.value).toBe(key)
        yield* listed(
          other,
          [...keys].sort().map((key) => ({ key, value: key })),
        )
      }),
    )

    fact(
      "leave a record without a value when they are removed: old revisions conflict, its own writes again",
      Effect.fnUntraced(function* ({ one, other }) {
        const written = yield* one.write("slot.1", "mine", 0)
        yield* one.remove("slot.1", written)
        const removed = yield* other.get("slot.1")
        expect(removed).toEqual({ key: "slot.1", revision: removed?.revision, value: undefined })
        const revision = removed?.revision ?? 0
        expect(revision).toBeGreaterThan(written)
        yield* listed(other, [{ key: "slot.1", revision, value: undefined }])

        for (const old of [0, written]) {
          expect(yield* Effect.flip(other.write("slot.1", "late", old))).toMatchObject({ kind: "conflict" })
        }
        const again = yield* other.write("slot.1", "yours", revision)
        expect(again).toBeGreaterThan(revision)
        expect(yield* one.get("slot.1")).toEqual({ key: "slot.1", revision: again, value: "yours" })
      }),
    )

    fact(
      "FAULT 12: are hinted at when they are written and removed, and reading again is enough",
      Effect.fnUntraced(function* (pair) {
        const { one, other } = pair
        const heard = yield* hintsOf(pair)
        const revision = yield* one.write("slot.1", "mine", 0)
        yield* eventuallyHeard(heard, "slot.1")
        expect(heard).toContainEqual({ key: "slot.1", after: 0, value: "mine" })
        yield* eventually(
          Effect.map(other.all, (records) => {
            expect(records).toContainEqual({ key: "slot.1", revision, value: "mine" })
          }),
        )
        heard.length = 0
        yield* one.remove("slot.1", revision)
        yield* eventuallyHeard(heard, "slot.1")
        expect(heard).toContainEqual({ key: "slot.1", after: revision, value: undefined })
      }),
    )

    fact(
      "are listed by the hundred, while they are being written",
      Effect.fnUntraced(function* ({ one, other }) {
        const keys = Array.from({ length: 300 }, (_, index) => `slot.shard.${index}`)
        const write = (revisionOf: (key: string) => number) =>
          Effect.forEach(
            keys,
            (key) =>
              Effect.map(one.write(key, { key }, revisionOf(key)), (revision) => [key, revision] as const),
            { concurrency: 50 },
          )
        const first = new Map(yield* write(() => 0))
        // Many times in a row: whichever replica answers has all of them.
        const complete = Effect.map(other.all, (records) => expect(records).toHaveLength(keys.length))
        yield* eventually(Effect.asVoid(Effect.repeat(complete, { times: 20 })))
        const renewal = yield* Effect.forkScoped(write((key) => first.get(key) ?? 0))
        let isOver = false
        renewal.addObserver(() => {
          isOver = true
        })
        while (!isOver) {
          const records = yield* other.all
          expect(new Set(records.map(({ key }) => key))).toEqual(new Set(keys))
          expect(records).toHaveLength(keys.length)
        }
      }),
    )
  })
}
