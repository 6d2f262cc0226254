/** Several nodes on one journal and one lease store, all in memory: who answers. */
import { describe, expect, it } from "vitest"
import { createMachine } from "xstate"
import { addressOf } from "../../../runtime/address/ActorAddress.ts"
import { defineActor } from "../../../runtime/definition/Actor.ts"
import { encodeRequest } from "../../../runtime/router/AskWire.ts"
import { node, shardCountOf, shared } from "../../fixtures/memory/ClusterNodes.ts"
import { Counter } from "../../fixtures/memory/Counter.ts"
import { eventually, SHARD_COUNT, startMemory } from "../../fixtures/memory/MemorySystem.ts"

const add = { type: "Add", by: 1 } as const

describe("two nodes", () => {
  it("share the shards, and each answers for what the other has", async () => {
    const on = await shared()
    const [one, two] = [await node("one", on), await node("two", on)]
    await eventually(async () => (await shardCountOf(one, two)) === SHARD_COUNT / 2)
    for (let index = 0; index < 20; index++) {
      await one.system.get(Counter, `c${index}`).ask(add)
      expect(await two.system.get(Counter, `c${index}`).ask(add)).toMatchObject({
        version: 2,
        duplicate: false,
      })
      const { version, state } = await one.system.get(Counter, `c${index}`).state()
      expect([version, state.context]).toEqual([
        2,
        (await two.system.get(Counter, `c${index}`).state()).state.context,
      ])
    }
    expect((await one.system.status()).routed.sentCount).toBeGreaterThan(0)
  })

  it("answer once, whichever of them is asked again with the same commandId", async () => {
    const on = await shared()
    const [one, two] = [await node("one", on), await node("two", on)]
    await eventually(async () => (await shardCountOf(one, two)) === SHARD_COUNT / 2)
    for (let index = 0; index < 10; index++) {
      const commandId = `same-${index}`
      await one.system.get(Counter, `c${index}`).ask(add, { commandId })
      const again = await two.system.get(Counter, `c${index}`).ask(add, { commandId })
      expect(again).toMatchObject({ version: 1, duplicate: true })
    }
  })

  it("call a command that was sent before and is found a repeat: somebody may have been told that it is new", async () => {
    const on = await shared()
    const one = await node("one", on)
    await one.system.get(Counter, "c").ask(add, { commandId: "x" })
    const { shard, key: to } = addressOf("counter", "c", SHARD_COUNT)
    const request = encodeRequest({ k: "ask", to, ms: 5_000, c: add, id: "x", again: true })
    const reply = await new Promise<unknown>((resolve, reject) => {
      on.cluster.transport.send(`ask.${shard}`, request, 5_000, {
        onReply: (data) => resolve(JSON.parse(new TextDecoder().decode(data))),
        onFailure: reject,
      })
    })
    expect(reply).toMatchObject({ accepted: { version: 1, duplicate: true } })
  })

  it("tell a rejection, an invalid command and a conflict as the owner does", async () => {
    const on = await shared()
    const [one, two] = [await node("one", on), await node("two", on)]
    await eventually(async () => (await shardCountOf(one, two)) === SHARD_COUNT / 2)
    for (let index = 0; index < 10; index++) {
      const counter = two.system.get(Counter, `c${index}`)
      await one.system.get(Counter, `c${index}`).ask(add)
      await expect(counter.ask(add, { ifVersion: 7 })).rejects.toMatchObject({
        _tag: "VersionConflict",
        found: 1,
      })
    }
  })
})

describe("an actor type that asks for nodes with a label", () => {
  const Render = defineActor({
    type: "render",
    nodeLabel: "gpu",
    machine: createMachine({ initial: "idle", states: { idle: { on: { Draw: "drawn" } }, drawn: {} } }),
  })
  const actors = [Counter, Render]
  const draw = { type: "Draw" } as never

  it("runs there alone, asked and told from anywhere", async () => {
    const on = await shared()
    const plain = await node("plain", on, { actors })
    await expect(plain.system.get(Render, "r").ask(draw, { deadlineMs: 200 })).rejects.toMatchObject({
      _tag: "Unavailable",
      detail: "no node has its shard",
    })
    const gpu = await startMemory({ ...on, actors, node: { name: "gpu", labels: ["gpu"] }, leaseMs: 1_000 })
    expect(await plain.system.get(Render, "r").ask(draw)).toMatchObject({ version: 1 })
    await expect(plain.system.cluster.move("shard.gpu.1", "plain")).rejects.toMatchObject({
      _tag: "ClusterVerbFailed",
      reason: "Unfit",
    })
    await plain.system.get(Render, "s").tell(draw)
    await eventually(async () => (await plain.system.get(Render, "s").state()).version === 1)
    const { slots } = await gpu.system.cluster.status()
    const labelled = slots.filter(({ slot }) => slot.startsWith("shard.gpu."))
    expect(new Set(labelled.map(({ member }) => member))).toEqual(new Set([gpu.system.cluster.memberId()]))
    expect((await gpu.system.status()).committedCount).toBe(2)
  })
})

describe("a paused actor type", () => {
  it("takes no commands anywhere, answers reads, and goes on when it is resumed", async () => {
    const on = await shared()
    const [one, two] = [await node("one", on), await node("two", on)]
    await two.system.get(Counter, "c").ask(add)
    expect(await one.system.cluster.pause(Counter)).toBeUndefined()
    await eventually(async () =>
      two.system
        .get(Counter, "c")
        .ask(add)
        .then(
          () => false,
          ({ _tag, stored }) => _tag === "Unavailable" && stored === "No",
        ),
    )
    await two.system.get(Counter, "c").tell(add)
    const { version } = await two.system.get(Counter, "c").state()
    await one.system.cluster.resume(Counter)
    await eventually(async () => (await two.system.get(Counter, "c").state()).version === version + 1)
  })
})
