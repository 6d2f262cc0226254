/** Actors that were in memory on one node are in memory on the next one that gets their shard, before anybody asks. */
import { Effect, Latch } from "effect"
import { expect, it } from "vitest"
import { addressOf } from "../../../runtime/address/ActorAddress.ts"
import { askMember } from "../../../runtime/cluster/MemberRequests.ts"
import { node as nodeOf, shared } from "../../fixtures/memory/ClusterNodes.ts"
import { Counter } from "../../fixtures/memory/Counter.ts"
import { eventually, SHARD_COUNT } from "../../fixtures/memory/MemorySystem.ts"
import { SnapshotStoreScripted } from "../../fixtures/memory/SnapshotStoreScripted.ts"

const add = { type: "Add", by: 1 } as const

/** With a lease that a busy machine does not let end: what is lost is warmed by nobody. */
const node: typeof nodeOf = (name, on, options) => nodeOf(name, on, { leaseMs: 10_000, ...options })

/** Worlds in which a snapshot may be late, because the machine is busy and a shard does not wait for it for long. */
const WORLDS_MAX = 10

const names = (count: number) => Array.from({ length: count }, (_, index) => `c${index}`)

it("those of a shard that is handed over are brought in by the next owner", async () => {
  const on = await shared()
  const one = await node("one", on)
  for (const name of names(20)) await one.system.get(Counter, name).ask(add)
  const two = await node("two", on)
  await one.system.stop()
  await eventually(async () => (await two.system.status()).activatedCount === 20)
  for (const name of names(20)) {
    expect((await two.system.get(Counter, name).ask(add)).version).toBe(2)
  }
  expect((await two.system.status()).activatedCount).toBe(20)
})

/** A node whose actors have no snapshots, and another one that got a share of them. */
const handedOver = async () => {
  const on = await shared()
  const snapshots = new SnapshotStoreScripted()
  const one = await node("one", on, { snapshots, handoffMs: 60_000 })
  for (const name of names(20)) await one.system.get(Counter, name).ask(add)
  const savedCounts: Array<number> = []
  one.system.cluster.onEvent((event) => {
    if (event.type === "SlotMoved" && event.what === "handedOver") savedCounts.push(snapshots.rows.size)
  })
  expect(snapshots.rows.size).toBe(0)
  const two = await node("two", on, { snapshots })
  await eventually(async () => (await two.system.status()).activatedCount > 0)
  return { one, two, savedCounts, snapshots }
}

it("their snapshots are saved before the shard is another's, unless the store takes its time", async () => {
  let world = await handedOver()
  for (let count = 1; !world.savedCounts[0] && count < WORLDS_MAX; count++) world = await handedOver()
  const { one, savedCounts, snapshots } = world
  expect(savedCounts[0]).toBeGreaterThan(0)
  // One that is not in memory would need its snapshot, and wait for the slow store.
  for (const name of names(20)) await one.system.get(Counter, name).ask(add)
  const slow = Latch.makeUnsafe(false)
  snapshots.onStep = () => slow.await
  for (const name of names(20)) await one.system.get(Counter, name).ask(add)
  await one.system.cluster.drain("one")
  await eventually(async () => savedCounts.length === SHARD_COUNT)
  slow.openUnsafe()
})

it("no more of them than may be resident", async () => {
  const on = await shared()
  const one = await node("one", on)
  for (const name of names(20)) await one.system.get(Counter, name).ask(add)
  const two = await node("two", on, { residentMax: 3 })
  await one.system.stop()
  await eventually(async () => (await two.system.status()).activatedCount === 3)
  expect((await two.system.status()).residentCount).toBe(3)
  expect((await two.system.get(Counter, "c0").ask(add)).version).toBe(2)
})

it("a hundred of a shard, those that were used last", async () => {
  const on = await shared()
  const one = await node("one", on)
  const mates = names(1_000).filter((name) => addressOf("counter", name, SHARD_COUNT).shard === 1)
  expect(mates.length).toBeGreaterThan(100)
  for (const name of mates) await one.system.get(Counter, name).ask(add)
  const two = await node("two", on)
  await one.system.stop()
  await eventually(async () => (await two.system.status()).activatedCount === 100)
  for (const name of mates.slice(-100)) await two.system.get(Counter, name).ask(add)
  expect((await two.system.status()).activatedCount).toBe(100)
})

it("one that is quarantined is not brought in: it is read again when somebody asks", async () => {
  const on = await shared()
  const one = await node("one", on)
  for (const name of ["good", "bad"]) await one.system.get(Counter, name).ask(add)
  const bad = addressOf("counter", "bad", SHARD_COUNT)
  const last = await Effect.runPromise(on.journal.inner.last(bad))
  await Effect.runPromise(on.journal.inner.append(bad, last?.sequence ?? 0, new TextEncoder().encode("{}")))
  await expect(one.system.get(Counter, "bad").ask(add)).rejects.toMatchObject({ _tag: "ActorQuarantined" })
  const two = await node("two", on)
  await one.system.stop()
  await eventually(async () => (await two.system.status()).activatedCount === 1)
  expect((await two.system.status()).quarantined).toEqual([])
})

it("a list that makes no sense brings nothing in, and hurts nobody", async () => {
  const on = await shared()
  const { system } = await node("one", on)
  const { shard, key } = addressOf("counter", "known", SHARD_COUNT)
  const tell = (notice: object) =>
    Effect.runPromise(
      askMember(on.cluster.transport, system.cluster.memberId(), { k: "warm", ...notice }, 1_000),
    )
  for (const notice of [
    {},
    { slot: 7, keys: [key] },
    { slot: "shard.999", keys: [key] },
    { slot: `shard.${shard}`, keys: key },
  ]) {
    expect(await tell(notice)).toEqual({ ok: true })
  }
  expect((await system.status()).residentCount).toBe(0)
  await tell({ slot: `shard.${shard}`, keys: ["counter", "stranger/x", "%", 7, null, key] })
  await eventually(async () => (await system.status()).activatedCount === 1)
  expect((await system.get(Counter, "known").ask(add)).version).toBe(1)
})
