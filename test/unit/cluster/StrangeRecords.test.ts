/** Records in the lease store that no member has written: by hand, by mistake, by a later version. */
import { Effect } from "effect"
import { describe, expect, it } from "vitest"
import { SeenRecords } from "../../../runtime/cluster/SeenRecords.ts"
import { ClusterMemory } from "../../fixtures/memory/ClusterMemory.ts"
import { Counter } from "../../fixtures/memory/Counter.ts"
import { JournalScripted } from "../../fixtures/memory/JournalScripted.ts"
import { eventually, SHARD_COUNT, startMemory } from "../../fixtures/memory/MemorySystem.ts"
import { MessagingMemory } from "../../fixtures/memory/MessagingMemory.ts"

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
