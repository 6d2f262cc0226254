/** What `accept` makes of its options, and what `decide` is given. */
import { Schema } from "effect"
import { describe, expect, it } from "vitest"
import { setup } from "xstate"
import { accept, defineActor, defineEvent, reject, send } from "../../../runtime/index.ts"
import { testActor } from "../../../runtime/testing.ts"
import { Counter } from "../../fixtures/memory/Counter.ts"

const message = send.tell({ actor: Counter, id: "c", command: { type: "Add", by: 1 } })

describe("accept", () => {
  it("takes one event or several, with neither a reply nor messages", () => {
    expect(accept({ type: "Held" })).toMatchObject({ events: [{ type: "Held" }], outgoing: [] })
    expect(accept([{ type: "Held" }, { type: "Paid" }])).toMatchObject({ reply: undefined, outgoing: [] })
  })

  it("sends one message or several, and leaves out those that are undefined", () => {
    expect(accept([], { send: message }).outgoing).toEqual([message])
    expect(accept([], { send: [undefined, message, undefined] }).outgoing).toEqual([message])
    expect(accept([], { reply: 5, send: undefined })).toMatchObject({ reply: 5, outgoing: [] })
  })
})

const Held = Schema.Struct({ seat: Schema.String, at: Schema.Struct({ row: Schema.Int }) })
const events = { Held: defineEvent(Held) }
const isChanged = (change: () => void): boolean => {
  try {
    change()
    return true
  } catch {
    return false
  }
}

const Seat = defineActor({
  type: "seat",
  machine: setup({ types: { events: {} as { type: "Held" } } }).createMachine({
    on: { Held: { actions: () => undefined } },
  }),
  events,
  commands: {
    Hold: { schema: Held, decide: ({ payload }) => ({ type: "Held", ...payload }) },
    Spoil: {
      schema: Held,
      decide: ({ payload }) => {
        const spoilt = payload as { seat: string; at: { row: number } }
        const changes = [() => (spoilt.seat = "b"), () => (spoilt.at.row = 2)]
        return changes.some(isChanged) ? [] : reject("Frozen")
      },
    },
  },
})

describe("decide", () => {
  it("is given the payload: the command without its type", () => {
    testActor(Seat)
      .when({ type: "Hold", seat: "a", at: { row: 1 } })
      .then({ type: "Held", seat: "a", at: { row: 1 } })
  })

  it("cannot change the payload", () => {
    testActor(Seat)
      .when({ type: "Spoil", seat: "a", at: { row: 1 } })
      .then(reject("Frozen"))
  })
})
