/** What moves where an operator says so, and what runs on one node alone. */
import { setTimeout } from "node:timers/promises"
import { describe, expect, it } from "vitest"
import { defineSingleton } from "../../../runtime/singleton/Singleton.ts"
import { node, shardCountOf, shardsSeenBy, shared } from "../../fixtures/memory/ClusterNodes.ts"
import { Counter } from "../../fixtures/memory/Counter.ts"
import { eventually, SHARD_COUNT } from "../../fixtures/memory/MemorySystem.ts"

const add = { type: "Add", by: 1 } as const

describe("a slot that an operator moves", () => {
  it("goes there and stays for as long as its member lives; shares stay even", async () => {
    const on = await shared()
    const [one, two] = [await node("one", on), await node("two", on)]
    await eventually(async () => (await shardCountOf(one, two)) === SHARD_COUNT / 2)
    const ownerOf = async (slot: string) =>
      (await two.system.cluster.status()).slots.find((one) => one.slot === slot)?.member
    const slots = (await shardsSeenBy(one)).filter(({ member }) => member === one.system.cluster.memberId())
    for (const { slot } of slots) await one.system.cluster.move(slot, "two")
    const isMoved = async () => {
      const owners = await Promise.all(slots.map(({ slot }) => ownerOf(slot)))
      return owners.every((owner) => owner === two.system.cluster.memberId())
    }
    await eventually(isMoved)
    await eventually(async () => (await shardCountOf(one, one)) === SHARD_COUNT / 2)
    for (const { slot } of slots) await one.system.cluster.unpin(slot)
    await eventually(async () => Object.keys((await one.system.cluster.status()).pins).length === 0)
    expect(await isMoved()).toBe(true)
    await expect(one.system.cluster.move("shard.99", "two")).rejects.toMatchObject({ reason: "UnknownSlot" })
    await expect(one.system.cluster.move("shard.1", "three")).rejects.toMatchObject({
      reason: "UnknownMember",
    })
  })
})

it("a slot moves to a member that this node has not seen yet", async () => {
  const on = await shared()
  // It hears nothing, and reads all records every 15 seconds once it has settled.
  const one = await node("one", { ...on, cluster: on.cluster.withoutHints }, { leaseMs: 60_000 })
  await setTimeout(1_000)
  const two = await node("two", on, { leaseMs: 60_000 })
  await one.system.cluster.move("shard.0", two.system.cluster.memberId())
  const pins = async () => (await one.system.cluster.status()).pins
  expect(await pins()).toEqual({ "shard.0": two.system.cluster.memberId() })
})

describe("a singleton", () => {
  it("runs on one node, and on another when that one stops", async () => {
    const on = await shared()
    const running = new Set<string>()
    const lonely = (name: string) =>
      defineSingleton({
        name: "lonely",
        run: ({ signal }) => {
          running.add(name)
          return new Promise<void>((resolve) =>
            signal.addEventListener("abort", () => {
              running.delete(name)
              resolve()
            }),
          )
        },
      })
    const start = (name: string) => node(name, on, { singletons: [lonely(name)] })
    const nodes = { one: await start("one"), two: await start("two") }
    await eventually(() => running.size === 1)
    const [first = ""] = running
    await nodes[first as keyof typeof nodes].system.stop()
    await eventually(() => running.size === 1 && !running.has(first))
  })
})

describe("a node that is drained", () => {
  it("has nothing and goes on asking; undrained it gets its share again", async () => {
    const on = await shared()
    const [one, two] = [await node("one", on), await node("two", on)]
    await eventually(async () => (await shardCountOf(one, two)) === SHARD_COUNT / 2)
    await one.system.cluster.drain("two")
    await eventually(async () => (await shardCountOf(one, one)) === SHARD_COUNT)
    expect(await two.system.get(Counter, "c").ask(add)).toMatchObject({ version: 1 })
    await one.system.cluster.undrain("two")
    await eventually(async () => (await shardCountOf(one, two)) === SHARD_COUNT / 2)
  })
})
