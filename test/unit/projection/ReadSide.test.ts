/** What a system does for those who read its projections. */
import { expect, test } from "vitest"
import { defineProjection } from "../../../runtime/index.ts"
import { Counter } from "../../fixtures/memory/Counter.ts"
import { startMemory } from "../../fixtures/memory/MemorySystem.ts"

const Totals = defineProjection({
  name: "totals",
  version: 2,
  from: [Counter],
  table: { name: "total", columns: { id: "text not null" }, primaryKey: ["id"] },
  key: ({ id }) => ({ id }),
  fold: (_, { id }) => ({ id }),
})
const Log = defineProjection({
  name: "log",
  version: 1,
  from: [Counter],
  tables: ["create table line (text text)"],
  handle: async () => undefined,
})

test("waitFor takes an answer or a sequence, and a deadline", async () => {
  const { system } = await startMemory({ actors: [Counter], projections: [Totals] })
  const accepted = await system.get(Counter, "c").ask({ type: "Add", by: 1 })
  await system.waitFor(Totals, accepted)
  await system.waitFor(Totals, accepted.sequence, { deadlineMs: 1_000 })
  await expect(system.waitFor(Totals, accepted.sequence + 1, { deadlineMs: 1 })).rejects.toMatchObject({
    _tag: "ProjectionTimeout",
    retry: "later",
  })
  await expect(system.waitFor(Log, accepted)).rejects.toMatchObject({ _tag: "UnknownProjection" })
  await system.stop()
})

test("tableOf names a table in full, the only one without its name", async () => {
  const { system } = await startMemory({ actors: [Counter], projections: [Totals] })
  expect(system.tableOf(Totals)).toBe(system.tableOf(Totals, "total"))
  expect(system.tableOf(Totals)).toContain('"total"')
  expect(system.tableOf(Log, "line")).toContain('"line"')
  expect(() => system.tableOf(Log)).toThrow(/several/)
  await system.stop()
})
