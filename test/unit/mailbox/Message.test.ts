/** What a message says of where it comes from. */
import { describe, expect, it } from "vitest"
import {
  decodeMessage,
  encodeMessage,
  type Message,
  withoutOrigin,
} from "../../../runtime/mailbox/Message.ts"

const encoder = new TextEncoder()
const told: Message = { k: "command", id: "everstate:5-mj.0", c: { type: "Add" } }
const answered: Message = { k: "answer", id: "everstate:5-mj.0:answer", n: "ask", a: { ok: true } }
const placed = { o: ["shard.3", 2, 5, 0, 811], f: [2, 4, 800] } as const

describe("a message", () => {
  it.each([told, answered])("brings its origin and floor, or neither: %j", (message) => {
    expect(decodeMessage(encodeMessage({ ...message, ...placed }))).toEqual({ v: 1, ...message, ...placed })
    expect(decodeMessage(encodeMessage(message))).toEqual({ v: 1, ...message })
  })

  it.each([
    { o: null },
    { o: ["shard.3", 2, 5, 0] },
    { o: ["x".repeat(201), 2, 5, 0, 811] },
    { o: ["\ud800", 2, 5, 0, 811] },
    { o: ["shard.3", 2, 5, 0.5, 811] },
    { ...placed, f: [2, -4, 800] },
    { ...placed, f: [2, 4] },
  ])("is none with %j", (fields) => {
    for (const message of [told, answered]) {
      const data = encoder.encode(JSON.stringify({ v: 1, ...message, ...fields }))
      expect(() => decodeMessage(data)).toThrow("not a message")
    }
  })

  it("that is sent again as a new one has neither", () => {
    expect(withoutOrigin({ ...told, ...placed })).toEqual(told)
    expect(withoutOrigin(answered)).toBe(answered)
  })
})
