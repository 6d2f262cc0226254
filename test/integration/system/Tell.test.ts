/** Tells on real servers: to actors that are here, asleep, paused, in quarantine, or on their way to another node. */
import { expect, it } from "vitest"
import type { ActorSystem } from "../../../infra/system/ActorSystem.ts"
import { addressOf } from "../../../runtime/address/ActorAddress.ts"
import { SYSTEM_DEFAULTS } from "../../../runtime/system/SystemSettings.ts"
import { Counter } from "../../fixtures/memory/Counter.ts"
import { Gate } from "../../fixtures/memory/Gate.ts"
import { holderOf, slotOf } from "../cluster/ClusterFixture.ts"
import { eventually, freshNamespace, serversOfFile, startSystem, wholeHistory } from "./SystemFixture.ts"

const servers = serversOfFile()

const add = { type: "Add", by: 1 } as const

const tellsOf = async (system: ActorSystem) => (await system.status()).tells

const pausedSeenBy = (system: ActorSystem) => async () => (await system.cluster.status()).paused.length > 0

const commandsOf = async (system: ActorSystem, id: string) =>
  (await wholeHistory(system, id)).map(({ commandId }) => commandId)

it("to an actor of this node is applied when it is accepted, in memory and asleep, without the mailbox", async () => {
  const system = await startSystem(servers(), { namespace: freshNamespace(), idleMs: 50 })
  const counter = system.get(Counter, "a")
  await counter.tell(add)
  expect((await counter.state()).version).toBe(1)
  await eventually(async () => (await system.status()).residentCount === 0)
  await counter.tell(add)
  expect((await counter.state()).version).toBe(2)
  expect(await tellsOf(system)).toEqual({ directCount: 2, mailedCount: 0 })
  expect((await system.status()).messages.receivedCount).toBe(0)
})

it("without waiting, a thousand come in order though their type is paused and resumed meanwhile", async () => {
  const system = await startSystem(servers(), { namespace: freshNamespace() })
  const counter = system.get(Counter, "a")
  const ids = Array.from({ length: 1_000 }, (_, n) => `t${n}`)
  const told: Array<Promise<unknown>> = []
  const tell = (from: number, to: number) => {
    for (const commandId of ids.slice(from, to))
      told.push(counter.tell(add, { commandId, deadlineMs: 60_000 }))
  }
  tell(0, 300)
  const paused = system.cluster.pause(Counter)
  tell(300, 400)
  await paused
  await eventually(pausedSeenBy(system))
  tell(400, 700)
  await eventually(async () => (await tellsOf(system)).mailedCount >= 300)
  const resumed = system.cluster.resume(Counter)
  tell(700, 800)
  await resumed
  await eventually(async () => !(await pausedSeenBy(system)()))
  tell(800, 1_000)
  await Promise.all(told)
  await eventually(async () => (await counter.state()).version === 1_000)
  expect(await commandsOf(system, "a")).toEqual(ids)
  expect((await system.status()).messages.deadLetterCount).toBe(0)
  // What waited is done with, so the mailbox is out of the way again.
  const { mailedCount } = await tellsOf(system)
  await counter.tell(add)
  expect((await tellsOf(system)).mailedCount).toBe(mailedCount)
})

it("to an actor that cannot be read goes to the mailbox, and is a dead letter in the end", async () => {
  const namespace = freshNamespace()
  const system = await startSystem(servers(), { namespace })
  await system.get(Counter, "other").ask(add)
  const { shard } = addressOf("counter", "q", SYSTEM_DEFAULTS.shardCount)
  await servers().fill(`${namespace}.evt.${shard}.counter.q`, 1)
  await system.get(Counter, "q").tell(add)
  await eventually(async () => (await system.deadLetters.list({ limit: 10 })).length === 1)
  expect(await system.deadLetters.list({ limit: 10 })).toMatchObject([{ reason: "Quarantined" }])
  expect(await tellsOf(system)).toEqual({ directCount: 1, mailedCount: 1 })
})

it("that its actor rejects is one dead letter, which is applied once when it is redriven", async () => {
  const system = await startSystem(servers(), { namespace: freshNamespace(), actors: [Gate] })
  const gate = system.get(Gate, "g")
  await gate.tell({ type: "Pass" }, { commandId: "early" })
  const letters = await system.deadLetters.list({ limit: 10 })
  expect(letters).toMatchObject([{ key: "gate/g", reason: "Rejected", attemptCount: 1 }])
  expect((await system.status()).messages).toMatchObject({ receivedCount: 0, deadLetterCount: 1 })
  await gate.ask({ type: "Open" })
  await system.deadLetters.redrive(letters[0]?.number ?? 0)
  await eventually(async () => (await gate.state()).version === 2)
  expect(await system.deadLetters.list({ limit: 10 })).toEqual([])
  await gate.tell({ type: "Pass" }, { commandId: "early" })
  expect((await gate.state()).version).toBe(2)
})

it("to an actor whose shard moves between nodes is applied once and in order, whichever node tells", async () => {
  const namespace = freshNamespace()
  const one = await startSystem(servers(), { namespace, node: { name: "one" } })
  const two = await startSystem(servers(), { namespace, node: { name: "two" } })
  const slot = slotOf(Counter, "m")
  await eventually(async () => (await holderOf(one, slot)) !== undefined)
  const counter = one.get(Counter, "m")
  const ids: Array<string> = []
  for (let round = 0; round < 6; round++) {
    const to = round % 2 === 0 ? "two" : "one"
    const moved = one.cluster.move(slot, to)
    const told: Array<Promise<unknown>> = []
    for (let n = 0; n < 50; n++) {
      const commandId = `${round}.${n}`
      ids.push(commandId)
      told.push(counter.tell(add, { commandId, deadlineMs: 60_000 }))
      if (n % 10 === 0) await Promise.all(told)
    }
    await Promise.all([moved, ...told])
    await eventually(async () => (await holderOf(one, slot)) === to)
  }
  await eventually(async () => (await two.get(Counter, "m").state()).version === ids.length)
  expect(await commandsOf(one, "m")).toEqual(ids)
  expect((await tellsOf(one)).directCount).toBeGreaterThan(0)
  expect((await tellsOf(one)).mailedCount).toBeGreaterThan(0)
})
