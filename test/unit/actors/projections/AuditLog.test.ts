import { describe, expect, it } from "vitest"
import { AuditLog } from "../../../../actors/projections/AuditLog.ts"
import type { ProjectedEvent } from "../../../../runtime/index.ts"
import { cancelled, placed } from "../order/OrderStory.ts"

const { form } = AuditLog
if (form.kind !== "sql") throw new Error("audit_log is SQL of its own")

/** Answers nothing, remembers what it was asked. */
const recorder = () => {
  const asked: Array<{ readonly text: string; readonly values: ReadonlyArray<unknown> }> = []
  const query = async (text: string, values: ReadonlyArray<unknown> = []) => {
    asked.push({ text, values })
    return { rows: [] }
  }
  return { asked, sql: { query } }
}

const batch: ReadonlyArray<ProjectedEvent> = [
  {
    actorType: "order",
    id: "o-1",
    version: 1,
    sequence: 11,
    at: 1000,
    commandId: "c-1",
    metadata: { user: "kim", correlationId: "corr", causationId: "cause", trace: "00-1-2-01" },
    event: placed,
  },
  {
    actorType: "order",
    id: "o-2",
    version: 2,
    sequence: 12,
    at: 2000,
    commandId: "c-2",
    metadata: {},
    event: cancelled,
  },
]

describe("audit_log", () => {
  it("writes a batch with one statement, a column at a time", async () => {
    const { asked, sql } = recorder()
    await form.handle(batch, sql)
    expect(asked).toHaveLength(1)
    const { type: _placed, ...placedPayload } = placed
    const { type: _cancelled, ...cancelledPayload } = cancelled
    expect(asked[0]?.values).toEqual([
      ["o-1", "o-2"],
      [1, 2],
      [1000, 2000],
      ["kim", null],
      ["corr", null],
      ["cause", null],
      ["00-1-2-01", null],
      ["c-1", "c-2"],
      ["OrderPlaced", "OrderCancelled"],
      [JSON.stringify(placedPayload), JSON.stringify(cancelledPayload)],
      [11, 12],
    ])
  })

  it("FAULT 47: leaves rows alone that are there already", async () => {
    const { asked, sql } = recorder()
    await form.handle(batch, sql)
    expect(asked[0]?.text).toMatch(/on conflict do nothing$/)
  })

  it("has the same text for a batch of any size", async () => {
    const { asked, sql } = recorder()
    await form.handle(batch, sql)
    await form.handle(batch.slice(1), sql)
    expect(new Set(asked.map(({ text }) => text)).size).toBe(1)
  })

  it("asks for nothing when there is nothing", async () => {
    const { asked, sql } = recorder()
    await form.handle([], sql)
    expect(asked).toEqual([])
  })
})
