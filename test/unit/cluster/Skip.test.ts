/** A record that a projection does not get past, and an operator who is at another node. */
import { Effect } from "effect"
import { expect, it } from "vitest"
import { addressOf } from "../../../runtime/address/ActorAddress.ts"
import type { ClusterEvent } from "../../../runtime/cluster/ClusterEvent.ts"
import { defineProjection } from "../../../runtime/index.ts"
import { node, shared } from "../../fixtures/memory/ClusterNodes.ts"
import { Counter } from "../../fixtures/memory/Counter.ts"
import { eventually, SHARD_COUNT } from "../../fixtures/memory/MemorySystem.ts"

const Totals = defineProjection({
  name: "totals",
  version: 1,
  from: [Counter],
  table: { name: "totals", columns: { id: "text not null" }, primaryKey: ["id"] },
  key: ({ id }) => ({ id }),
  fold: (_, { id }) => ({ id }),
})

const slot = "projection.totals.v1.p0"
const order = { by: "ann", note: "written by hand" }

it("FAULT 72: the node that runs the partition steps past it, whichever node is asked", async () => {
  const on = await shared()
  const nodes = [
    await node("one", on, { projections: [Totals] }),
    await node("two", on, { projections: [Totals] }),
  ]
  const garbage = new TextEncoder().encode("{not json")
  const sequence = await Effect.runPromise(
    on.journal.inner.append(addressOf("counter", "bad", SHARD_COUNT), 0, garbage),
  )
  const events: Array<ClusterEvent> = []
  for (const { system } of nodes) system.cluster.onEvent((event) => events.push(event))
  const stoppedAt = async ({ system }: (typeof nodes)[number]) =>
    (await system.cluster.status()).slots.find((found) => found.slot === slot)
  for (const each of nodes) await eventually(async () => (await stoppedAt(each))?.stopped !== undefined)
  const found = await stoppedAt(nodes[0] as (typeof nodes)[number])
  expect(found?.stopped).toMatchObject({ sequence, reason: expect.stringContaining("unreadable") })

  const other = nodes.find(({ system }) => system.cluster.memberId() !== found?.member)
  const cluster = other?.system.cluster as NonNullable<typeof other>["system"]["cluster"]
  await expect(cluster.skip(slot, { sequence: sequence + 1, ...order })).rejects.toMatchObject({
    reason: "NotStopped",
  })
  await expect(cluster.skip("projection.none", { sequence, ...order })).rejects.toMatchObject({
    reason: "UnknownSlot",
  })
  await expect(cluster.skip("shard.0", { sequence, ...order })).rejects.toMatchObject({
    reason: "NotStopped",
  })
  expect(await cluster.skip(slot, { sequence, ...order })).toEqual({ isNews: true, deadLetterCount: 1 })
  expect(await cluster.skip(slot, { sequence, ...order })).toEqual({ isNews: false, deadLetterCount: 0 })
  for (const each of nodes) await eventually(async () => (await stoppedAt(each))?.stopped === undefined)
  await eventually(() => events.some(({ type }) => type === "RecordSkipped"))
  expect(events.filter(({ type }) => type === "RecordSkipped")).toEqual([
    {
      type: "RecordSkipped",
      slot,
      sequence,
      detail: `record ${sequence}, by ann: written by hand (1 dead letters)`,
    },
  ])
})
