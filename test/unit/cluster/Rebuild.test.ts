/** A projection that an operator has rebuilt, from another node than the one that runs it. */
import { expect, it } from "vitest"
import type { ClusterEvent } from "../../../runtime/cluster/ClusterEvent.ts"
import { defineProjection } from "../../../runtime/index.ts"
import { makeReadModelMemory } from "../../../runtime/projection/ReadModelMemory.ts"
import { node, shared } from "../../fixtures/memory/ClusterNodes.ts"
import { Counter } from "../../fixtures/memory/Counter.ts"
import { eventually } from "../../fixtures/memory/MemorySystem.ts"

let isMended = false

const Totals = defineProjection({
  name: "totals",
  version: 1,
  from: [Counter],
  table: { name: "totals", columns: { id: "text not null", mended: "boolean not null" }, primaryKey: ["id"] },
  key: ({ id }) => ({ id }),
  fold: (_, { id }) => ({ id, mended: isMended }),
})

const order = { by: "ann", note: "the fold was wrong" }

it("is emptied by its node and filled again, whichever node is asked", async () => {
  const readModel = makeReadModelMemory()
  const on = { ...(await shared()), readModel }
  const nodes = [
    await node("one", on, { projections: [Totals] }),
    await node("two", on, { projections: [Totals] }),
  ]
  const events: Array<ClusterEvent> = []
  for (const { system } of nodes) system.cluster.onEvent((event) => events.push(event))
  const [one] = nodes as [Awaited<ReturnType<typeof node>>]
  const accepted = await one.system.get(Counter, "c").ask({ type: "Add", by: 1 })
  for (const { system } of nodes) await system.waitFor(Totals, accepted)
  expect(readModel.rows(Totals)).toEqual([{ id: "c", mended: false }])
  isMended = true
  for (const { system } of nodes) {
    const report = await system.projections.rebuild(system === one.system ? Totals : "totals", order)
    expect(report).toEqual({ projection: "totals", version: 1, untold: [] })
    for (const each of nodes) await each.system.waitFor(Totals, accepted)
    expect(readModel.rows(Totals)).toEqual([{ id: "c", mended: true }])
  }
  await eventually(() => events.filter(({ type }) => type === "ProjectionRebuilt").length === 2)
  expect(events.find(({ type }) => type === "ProjectionRebuilt")).toEqual({
    type: "ProjectionRebuilt",
    slot: "projection.totals.v1.p0",
    detail: "by ann: the fold was wrong",
  })
  await expect(one.system.projections.rebuild("none", order)).rejects.toMatchObject({
    reason: "UnknownProjection",
    hint: expect.stringContaining("totals"),
  })
})
