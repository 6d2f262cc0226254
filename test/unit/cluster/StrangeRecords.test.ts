/** Records in the lease store that no member has written: by hand, by mistake, by a later version. */
import { Clock, Effect, Logger } from "effect"
import { TestClock } from "effect/testing"
import { describe, expect, it } from "vitest"
import { makeLeasesMemory } from "../../../runtime/cluster/LeasesMemory.ts"
import { EPOCH_MAX, nextEpoch } from "../../../runtime/cluster/Member.ts"
import { Records } from "../../../runtime/cluster/Records.ts"
import { SeenRecords } from "../../../runtime/cluster/SeenRecords.ts"
import { STRAYS_LEFT_MAX } from "../../../runtime/cluster/StrayRecords.ts"
import { ClusterMemory } from "../../fixtures/memory/ClusterMemory.ts"
import { Counter } from "../../fixtures/memory/Counter.ts"
import { JournalScripted } from "../../fixtures/memory/JournalScripted.ts"
import { eventually, SHARD_COUNT, startMemory } from "../../fixtures/memory/MemorySystem.ts"
import { MessagingMemory } from "../../fixtures/memory/MessagingMemory.ts"
import { realDate } from "../../fixtures/time/RealDate.ts"

/** The lines of a log, and the layer that keeps them. */
const keptLog = () => {
  const log: Array<string> = []
  const layer = Logger.layer([Logger.make(({ message }) => void log.push(String(message)))])
  return { log, layer }
}

const whole = {
  v: 1,
  name: "x",
  state: "up",
  version: "",
  labels: [],
  weight: 1,
  types: {},
  runs: [],
  unfit: [],
  startedAt: 0,
}

const strangeMembers: ReadonlyArray<unknown> = [
  null,
  "text",
  { v: 1 },
  { ...whole, v: 2 },
  { ...whole, labels: undefined },
  { ...whole, unfit: "shard.1" },
  { ...whole, runs: null },
  { ...whole, types: undefined },
  { ...whole, weight: 0 },
  { ...whole, weight: "many" },
  { ...whole, state: "asleep" },
  { ...whole, name: 7 },
  { ...whole, version: 7 },
  { ...whole, startedAt: 1e300 },
  { ...whole, startedAt: "today" },
  { ...whole, types: { order: null } },
  { ...whole, typeLabels: { order: 7 } },
  { ...whole, typeLabels: "gpu" },
  { ...whole, typeLabels: { order: "gpu.>" } },
  { ...whole, reads: null },
  { ...whole, reads: "all" },
  { ...whole, reads: { commit: 2 } },
  { ...whole, reads: { commit: 0, deliver: 1 } },
  { ...whole, reads: { commit: 2, deliver: "1" } },
  { ...whole, reads: { commit: 1e300, deliver: 1 } },
]

describe("a strange record", () => {
  it.each(strangeMembers)("of a member is nobody's: %j", (value) => {
    const seen = new SeenRecords()
    seen.apply({ key: "member.x", revision: 1, value }, 0)
    expect(seen.members().size).toBe(0)
  })

  it("of a slot says nothing of who has it", () => {
    const seen = new SeenRecords()
    seen.apply({ key: "slot.shard.0", revision: 1, value: { e: "7", n: 0 } }, 0)
    seen.apply({ key: "slot.shard.1", revision: 2, value: { e: 7, n: 0, m: 7 } }, 0)
    expect(seen.slots().size).toBe(0)
  })

  it("keeps no node from taking over what another one leaves, nor from joining", async () => {
    const on = {
      journal: new JournalScripted(),
      messaging: new MessagingMemory(),
      cluster: await Effect.runPromise(ClusterMemory.make),
    }
    const node = (name: string) => startMemory({ ...on, node: { name }, leaseMs: 1_000, drainMs: 5_000 })
    const [one, two] = [await node("one"), await node("two")]
    for (const [index, value] of [...strangeMembers.entries()]) {
      await Effect.runPromise(on.cluster.leases.write(`member.strange-${index}`, value, 0))
    }
    await Effect.runPromise(on.cluster.leases.write("unknown", "text", 0))
    await Effect.runPromise(on.cluster.leases.write("pin.shard.0", 7, 0))
    await Effect.runPromise(on.cluster.leases.write("pause.counter", "yes", 0))
    const three = await node("three")
    await two.system.stop()
    const all = async () =>
      (await one.system.cluster.status()).slots.filter(({ member }) => member !== undefined).length
    await eventually(async () => (await all()) === SHARD_COUNT)
    for (let index = 0; index < 20; index++) {
      await three.system.get(Counter, `c${index}`).ask({ type: "Add", by: 1 })
    }
    await eventually(async () => {
      const { members } = await three.system.cluster.status()
      return (
        members
          .map(({ name }) => name)
          .sort()
          .join() === "one,three"
      )
    })
  })
})

const epochsOutOfBounds: ReadonlyArray<unknown> = [2 ** 53, Number.MAX_SAFE_INTEGER, -5, 1.5, "7", null]

describe("FAULT 71: a slot's epoch", () => {
  it.each(epochsOutOfBounds)("that is out of its bounds makes the slot count as free: %j", (e) => {
    const seen = new SeenRecords()
    seen.apply({ key: "slot.shard.0", revision: 1, value: { m: "ghost", e, n: 0 } }, 0)
    expect(seen.slot("slot.shard.0")).toBeUndefined()
    expect(seen.slots().size).toBe(0)
  })

  it("that is at its bound is followed by one in bounds", () => {
    expect(nextEpoch(7)).toBe(8)
    expect(nextEpoch(EPOCH_MAX)).toBe(1)
    const seen = new SeenRecords()
    seen.apply({ key: "slot.shard.0", revision: 1, value: { m: "x", e: EPOCH_MAX, n: 0 } }, 0)
    expect(seen.slot("slot.shard.0")?.e).toBe(EPOCH_MAX)
  })

  it("that was forged is written over by the slot's owner, and keeps no node from serving", async () => {
    const on = {
      journal: new JournalScripted(),
      messaging: new MessagingMemory(),
      cluster: await Effect.runPromise(ClusterMemory.make),
    }
    const { leases } = on.cluster
    const { system } = await startMemory({ ...on, node: { name: "one" }, leaseMs: 1_000, drainMs: 5_000 })
    const forge = async (shard: number, value: unknown) => {
      const { revision = 0 } = (await Effect.runPromise(leases.get(`slot.shard.${shard}`))) ?? {}
      await Effect.runPromise(leases.write(`slot.shard.${shard}`, value, revision))
    }
    const stored = async (shard: number) =>
      (await Effect.runPromise(leases.get(`slot.shard.${shard}`)))?.value as { m: string; e: number }
    const me = system.cluster.memberId()
    await forge(0, { m: "ghost", e: 2 ** 53, n: 0 })
    await forge(1, { m: "ghost", e: EPOCH_MAX, n: 0 })
    await forge(2, { m: me, e: Number.MAX_SAFE_INTEGER, n: 0 })
    await eventually(async () => {
      const records = [await stored(0), await stored(1), await stored(2)]
      return records.every(({ m, e }) => m === me && e <= EPOCH_MAX)
    })
    const { slots } = await system.cluster.status()
    expect(slots.every(({ epoch }) => epoch <= EPOCH_MAX)).toBe(true)
    for (let index = 0; index < 20; index++) {
      await system.get(Counter, `c${index}`).ask({ type: "Add", by: 1 })
    }
  })

  it("that is out of its bounds is told of once", async () => {
    const { log, layer } = keptLog()
    const leases = await Effect.runPromise(makeLeasesMemory(true))
    await Effect.gen(function* () {
      yield* leases.write("slot.shard.0", { m: "x", e: 1, n: 0 }, 0)
      yield* leases.write("slot.shard.1", { m: "ghost", e: 2 ** 53, n: 0 }, 0)
      const records = new Records(leases, yield* Clock.Clock, 0)
      yield* records.refresh
      yield* records.refresh
    }).pipe(Effect.provide(layer), Effect.runPromise)
    expect(log).toHaveLength(1)
    expect(log[0]).toContain("slot.shard.1")
    expect(log[0]).toContain(String(2 ** 53))
  })
})

describe("FAULT 71: records of unknown kinds", () => {
  const run = async (count: number) => {
    const { log, layer } = keptLog()
    const leases = await Effect.runPromise(makeLeasesMemory(true))
    const left = await Effect.gen(function* () {
      yield* leases.write("slot.shard.0", { m: "x", e: 1, n: 0 }, 0)
      for (let index = 0; index < count; index++) yield* leases.write(`junk.${index}`, {}, 0)
      const records = new Records(leases, yield* Clock.Clock, 0)
      for (let list = 0; list < 10; list++) {
        yield* records.refresh
        yield* TestClock.adjust(1_000)
      }
      expect(records.seen.slot("slot.shard.0")).toEqual({ m: "x", e: 1, n: 0 })
      expect(records.seen.revisionOf("junk.1")).toBe(0)
      return (yield* leases.all).map(({ key }) => key)
    }).pipe(Effect.provide([realDate, layer]), Effect.runPromise)
    return { left, log }
  }

  it("are ignored, told of once and left alone while they are few: a newer release may need them", async () => {
    const { left, log } = await run(3)
    expect(left).toEqual(["slot.shard.0", "junk.0", "junk.1", "junk.2"])
    expect(log).toHaveLength(1)
    expect(log[0]).toContain("3, junk.0 for one")
  })

  it("are removed, the oldest first, where they are more than any release writes", async () => {
    const { left, log } = await run(STRAYS_LEFT_MAX + 1_200)
    expect(left).toHaveLength(1 + STRAYS_LEFT_MAX)
    expect(left).toContain("slot.shard.0")
    expect(left).toContain(`junk.${STRAYS_LEFT_MAX + 1_199}`)
    expect(log.filter((line) => line.includes("removed until"))).toHaveLength(1)
  })
})
