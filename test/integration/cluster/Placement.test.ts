/** Who has what, on real servers: routing, weights, labels, draining, and members that come and go. */
import { Schema } from "effect"
import { describe, expect, it } from "vitest"
import type { ActorSystem } from "../../../infra/system/ActorSystem.ts"
import { defineActor } from "../../../runtime/index.ts"
import { Counter, counterEvents, counterMachine } from "../../fixtures/memory/Counter.ts"
import { eventually, freshNamespace, serversOfFile, startSystem } from "../system/SystemFixture.ts"
import { recordsOf, sharesOf, untilShares } from "./ClusterFixture.ts"

const servers = serversOfFile()

const add = { type: "Add", by: 1 } as const
const ids = Array.from({ length: 50 }, (_, index) => `c${index}`)

const node = (namespace: string, name: string, options = {}) =>
  startSystem(servers(), { namespace, node: { name, ...options } })

/** Pulls that wait on the consumers of the mailbox's messages. */
const pullCount = async (namespace: string): Promise<number> => {
  const { consumers = [] } = (await servers().admin(`CONSUMER.LIST.${namespace}-messages`)) as {
    readonly consumers?: ReadonlyArray<{ readonly num_waiting: number }>
  }
  return consumers.filter(({ num_waiting }) => num_waiting > 0).length
}

describe("asks", () => {
  it("are answered by whoever has the shard, whoever is asked, one command once", async () => {
    const namespace = freshNamespace()
    const [one, two] = [await node(namespace, "one"), await node(namespace, "two")]
    await untilShares(one, { one: 32, two: 32 })
    for (const id of ids) {
      await one.get(Counter, id).ask(add, { commandId: `${id}-1` })
      expect(await two.get(Counter, id).ask(add, { commandId: `${id}-1` })).toMatchObject({
        version: 1,
        duplicate: true,
      })
      expect(await two.get(Counter, id).ask(add)).toMatchObject({ version: 2, reply: { total: 2 } })
      expect((await one.get(Counter, id).state()).state.context.total).toBe(2)
    }
    for (const system of [one, two]) expect((await system.status()).routed.sentCount).toBeGreaterThan(20)
  })
})

describe("shards", () => {
  it("are shared by weight, and a node that joins gets its share and no more moves", async () => {
    const namespace = freshNamespace()
    const [one] = [await node(namespace, "one", { weight: 3 }), await node(namespace, "two", { weight: 1 })]
    await untilShares(one, { one: 48, two: 16 })
    const epochs = async () => (await one.cluster.status()).slots.reduce((sum, { epoch }) => sum + epoch, 0)
    const before = await epochs()
    await node(namespace, "three", { weight: 4 })
    await untilShares(one, { one: 24, two: 8, three: 32 })
    const moved = (await epochs()) - before
    expect(moved).toBeGreaterThanOrEqual(32)
    // A lease that runs out on a busy machine is taken again by the same node.
    expect(moved).toBeLessThan(40)
  })

  it("of a type with a label go to nodes that have it, with their messages", async () => {
    const Labelled = defineActor({
      type: "labelled",
      nodeLabel: "gpu",
      machine: counterMachine,
      events: counterEvents,
      commands: { Close: { schema: Schema.Struct({}), decide: () => ({ type: "Closed" as const }) } },
    })
    const namespace = freshNamespace()
    const actors = [Counter, Labelled]
    const plain = await startSystem(servers(), { namespace, actors, node: { name: "plain" } })
    const gpu = await startSystem(servers(), { namespace, actors, node: { name: "gpu", labels: ["gpu"] } })
    await plain.get(Labelled, "a").ask({ type: "Close" } as never)
    await plain.get(Labelled, "b").tell({ type: "Close" } as never)
    await eventually(async () => (await plain.get(Labelled, "b").history()).events.length === 1)
    const { slots, members } = await plain.cluster.status()
    const id = members.find(({ name }) => name === "gpu")?.id
    const labelled = slots.filter(({ slot }) => slot.startsWith("shard.gpu."))
    expect(labelled).toHaveLength(64)
    for (const { member } of labelled) expect(member).toBe(id)
    expect((await gpu.status()).committedCount).toBe(2)
  })
})

describe("a node that is drained, and then stopped", () => {
  it("leaves nothing behind: no lease, no member, no pull", async () => {
    const namespace = freshNamespace()
    const [one, two] = [await node(namespace, "one"), await node(namespace, "two")]
    await untilShares(one, { one: 32, two: 32 })
    for (const id of ids) await two.get(Counter, id).tell(add)
    await one.cluster.drain("two")
    await untilShares(one, { one: 64, two: 0 })
    const id = two.cluster.memberId()
    const leases = () => recordsOf(servers(), namespace, "slot.")
    // The slots of followers are handed off beside the shards.
    await eventually(async () => (await leases()).every((lease) => !lease.includes(id)))
    for (const counter of ids) {
      await eventually(async () => (await one.get(Counter, counter).history()).events.length === 1)
    }
    expect((await two.status()).residentCount).toBe(0)
    expect((await two.status()).messages.openCount).toBe(0)
    // It still asks others.
    expect(await two.get(Counter, "c0").ask(add)).toMatchObject({ version: 2 })
    const pulls = await pullCount(namespace)
    await two.stop()
    expect(
      (await recordsOf(servers(), namespace, "member.")).filter((member) => member.includes('"two"')),
    ).toEqual([])
    expect(await pullCount(namespace)).toBe(pulls)
    await one.stop()
    expect(await recordsOf(servers(), namespace, "member.")).toEqual([])
    expect((await leases()).filter((lease) => lease.includes('"m"'))).toEqual([])
    await eventually(async () => (await pullCount(namespace)) === 0)
  })
})

describe("a node that comes and goes", () => {
  it("gets its share later each time", async () => {
    const namespace = freshNamespace()
    const one = await node(namespace, "one")
    const waits: Array<number> = []
    for (let turn = 0; turn < 4; turn++) {
      const guest: ActorSystem = await node(namespace, "guest")
      const joinedMs = performance.now()
      await untilShares(one, { one: 32, guest: 32 })
      waits.push(performance.now() - joinedMs)
      await guest.stop()
      await eventually(async () => (await sharesOf(one))["one"] === 64)
    }
    // A slot that was given away for balance rests for 1 s, 2 s, 4 s before it is given away again.
    expect(waits[3]).toBeGreaterThan(2_500)
  })
})
