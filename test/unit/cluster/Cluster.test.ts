/** Several nodes on one journal and one lease store, all in memory: who answers, and what moves. */
import { Effect } from "effect"
import { describe, expect, it } from "vitest"
import { createMachine } from "xstate"
import { addressOf } from "../../../runtime/address/ActorAddress.ts"
import { defineActor } from "../../../runtime/definition/Actor.ts"
import { encodeRequest } from "../../../runtime/router/AskWire.ts"
import { defineSingleton } from "../../../runtime/singleton/Singleton.ts"
import type { ClusterMemory } from "../../fixtures/memory/ClusterMemory.ts"
import { node, shared } from "../../fixtures/memory/ClusterNodes.ts"
import { Counter } from "../../fixtures/memory/Counter.ts"
import { eventually, SHARD_COUNT, startMemory } from "../../fixtures/memory/MemorySystem.ts"

type Node = Awaited<ReturnType<typeof node>>

const shards = async ({ system }: Node) =>
  (await system.cluster.status()).slots.filter(({ slot }) => slot.startsWith("shard."))

const countOf = async (asked: Node, of: Node) =>
  (await shards(asked)).filter(({ member }) => member === of.system.cluster.memberId()).length

const add = { type: "Add", by: 1 } as const

describe("two nodes", () => {
  it("share the shards, and each answers for what the other has", async () => {
    const on = await shared()
    const [one, two] = [await node("one", on), await node("two", on)]
    await eventually(async () => (await countOf(one, two)) === SHARD_COUNT / 2)
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
    await eventually(async () => (await countOf(one, two)) === SHARD_COUNT / 2)
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
    await eventually(async () => (await countOf(one, two)) === SHARD_COUNT / 2)
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

describe("a node that stops", () => {
  it("hands over, and leaves nothing behind", async () => {
    const on = await shared()
    const [one, two] = [await node("one", on), await node("two", on)]
    await eventually(async () => (await countOf(one, two)) === SHARD_COUNT / 2)
    for (let index = 0; index < 20; index++) await one.system.get(Counter, `c${index}`).ask(add)
    await two.system.stop()
    await eventually(async () => (await countOf(one, one)) === SHARD_COUNT)
    const { members } = await one.system.cluster.status()
    expect(members.map(({ name }) => name)).toEqual(["one"])
    for (let index = 0; index < 20; index++) {
      expect(await one.system.get(Counter, `c${index}`).ask(add)).toMatchObject({ version: 2 })
    }
  })

  it("moves what it has, once, and nothing between those who stay", async () => {
    const on = await shared()
    const [one, two, three] = [await node("one", on), await node("two", on), await node("three", on)]
    const isEven = async (nodes: ReadonlyArray<Node>) => {
      const counts = await Promise.all(nodes.map((each) => countOf(one, each)))
      return Math.max(...counts) - Math.min(...counts) <= 1
    }
    await eventually(async () => await isEven([one, two, three]))
    const before = await shards(one)
    const leaver = two.system.cluster.memberId()
    await two.system.stop()
    await eventually(async () => (await isEven([one, three])) && (await countOf(one, two)) === 0)
    const expected = before.map(({ slot, member, epoch }) => [slot, epoch + (member === leaver ? 1 : 0)])
    expect((await shards(one)).map(({ slot, epoch }) => [slot, epoch])).toEqual(expected)
  })

  it("stays a member, and is not taken for dead, until what it has in work is done", async () => {
    const on = await shared()
    const [one, two] = [await node("one", on), await node("two", on)]
    await eventually(async () => (await countOf(one, two)) === SHARD_COUNT / 2)
    const own = (await shards(two)).filter(({ member }) => member === two.system.cluster.memberId())
    const release = on.journal.hold()
    const asked = Promise.all(
      Array.from({ length: 20 }, (_, index) => two.system.get(Counter, `c${index}`).ask(add)),
    )
    await eventually(() => on.journal.counts.append > 0)
    const stopped = two.system.stop()
    const untilMs = performance.now() + 2_000
    while (performance.now() < untilMs) {
      const { members, slots } = await one.system.cluster.status()
      expect(members.map(({ name }) => name).sort()).toEqual(["one", "two"])
      const busy = own.filter(({ slot, member }) =>
        slots.some((now) => now.slot === slot && now.member === member),
      )
      expect(busy.length).toBeGreaterThan(0)
    }
    release()
    expect((await asked).map(({ version }) => version)).toEqual(Array.from({ length: 20 }, () => 1))
    await stopped
    await eventually(async () => (await countOf(one, one)) === SHARD_COUNT)
  })

  it("fails no ask of another node", async () => {
    const on = await shared()
    const [one, two] = [await node("one", on), await node("two", on)]
    await eventually(async () => (await countOf(one, two)) === SHARD_COUNT / 2)
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
    expect(await one.system.cluster.pause("counter")).toBeUndefined()
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
    await one.system.cluster.resume("counter")
    await eventually(async () => (await two.system.get(Counter, "c").state()).version === version + 1)
  })
})

describe("a slot that an operator moves", () => {
  it("goes there and stays for as long as its member lives; shares stay even", async () => {
    const on = await shared()
    const [one, two] = [await node("one", on), await node("two", on)]
    await eventually(async () => (await countOf(one, two)) === SHARD_COUNT / 2)
    const ownerOf = async (slot: string) =>
      (await two.system.cluster.status()).slots.find((one) => one.slot === slot)?.member
    const slots = (await shards(one)).filter(({ member }) => member === one.system.cluster.memberId())
    for (const { slot } of slots) await one.system.cluster.move(slot, "two")
    const isMoved = async () => {
      const owners = await Promise.all(slots.map(({ slot }) => ownerOf(slot)))
      return owners.every((owner) => owner === two.system.cluster.memberId())
    }
    await eventually(isMoved)
    await eventually(async () => (await countOf(one, one)) === SHARD_COUNT / 2)
    for (const { slot } of slots) await one.system.cluster.unpin(slot)
    await eventually(async () => Object.keys((await one.system.cluster.status()).pins).length === 0)
    expect(await isMoved()).toBe(true)
    await expect(one.system.cluster.move("shard.99", "two")).rejects.toMatchObject({ reason: "UnknownSlot" })
    await expect(one.system.cluster.move("shard.1", "three")).rejects.toMatchObject({
      reason: "UnknownMember",
    })
  })
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
    await eventually(async () => (await countOf(one, two)) === SHARD_COUNT / 2)
    await one.system.cluster.drain("two")
    await eventually(async () => (await countOf(one, one)) === SHARD_COUNT)
    expect(await two.system.get(Counter, "c").ask(add)).toMatchObject({ version: 1 })
    await one.system.cluster.undrain("two")
    await eventually(async () => (await countOf(one, two)) === SHARD_COUNT / 2)
  })
})

describe("a node whose record stands still", () => {
  it("FAULT 13: has nothing after the time of its lease, and its shards are taken", async () => {
    const on = await shared()
    const frozen = { ...on, cluster: await frozenView(on.cluster) }
    const two = await node("two", frozen)
    const one = await node("one", on)
    await two.system.get(Counter, "c").ask(add)
    frozen.cluster.freeze()
    await eventually(async () => (await countOf(one, one)) === SHARD_COUNT)
    expect(await one.system.get(Counter, "c").ask(add)).toMatchObject({ version: 2 })
    await expect(two.system.get(Counter, "c").ask(add, { deadlineMs: 300 })).rejects.toMatchObject({
      _tag: "Unavailable",
      stored: "Unknown",
    })
  })
})

/** The same cluster for one node, until nothing gets through any more. */
const frozenView = async (cluster: ClusterMemory) => {
  let isFrozen = false
  const unless = <A, E>(work: Effect.Effect<A, E>): Effect.Effect<A, E> =>
    Effect.suspend(() => (isFrozen ? Effect.never : work))
  const { leases, transport } = cluster
  const view: Pick<ClusterMemory, "leases" | "transport"> = {
    leases: {
      ...leases,
      all: unless(leases.all),
      get: (key) => unless(leases.get(key)),
      write: (...given) => unless(leases.write(...given)),
      remove: (...given) => unless(leases.remove(...given)),
    },
    transport: {
      ...transport,
      serve: (subject, handle) =>
        transport.serve(subject, (request, reply) => {
          if (!isFrozen) handle(request, reply)
        }),
      send: (subject, request, timeoutMs, handler) =>
        isFrozen ? () => undefined : transport.send(subject, request, timeoutMs, handler),
    },
  }
  return Object.assign(Object.create(cluster) as ClusterMemory, view, {
    freeze: () => {
      isFrozen = true
    },
  })
}
