/** A node that goes, at a bad moment: nothing of it runs on, and nothing of it stays. */
import { Effect, Exit, Fiber, Latch, References, Scope } from "effect"
import { expect, it } from "vitest"
import { makeCluster } from "../../../runtime/cluster/Cluster.ts"
import { Leases, type LeasesService, LeasesUnavailable } from "../../../runtime/cluster/Leases.ts"
import { Ownership } from "../../../runtime/cluster/Ownership.ts"
import type { Tenant } from "../../../runtime/cluster/Tenant.ts"
import { Transport } from "../../../runtime/transport/Transport.ts"
import { aboutNode, ClusterMemory } from "../../fixtures/memory/ClusterMemory.ts"

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
    ownership: new Ownership(SLOTS.length),
    leaseMs: 1_000,
    handoffMs: 60_000,
    asked: () => Effect.succeed(undefined),
    rehoused: () => undefined,
    started: () => undefined,
  }).pipe(Effect.provideService(Leases, leases), Effect.provideService(Transport, cluster.transport))
  return { agent, running }
})

const until = (isTrue: () => boolean) =>
  Effect.gen(function* () {
    while (!isTrue()) yield* Effect.sleep(1)
  })

const run = (program: Effect.Effect<void, unknown, Scope.Scope>): Promise<void> =>
  Effect.runPromise(Effect.provideService(Effect.scoped(program), References.MinimumLogLevel, "None"))

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
      yield* Effect.sleep(5)
      const second = yield* Effect.forkChild(agent.leave)
      yield* Effect.sleep(20)
      expect(second.pollUnsafe()).toBeUndefined()
      yield* slow.open
      yield* Fiber.join(second)
      expect(running.size).toBe(0)
      expect(yield* membersOf(cluster)).toEqual([])
      yield* Fiber.join(first)
    }),
  ))

it("runs nothing on when its time to leave is over", () =>
  run(
    Effect.gen(function* () {
      const scope = yield* Scope.make()
      const cluster = yield* ClusterMemory.make
      const { agent, running } = yield* Scope.provide(oneNode(cluster, Effect.never), scope)
      yield* until(() => running.size === SLOTS.length)
      yield* Effect.timeoutOption(agent.leave, 20)
      yield* Scope.close(scope, Exit.void)
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
      yield* Effect.sleep(150)
      const [record] = yield* membersOf(memory)
      yield* memory.leases.remove(record?.key ?? "", record?.revision ?? 0)
      // It finds out when it renews.
      yield* Effect.sleep(250)
      yield* agent.leave
      expect([...running]).toEqual([])
    }),
  ))

it("leaves no record when it is told to go while it joins", () =>
  run(
    Effect.gen(function* () {
      const memory = yield* ClusterMemory.make
      const joins = Latch.makeUnsafe(false)
      const { agent } = yield* oneNode(memory, Effect.void, {
        ...memory.leases,
        write: (...given) => Effect.andThen(joins.await, memory.leases.write(...given)),
      })
      yield* agent.leave
      yield* joins.open
      yield* Effect.sleep(50)
      expect(yield* membersOf(memory)).toEqual([])
    }),
  ))

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
      while ((yield* states)[0] !== "leaving") yield* Effect.sleep(1)
      yield* agent.enter("up")
      yield* Effect.sleep(250)
      expect(yield* states).toEqual(["leaving"])
      yield* slow.open
      yield* Fiber.join(leaving)
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
      yield* agent.leave
      expect(written[0]).toBe("leaving")
      expect(written.filter((what) => what === "slot")).toHaveLength(SLOTS.length)
    }),
  ))
