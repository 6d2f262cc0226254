/** What a node reads of the cluster's records: all of them, or what it was told that others write. */
import { Clock, Effect } from "effect"
import { describe, expect, it } from "vitest"
import { type LeasesService, LeasesUnavailable } from "../../../runtime/cluster/Leases.ts"
import { makeLeasesMemory } from "../../../runtime/cluster/LeasesMemory.ts"
import { Records } from "../../../runtime/cluster/Records.ts"

const LIST_EVERY_MS = 60_000

/** Records that have been listed once, over a store that tells what it was asked. */
const opened = Effect.fnUntraced(function* (part: Partial<LeasesService> = {}) {
  const store = yield* makeLeasesMemory(true)
  const asked: Array<string> = []
  const leases: LeasesService = {
    ...store,
    all: Effect.suspend(() => {
      asked.push("all")
      return store.all
    }),
    get: (key) =>
      Effect.suspend(() => {
        asked.push(key)
        return store.get(key)
      }),
    ...part,
  }
  const records = new Records(leases, yield* Clock.Clock, LIST_EVERY_MS)
  yield* Effect.ignore(records.refresh)
  asked.length = 0
  return { store, records, asked }
})

const run = (program: Effect.Effect<void, unknown>): Promise<void> => Effect.runPromise(program)

describe("after everything was read once", () => {
  it("only what others write is read, once for many hints", () =>
    run(
      Effect.gen(function* () {
        const { store, records, asked } = yield* opened()
        const first = yield* store.write("slot.a", { e: 1 }, 0)
        const second = yield* store.write("slot.a", { e: 2 }, first)
        records.hinted({ key: "slot.a", after: 0, value: { e: 1 } })
        records.hinted({ key: "slot.a", after: first, value: { e: 2 } })
        yield* records.refresh
        yield* records.refresh
        expect(asked).toEqual(["slot.a"])
        expect(records.seen.revisionOf("slot.a")).toBe(second)
      }),
    ))

  it("a hint that is there before the write is waited for", () =>
    run(
      Effect.gen(function* () {
        const { store, records } = yield* opened()
        records.hinted({ key: "slot.a", after: 0, value: { e: 1 } })
        const refreshing = yield* Effect.forkChild(records.refresh)
        yield* Effect.sleep(10)
        yield* store.write("slot.a", { e: 1 }, 0)
        while (refreshing.pollUnsafe() === undefined) yield* Effect.sleep(1)
        expect(records.seen.says("slot.a", { e: 1 })).toBe(true)
      }),
    ))

  it("a hint of a write that was refused is given up", () =>
    run(
      Effect.gen(function* () {
        const { records, asked } = yield* opened()
        records.hinted({ key: "slot.a", after: 7, value: { e: 1 } })
        yield* records.refresh
        expect(new Set(asked)).toEqual(new Set(["slot.a"]))
        expect(records.seen.revisionOf("slot.a")).toBe(0)
      }),
    ))

  it("everything is read again when there is doubt, or when a great deal was hinted at", () =>
    run(
      Effect.gen(function* () {
        const { records, asked } = yield* opened()
        records.doubt()
        yield* records.refresh
        for (let index = 0; index < 100; index++) {
          records.hinted({ key: `slot.${index}`, after: 0, value: { e: 1 } })
        }
        yield* records.refresh
        yield* records.refresh
        expect(asked).toEqual(["all", "all"])
      }),
    ))

  it("and after a read that failed", () =>
    run(
      Effect.gen(function* () {
        let isAway = false
        const away = Effect.fail(new LeasesUnavailable({ reason: "Timeout", detail: "away" }))
        const { store, records } = yield* opened()
        const failing = yield* opened({ get: (key) => (isAway ? away : store.get(key)), all: store.all })
        yield* store.write("slot.a", { e: 1 }, 0)
        isAway = true
        failing.records.hinted({ key: "slot.a", after: 0, value: { e: 1 } })
        expect(yield* Effect.flip(failing.records.refresh)).toMatchObject({ reason: "Timeout" })
        yield* failing.records.refresh
        expect(failing.records.seen.says("slot.a", { e: 1 })).toBe(true)
        expect(records.seen.revisionOf("slot.a")).toBe(0)
      }),
    ))
})

describe("a record that somebody else has written meanwhile", () => {
  it("is not written over, nor removed, and is seen then", () =>
    run(
      Effect.gen(function* () {
        const { store, records } = yield* opened()
        expect(yield* records.write("slot.a", { e: 1 })).toBe(true)
        yield* store.write("slot.a", { e: 2 }, records.seen.revisionOf("slot.a"))
        expect(yield* records.write("slot.a", { e: 9 })).toBe(false)
        expect(records.seen.says("slot.a", { e: 2 })).toBe(true)
        yield* store.write("slot.a", { e: 3 }, records.seen.revisionOf("slot.a"))
        expect(yield* records.remove("slot.a")).toBe(false)
        expect(records.seen.says("slot.a", { e: 3 })).toBe(true)
        expect(yield* records.remove("slot.a")).toBe(true)
        expect(records.seen.says("slot.a", undefined)).toBe(true)
      }),
    ))
})
