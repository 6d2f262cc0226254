/** A node that goes, at a bad moment: nothing of it runs on, and nothing of it stays. */
import { Effect, Exit, Fiber, Latch, References, Scope } from "effect"
import { TestClock } from "effect/testing"
import { expect, it } from "vitest"
import { makeCluster } from "../../../runtime/cluster/Cluster.ts"
import { ClusterView } from "../../../runtime/cluster/ClusterView.ts"
import { Leases, type LeasesService, LeasesUnavailable } from "../../../runtime/cluster/Leases.ts"
import { Ownership } from "../../../runtime/cluster/Ownership.ts"
import type { Tenant } from "../../../runtime/cluster/Tenant.ts"
import { Transport } from "../../../runtime/transport/Transport.ts"
import { aboutNode, ClusterMemory } from "../../fixtures/memory/ClusterMemory.ts"
import { realDate } from "../../fixtures/time/RealDate.ts"

const SLOTS = Array.from({ length: 12 }, (_, index) => `shard.${index}`)

/** One node whose slots are open while their names are in `running`. */
const oneNode = Effect.fnUntraced(function* (
  cluster: ClusterMemory,
  close: Effect.Effect<void>,
  leases: LeasesService = cluster.leases,
) {
  const running = new Set<string>()
  const tenant = (slot: string): Tenant => ({
    open: () => Effect.sync(() => running.add(slot)),
    close: Effect.andThen(
      close,
      Effect.sync(() => running.delete(slot)),
    ),
    drop: Effect.sync(() => running.delete(slot)),
  })
  const agent = yield* makeCluster({
    about: aboutNode,
    families: [{ name: "default", label: undefined, isShards: true, slots: SLOTS }],
    tenants: new Map(SLOTS.map((slot) => [slot, tenant(slot)])),
    view: yield* ClusterView.make(new Ownership(SLOTS.length)),
    leaseMs: 1_000,
    handoffMs: 60_000,
    asked: () => Effect.succeed(undefined),
    ownerChanged: () => undefined,
  }).pipe(Effect.provideService(Leases, leases), Effect.provideService(Transport, cluster.transport))
  return { agent, running }
})

/** Lets time pass until it is so. */
const until = (isTrue: () => boolean) =>
  Effect.gen(function* () {
    while (!isTrue()) yield* TestClock.adjust(20)
  })

/** Lets time pass until the effect has ended. */
const ended = <A, E>(effect: Effect.Effect<A, E>) =>
  Effect.gen(function* () {
    const fiber = yield* Effect.forkChild(effect)
    yield* until(() => fiber.pollUnsafe() !== undefined)
    return yield* Fiber.join(fiber)
  })

/** Longer than anything that a node does by itself takes: what has not happened by then does not happen. */
const longMs = 10_000

const run = (program: Effect.Effect<void, unknown, Scope.Scope>): Promise<void> =>
  Effect.runPromise(
    Effect.gen(function* () {
      const scope = yield* Scope.make()
      const exit = yield* Effect.exit(Scope.provide(program, scope))
      yield* ended(Scope.close(scope, Exit.void))
      return yield* exit
    }).pipe(Effect.provide(realDate), Effect.provideService(References.MinimumLogLevel, "None")),
  )

const membersOf = ({ leases }: ClusterMemory) =>
  Effect.map(leases.all, (records) =>
    records.filter(({ key, value }) => key.startsWith("member.") && value !== undefined),
  )

it("is gone when it is asked to leave a second time, and not before", () =>
  run(
    Effect.gen(function* () {
      const slow = Latch.makeUnsafe(false)
      const cluster = yield* ClusterMemory.make
      const { agent, running } = yield* oneNode(cluster, slow.await)
      yield* until(() => running.size === SLOTS.length)
      const first = yield* Effect.forkChild(agent.leave)
      yield* TestClock.adjust(5)
      const second = yield* Effect.forkChild(agent.leave)
      yield* TestClock.adjust(longMs)
      expect(second.pollUnsafe()).toBeUndefined()
      yield* slow.open
      yield* ended(Fiber.join(second))
      expect(running.size).toBe(0)
      expect(yield* membersOf(cluster)).toEqual([])
      yield* ended(Fiber.join(first))
    }),
  ))

it("runs nothing on when its time to leave is over", () =>
  run(
    Effect.gen(function* () {
      const scope = yield* Scope.make()
      const cluster = yield* ClusterMemory.make
      const { agent, running } = yield* Scope.provide(oneNode(cluster, Effect.never), scope)
      yield* until(() => running.size === SLOTS.length)
      yield* ended(Effect.timeoutOption(agent.leave, 20))
      yield* ended(Scope.close(scope, Exit.void))
      expect([...running]).toEqual([])
    }),
  ))

it("runs nothing on when it leaves just after it was evicted", () =>
  run(
    Effect.gen(function* () {
      const memory = yield* ClusterMemory.make
      let isSlow = false
      const all = Effect.suspend(() => (isSlow ? Effect.never : memory.leases.all))
      const { agent, running } = yield* oneNode(memory, Effect.void, { ...memory.leases, all })
      yield* until(() => running.size === SLOTS.length)
      isSlow = true
      yield* TestClock.adjust(150)
      const [record] = yield* membersOf(memory)
      yield* memory.leases.remove(record?.key ?? "", record?.revision ?? 0)
      // It finds out when it renews.
      yield* TestClock.adjust(250)
      yield* ended(agent.leave)
      expect([...running]).toEqual([])
    }),
  ))

it("leaves no record when it is told to go while it joins", async () => {
  const memory = await Effect.runPromise(ClusterMemory.make)
  const joins = Latch.makeUnsafe(false)
  const steps: Array<string> = []
  const leases: LeasesService = {
    ...memory.leases,
    write: (...given) =>
      Effect.andThen(joins.await, memory.leases.write(...given)).pipe(
        Effect.tap(() => Effect.sync(() => steps.push("written"))),
      ),
    remove: (...given) =>
      Effect.tap(memory.leases.remove(...given), () => Effect.sync(() => steps.push("removed"))),
  }
  const program = Effect.gen(function* () {
    const { agent } = yield* oneNode(memory, Effect.void, leases)
    yield* agent.leave
    expect(steps).toEqual([])
    yield* joins.open
    while (steps.length < 2) yield* Effect.sleep(1)
    expect(steps).toEqual(["written", "removed"])
    expect(yield* membersOf(memory)).toEqual([])
  })
  await Effect.runPromise(Effect.provideService(Effect.scoped(program), References.MinimumLogLevel, "None"))
})

it("takes no part again, whatever it is told, once it leaves", () =>
  run(
    Effect.gen(function* () {
      const slow = Latch.makeUnsafe(false)
      const cluster = yield* ClusterMemory.make
      const { agent, running } = yield* oneNode(cluster, slow.await)
      yield* until(() => running.size === SLOTS.length)
      const leaving = yield* Effect.forkChild(agent.leave)
      const states = Effect.map(membersOf(cluster), (records) =>
        records.map(({ value }) => (value as { state: string }).state),
      )
      while ((yield* states)[0] !== "leaving") yield* TestClock.adjust(1)
      yield* ended(agent.enter("up"))
      yield* TestClock.adjust(longMs)
      expect(yield* states).toEqual(["leaving"])
      yield* slow.open
      yield* ended(Fiber.join(leaving))
    }),
  ))

it("says that it goes before it lets anything go, once the store can hear it", () =>
  run(
    Effect.gen(function* () {
      const cluster = yield* ClusterMemory.make
      const written: Array<string> = []
      let failingCount = 0
      const leases: LeasesService = {
        ...cluster.leases,
        write: (key, value, revision) =>
          Effect.suspend(() => {
            if (failingCount-- > 0)
              return new LeasesUnavailable({ reason: "NoResponders", detail: "for now" })
            const { state } = value as { readonly state?: string }
            written.push(state ?? "slot")
            return cluster.leases.write(key, value, revision)
          }),
      }
      const { agent, running } = yield* oneNode(cluster, Effect.void, leases)
      yield* until(() => running.size === SLOTS.length)
      written.length = 0
      failingCount = 3
      yield* ended(agent.leave)
      expect(written[0]).toBe("leaving")
      expect(written.filter((what) => what === "slot")).toHaveLength(SLOTS.length)
    }),
  ))
