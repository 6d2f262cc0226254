/** The slots of one node: what becomes of them when tenants are slow, hang, or are opened and closed at once. */
import { Clock, Effect, FiberSet, Latch, type Scope } from "effect"
import { expect, it } from "vitest"
import type { LeaseRecord, LeasesService } from "../../../runtime/cluster/Leases.ts"
import { makeLeasesMemory } from "../../../runtime/cluster/LeasesMemory.ts"
import { Leasing } from "../../../runtime/cluster/Leasing.ts"
import { type MemberState, memberKey, slotKey } from "../../../runtime/cluster/Member.ts"
import { Records } from "../../../runtime/cluster/Records.ts"
import type { Tenant } from "../../../runtime/cluster/Tenant.ts"

const SLOT = "shard.0"
const to = (member: string): ReadonlyMap<string, string> => new Map([[SLOT, member]])
const nobody: ReadonlyMap<string, string> = new Map()
const noWish = () => false

/** A slot whose tenant says what it is told; `part` replaces parts of it. */
const oneSlot = Effect.fnUntraced(function* (
  handoffMs: number,
  part: Partial<Tenant> = {},
  wrap: (leases: LeasesService) => LeasesService = (leases) => leases,
) {
  const leases = wrap(yield* makeLeasesMemory(true))
  const clock = yield* Clock.Clock
  const records = new Records(leases, clock, 1_000)
  const told: Array<string> = []
  const tenant: Tenant = {
    open: (epoch) => Effect.sync(() => told.push(`open ${epoch}`)),
    close: Effect.sync(() => told.push("close")),
    drop: Effect.sync(() => told.push("drop")),
    ...part,
  }
  const leasing = new Leasing(
    {
      records,
      clock,
      tenants: new Map([[SLOT, tenant]]),
      handoffMs,
      moved: (_slot, epoch, what) => told.push(`${what} ${epoch}`),
    },
    yield* FiberSet.makeRuntime<never>(),
  )
  return {
    leasing,
    leases,
    records,
    told,
    record: Effect.map(leases.get(slotKey(SLOT)), (found) => found?.value),
  }
})

const until = (isTrue: () => boolean) =>
  Effect.gen(function* () {
    while (!isTrue()) yield* Effect.sleep(1)
  })

const run = (program: Effect.Effect<void, unknown, Scope.Scope>): Promise<void> =>
  Effect.runPromise(Effect.scoped(program))

it("is not closed by the end of a handover that began before it was lost and taken again", () =>
  run(
    Effect.gen(function* () {
      const slow = Latch.makeUnsafe(false)
      const steps: Array<string> = []
      const close = Effect.gen(function* () {
        steps.push("begun")
        yield* slow.await
        steps.push("done")
      }).pipe(Effect.ensuring(Effect.sync(() => steps.push("over"))))
      const { leasing, told, record } = yield* oneSlot(60_000, { close })
      yield* leasing.follow("me-1", to("me-1"), noWish)
      yield* leasing.follow("me-1", to("other"), noWish)
      yield* until(() => steps.includes("begun"))
      // Evicted: the next life takes what this one had.
      yield* leasing.dropAll
      yield* leasing.follow("me-2", to("me-2"), noWish)
      yield* slow.open
      yield* until(() => steps.includes("over"))
      yield* leasing.follow("me-2", to("me-2"), noWish)
      expect(steps).toEqual(["begun", "over"])
      expect(told).toEqual(["open 1", "taken 1", "lost 1", "drop", "open 2", "taken 2"])
      expect(leasing.held.get(SLOT)).toMatchObject({ epoch: 2 })
      expect(yield* record).toMatchObject({ m: "me-2", e: 2 })
    }),
  ))

it("is free in the end, though what ran in it cannot be ended", () =>
  run(
    Effect.gen(function* () {
      const { leasing, told, record } = yield* oneSlot(20, { close: Effect.uninterruptible(Effect.never) })
      yield* leasing.follow("me", to("me"), noWish)
      yield* leasing.follow("me", to("other"), noWish)
      yield* until(() => told.includes("handedOver 1"))
      yield* leasing.releaseAll("me", nobody)
      expect(told).toEqual(["open 1", "taken 1", "drop", "handedOver 1"])
      expect(yield* record).toEqual({ e: 1, n: 0 })
    }),
  ))

it("is free in the end, though its tenant fails to close", () =>
  run(
    Effect.gen(function* () {
      const { leasing, told, record } = yield* oneSlot(60_000, { close: Effect.die("a bug") })
      yield* leasing.follow("me", to("me"), noWish)
      yield* leasing.releaseAll("me", nobody)
      expect(told).toEqual(["open 1", "taken 1", "drop", "handedOver 1"])
      expect(yield* record).toEqual({ e: 1, n: 0 })
    }),
  ))

it("without a record is taken under an epoch above those that its data speaks of, and not while these are unknown", () =>
  run(
    Effect.gen(function* () {
      let known = false
      const epochSeen = Effect.suspend(() => (known ? Effect.succeed(7) : Effect.fail("no answer")))
      const { leasing, told, record } = yield* oneSlot(60_000, { epochSeen })
      const failed = yield* Effect.flip(leasing.follow("me", to("me"), noWish))
      expect(String(failed)).toContain("no answer")
      expect(yield* record).toBe(undefined)
      known = true
      yield* leasing.follow("me", to("me"), noWish)
      expect(told).toEqual(["open 8", "taken 8"])
      expect(yield* record).toMatchObject({ m: "me", e: 8 })
    }),
  ))

it("is not left open by a node that leaves while it takes it", () =>
  run(
    Effect.gen(function* () {
      const written = Latch.makeUnsafe(false)
      const { leasing, told, record } = yield* oneSlot(60_000, {}, (leases) => ({
        ...leases,
        write: (...given) => Effect.tap(leases.write(...given), () => written.await),
      }))
      const taking = yield* Effect.forkChild(leasing.follow("me", to("me"), noWish))
      yield* Effect.sleep(5)
      const leaving = yield* Effect.forkChild(leasing.releaseAll("me", nobody))
      yield* Effect.sleep(5)
      yield* written.open
      yield* Effect.forEach([taking, leaving], (fiber) => until(() => fiber.pollUnsafe() !== undefined))
      yield* leasing.follow("me", to("me"), noWish)
      expect(told).toEqual(["open 1", "taken 1", "close", "handedOver 1"])
      expect(yield* record).toEqual({ e: 1, n: 0 })
    }),
  ))

const member = (id: string, state: MemberState = "up"): LeaseRecord => ({
  key: memberKey(id),
  revision: 1_000,
  value: {
    v: 1,
    name: id,
    version: "",
    state,
    weight: 1,
    types: {},
    labels: [],
    runs: [],
    unfit: [],
    startedAt: 0,
  },
})

it("is handed over by name, and only opened by the one that it is given to", () =>
  run(
    Effect.gen(function* () {
      const store = yield* makeLeasesMemory(true)
      const one = yield* oneSlot(60_000, {}, () => store)
      const other = yield* oneSlot(60_000, {}, () => ({ ...store, write: () => Effect.die("written") }))
      one.records.seen.apply(member("other"), 0)
      yield* one.leasing.follow("me", to("me"), noWish)
      yield* one.leasing.releaseAll("me", to("other"))
      expect(yield* one.record).toEqual({ m: "other", e: 2, n: 0 })
      yield* other.records.refresh
      yield* other.leasing.follow("other", to("other"), noWish)
      expect(other.told).toEqual(["open 2", "taken 2"])
    }),
  ))

it("is written again as it was where the store has lost it, and goes on meanwhile", () =>
  run(
    Effect.gen(function* () {
      const { leasing, records, told, record } = yield* oneSlot(60_000)
      yield* leasing.follow("me", to("me"), noWish)
      yield* records.remove(slotKey(SLOT))
      expect(yield* record).toBeUndefined()
      yield* leasing.follow("me", to("me"), noWish)
      expect(yield* record).toEqual({ m: "me", e: 1, n: 0 })
      yield* leasing.follow("me", to("me"), noWish)
      expect(told).toEqual(["open 1", "taken 1"])
    }),
  ))

it("is free when the one that should have it next is not there", () =>
  run(
    Effect.gen(function* () {
      const { leasing, record } = yield* oneSlot(60_000)
      yield* leasing.follow("me", to("me"), noWish)
      yield* leasing.releaseAll("me", to("gone"))
      expect(yield* record).toEqual({ e: 1, n: 0 })
    }),
  ))

it("goes on to the next one when it was given to a node that should not have it any more", () =>
  run(
    Effect.gen(function* () {
      const { leasing, records, told, record } = yield* oneSlot(60_000)
      yield* records.write(slotKey(SLOT), { m: "me", e: 4, n: 0 })
      records.seen.apply(member("other"), 0)
      yield* leasing.follow("me", to("other"), noWish)
      expect(told).toEqual([])
      expect(yield* record).toEqual({ m: "other", e: 5, n: 0 })
    }),
  ))

it("is not taken from a member that has just joined and was not heard of yet", () =>
  run(
    Effect.gen(function* () {
      const { leasing, leases, records, told, record } = yield* oneSlot(60_000)
      yield* leases.write(memberKey("other-1"), member("other-1").value, 0)
      yield* leases.write(slotKey(SLOT), { m: "other-1", e: 1, n: 0 }, 0)
      yield* records.look(slotKey(SLOT))
      yield* leasing.follow("me", to("me"), noWish)
      expect(told).toEqual([])
      expect(yield* record).toMatchObject({ m: "other-1", e: 1 })
      yield* records.remove(memberKey("other-1"))
      yield* leasing.follow("me", to("me"), noWish)
      expect(yield* record).toMatchObject({ m: "me", e: 2 })
    }),
  ))

it.each<MemberState>(["drained", "leaving"])(
  "is not taken from a member that is %s before that hands it over, however long it takes",
  (state) =>
    run(
      Effect.gen(function* () {
        const { leasing, records, told, record } = yield* oneSlot(60_000)
        records.seen.apply(member("other", state), 0)
        yield* records.write(slotKey(SLOT), { m: "other", e: 3, n: 0 })
        for (let round = 0; round < 3; round++) yield* leasing.follow("me", to("me"), noWish)
        expect(told).toEqual([])
        expect(yield* record).toEqual({ m: "other", e: 3, n: 0 })
        yield* records.write(slotKey(SLOT), { m: "me", e: 4, n: 0 })
        yield* leasing.follow("me", to("me"), noWish)
        expect(told).toEqual(["open 4", "taken 4"])
      }),
    ),
)
