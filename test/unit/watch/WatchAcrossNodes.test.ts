/** Following an actor from another node: the same changes, while its shard moves and its owners stop. */
import { describe, expect, it } from "vitest"
import type { Change } from "../../../runtime/index.ts"
import { node, shardCountOf, shared } from "../../fixtures/memory/ClusterNodes.ts"
import { Counter } from "../../fixtures/memory/Counter.ts"
import { eventually, SHARD_COUNT } from "../../fixtures/memory/MemorySystem.ts"

const add = { type: "Add", by: 1 } as const
const ids = ["a", "b", "c", "d", "e", "f"]

const twoNodes = async () => {
  const on = await shared()
  const [one, two] = [await node("one", on), await node("two", on)]
  await eventually(async () => (await shardCountOf(one, two)) === SHARD_COUNT / 2)
  return { on, one, two }
}

/** Collects what a watcher gets until the actor is at a version. */
const until = async (items: AsyncIterable<Change>, version: number): Promise<ReadonlyArray<Change>> => {
  const found: Array<Change> = []
  for await (const item of items) {
    found.push(item)
    if (item.version >= version) break
  }
  return found
}

/** Each change once, in order, with the state after it. */
const expectEvery = (items: ReadonlyArray<Change>, version: number): void => {
  expect(items.map((item) => item.version)).toEqual(Array.from({ length: version + 1 }, (_, index) => index))
  for (const { version: at, state, events, skipped } of items) {
    expect(state.context["total"]).toBe(at)
    expect(events.map((event) => event.version)).toEqual(at === 0 ? [] : [at])
    expect(skipped).toBe(0)
  }
}

describe("watchers on every node", () => {
  it("get every change, wherever the actor is", async () => {
    const { one, two } = await twoNodes()
    const all = [one, two].flatMap(({ system }) =>
      ids.map((id) => until(system.get(Counter, id).watch(), 30)),
    )
    for (let count = 0; count < 30; count++) {
      await Promise.all(ids.map((id) => one.system.get(Counter, id).ask(add)))
      if (count === 0) {
        // Wait until all of them watch: those that come later begin with a later state.
        const waiting = async () =>
          (await one.system.status()).watches.waitingCount + (await two.system.status()).watches.waitingCount
        await eventually(async () => (await waiting()) >= 2 * ids.length)
      }
    }
    for (const items of await Promise.all(all)) {
      expect(items.at(-1)?.version).toBe(30)
      const from = items[0]?.version ?? 0
      expect(items.map(({ version }) => version)).toEqual(
        Array.from({ length: 31 - from }, (_, index) => index + from),
      )
    }
  })

  it("lose nothing and repeat nothing while shards move and nodes stop", async () => {
    const { on, one, two } = await twoNodes()
    const count = 60
    const watches = ids.map((id) => one.system.get(Counter, id).watch())
    const first = await Promise.all(watches.map((watch) => watch.next()))
    const all = watches.map((watch) => until(watch, count))
    const events = ids.map(async (id) => {
      const versions: Array<number> = []
      for await (const { version } of one.system.get(Counter, id).events()) {
        versions.push(version)
        if (version === count) return versions
      }
      return versions
    })
    const asking = ids.map(async (id) => {
      for (let index = 0; index < count; index++)
        await one.system.get(Counter, id).ask(add, { deadlineMs: 20_000 })
    })
    await one.system.cluster.drain("one")
    await eventually(async () => (await shardCountOf(one, two)) === SHARD_COUNT)
    await one.system.cluster.undrain("one")
    const three = await node("three", on)
    await eventually(async () => (await shardCountOf(three, three)) > 0)
    await two.system.stop()
    await Promise.all(asking)
    for (const [index, items] of (await Promise.all(all)).entries()) {
      expectEvery([first[index]?.value as Change, ...items], count)
    }
    for (const versions of await Promise.all(events)) {
      expect(versions).toEqual(Array.from({ length: count }, (_, index) => index + 1))
    }
  })
})
