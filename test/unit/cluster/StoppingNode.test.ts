/** A node that stops: its slots move to the other nodes, and no caller's ask fails. */
import { describe, expect, it } from "vitest"
import { type Node, node, shardCountOf, shardsSeenBy, shared } from "../../fixtures/memory/ClusterNodes.ts"
import { Counter } from "../../fixtures/memory/Counter.ts"
import { eventually, SHARD_COUNT } from "../../fixtures/memory/MemorySystem.ts"

const add = { type: "Add", by: 1 } as const

describe("a node that stops", () => {
  it("hands over, and leaves nothing behind", async () => {
    const on = await shared()
    const [one, two] = [await node("one", on), await node("two", on)]
    await eventually(async () => (await shardCountOf(one, two)) === SHARD_COUNT / 2)
    for (let index = 0; index < 20; index++) await one.system.get(Counter, `c${index}`).ask(add)
    await two.system.stop()
    await eventually(async () => (await shardCountOf(one, one)) === SHARD_COUNT)
    const { members } = await one.system.cluster.status()
    expect(members.map(({ name }) => name)).toEqual(["one"])
    for (let index = 0; index < 20; index++) {
      expect(await one.system.get(Counter, `c${index}`).ask(add)).toMatchObject({ version: 2 })
    }
  })

  it("moves its slots once, and no slot between the nodes that stay", async () => {
    const on = await shared()
    const [one, two, three] = [await node("one", on), await node("two", on), await node("three", on)]
    const isEven = async (nodes: ReadonlyArray<Node>) => {
      const counts = await Promise.all(nodes.map((each) => shardCountOf(one, each)))
      return Math.max(...counts) - Math.min(...counts) <= 1
    }
    await eventually(async () => await isEven([one, two, three]))
    const before = await shardsSeenBy(one)
    const leaver = two.system.cluster.memberId()
    await two.system.stop()
    await eventually(async () => (await isEven([one, three])) && (await shardCountOf(one, two)) === 0)
    const expected = before.map(({ slot, member, epoch }) => [slot, epoch + (member === leaver ? 1 : 0)])
    expect((await shardsSeenBy(one)).map(({ slot, epoch }) => [slot, epoch])).toEqual(expected)
  })

  it("stays a member, and is not taken for dead, until what it has in work is done", async () => {
    const on = await shared()
    const [one, two] = [await node("one", on), await node("two", on)]
    await eventually(async () => (await shardCountOf(one, two)) === SHARD_COUNT / 2)
    const own = (await shardsSeenBy(two)).filter(({ member }) => member === two.system.cluster.memberId())
    const release = on.journal.hold()
    const asked = Promise.all(
      Array.from({ length: 20 }, (_, index) => two.system.get(Counter, `c${index}`).ask(add)),
    )
    await eventually(() => on.journal.counts.append > 0)
    const stopped = two.system.stop()
    const untilMs = performance.now() + 2_000
    await eventually(async () => {
      const { members, slots } = await one.system.cluster.status()
      expect(members.map(({ name }) => name).sort()).toEqual(["one", "two"])
      const busy = own.filter(({ slot, member }) =>
        slots.some((now) => now.slot === slot && now.member === member),
      )
      expect(busy.length).toBeGreaterThan(0)
      return performance.now() > untilMs
    })
    release()
    expect((await asked).map(({ version }) => version)).toEqual(Array.from({ length: 20 }, () => 1))
    await stopped
    await eventually(async () => (await shardCountOf(one, one)) === SHARD_COUNT)
  })

  it("fails no ask of another node", async () => {
    const on = await shared()
    const [one, two] = [await node("one", on), await node("two", on)]
    await eventually(async () => (await shardCountOf(one, two)) === SHARD_COUNT / 2)
    let isOver = false
    let askedCount = 0
    const asking = Array.from({ length: 8 }, async (_, client) => {
      while (!isOver) {
        await one.system.get(Counter, `c${client}`).ask(add)
        askedCount++
      }
    })
    await eventually(() => askedCount > 100)
    await two.system.stop()
    const before = askedCount
    await eventually(() => askedCount > before + 100)
    isOver = true
    await Promise.all(asking)
  })
})
