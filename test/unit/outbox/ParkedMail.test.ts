/** Messages that an older copy of the mailbox lacks are parked again, though it gives their positions to others. */
import { Effect, Latch } from "effect"
import { expect, it } from "vitest"
import { node, shared } from "../../fixtures/memory/ClusterNodes.ts"
import { Clerk, Desk } from "../../fixtures/memory/Desk.ts"
import { eventually } from "../../fixtures/memory/MemorySystem.ts"

const actors = [Clerk, Desk]

it("an older copy in the place of the mailbox loses no message, though it has grown beyond it", async () => {
  const on = await shared()
  const { contents } = on.messaging.mailbox
  const { system } = await node("n", on, { actors })
  await system.cluster.pause(Clerk)
  await eventually(async () => (await system.cluster.status()).paused.includes("clerk"))
  const copy = contents.copy()
  await system.get(Desk, "d").ask({ type: "Tell", clerk: "c", sheets: ["lost"] })
  await eventually(() => [...contents.messageSentinels].some((name) => !copy.messageSentinels.has(name)))
  const kept = () => [...contents.messages].map(({ id }) => id)
  const [lost] = kept()
  contents.restore(copy, "messages")
  expect(kept()).toEqual([])
  for (const sheet of ["1", "2"]) await system.get(Clerk, "c").tell({ type: "Stamp", sheet })
  expect(contents.lastSequence).toBeGreaterThan(copy.lastSequence + 1)
  await eventually(() => kept().includes(lost ?? ""))
  await system.cluster.resume(Clerk)
  const sheets = async () => (await system.get(Clerk, "c").state()).state.context.sheets
  await eventually(async () => (await sheets()).length === 3)
  expect(await sheets()).toEqual(["1", "2", "lost"])
  await eventually(async () => (await system.status()).outbox.waitingInMailboxCount === 0)
}, 60_000)

it("an older copy loses no message either while the node has no tide in the mailbox", async () => {
  const on = await shared()
  const { mailbox } = on.messaging
  const { contents } = mailbox
  const mayPlace = Latch.makeUnsafe(false)
  const { place } = mailbox.messageSentinels
  Object.assign(mailbox.messageSentinels, {
    place: (name: string) => Effect.andThen(mayPlace.await, place(name)),
  })
  const { system } = await node("n", on, { actors })
  await system.cluster.pause(Clerk)
  await eventually(async () => (await system.cluster.status()).paused.includes("clerk"))
  const copy = contents.copy()
  await system.get(Desk, "d").ask({ type: "Tell", clerk: "c", sheets: ["lost"] })
  const kept = () => [...contents.messages].map(({ id }) => id)
  await eventually(() => kept().length === 1)
  const [lost] = kept()
  contents.restore(copy, "messages")
  for (const sheet of ["1", "2"]) await system.get(Clerk, "c").tell({ type: "Stamp", sheet })
  await system.cluster.resume(Clerk)
  const sheets = async () => (await system.get(Clerk, "c").state()).state.context.sheets
  await eventually(async () => (await sheets()).length === 2)
  await new Promise((resolve) => setTimeout(resolve, 1_200))
  expect((await system.status()).outbox.waitingInMailboxCount).toBe(1)
  mayPlace.openUnsafe()
  await eventually(async () => (await sheets()).length === 3)
  expect(kept()).not.toContain(lost)
}, 60_000)

it("the next owner of a shard parks again what an older copy of the mailbox lacks", async () => {
  const on = await shared()
  const { contents } = on.messaging.mailbox
  const first = await node("n", on, { actors })
  await first.system.cluster.pause(Clerk)
  await eventually(async () => (await first.system.cluster.status()).paused.includes("clerk"))
  const copy = contents.copy()
  await first.system.get(Desk, "d").ask({ type: "Tell", clerk: "c", sheets: ["lost"] })
  await eventually(() => contents.messageSentinels.size > 0)
  await first.system.stop()
  contents.restore(copy, "messages")
  const { system } = await node("n", on, { actors })
  for (const sheet of ["1", "2"]) await system.get(Clerk, "c").tell({ type: "Stamp", sheet })
  await eventually(() => [...contents.messages].length === 3)
  await system.cluster.resume(Clerk)
  const sheets = async () => (await system.get(Clerk, "c").state()).state.context.sheets
  await eventually(async () => (await sheets()).length === 3)
  expect(await sheets()).toContain("lost")
}, 60_000)
