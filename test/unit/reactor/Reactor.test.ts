import { describe, expect, expectTypeOf, it } from "vitest"
import { setup } from "xstate"
import { defineActor } from "../../../runtime/definition/Actor.ts"
import { send } from "../../../runtime/definition/Send.ts"
import { defineReactor, type ReactorMeta } from "../../../runtime/reactor/Reactor.ts"
import { Ledger } from "../projection/Ledger.ts"

const Lamp = defineActor({
  type: "lamp",
  machine: setup({
    types: {} as { events: { type: "Lit"; watts: number } | { type: "Closed" } },
  }).createMachine({
    initial: "off",
    states: { off: { on: { Lit: "off", Closed: "off" } } },
  }),
})

const nothing = () => undefined

describe("a reactor's definition", () => {
  it("types each handler by the events of all its actor types", () => {
    defineReactor({
      name: "all",
      from: [Ledger, Lamp],
      on: {
        Added: (event, meta) => {
          expectTypeOf(event.type).toEqualTypeOf<"Added">()
          expectTypeOf(event.currency).toEqualTypeOf<string>()
          expectTypeOf(meta).toEqualTypeOf<ReactorMeta>()
          return send.tell({ actor: Ledger, id: meta.id, command: { type: "Open" } })
        },
        Lit: async ({ watts }) => {
          expectTypeOf(watts).toEqualTypeOf<number>()
          return watts > 1 ? [send.tell({ actor: Lamp, id: "l", command: { type: "Closed" } })] : undefined
        },
        Closed: (event) => {
          expectTypeOf(event.type).toEqualTypeOf<"Closed">()
          return undefined
        },
        // @ts-expect-error there is no such event
        Painted: nothing,
      },
    })
  })

  it("starts from the beginning unless it says otherwise", () => {
    expect(defineReactor({ name: "a", from: [Ledger], on: { Added: nothing } }).start).toBe("beginning")
  })

  it("is refused where it could not keep its promises, with a hint", () => {
    const define = (changes: object) => () =>
      defineReactor({ name: "relay", from: [Ledger], on: { Added: nothing }, ...changes })
    for (const name of ["", "Relay", "a.b", "r".repeat(41)]) {
      expect(define({ name })).toThrow(`"reactor ${name}" cannot be defined: its name.`)
    }
    expect(define({ from: [] })).toThrow("an empty `from`. Name the actor types")
    expect(define({ on: {} })).toThrow("an empty `on`")
    expect(define({ on: { Added: undefined } })).toThrow("an empty `on`")
    expect(define({ on: { Painted: nothing } })).toThrow(
      'a handler for "Painted". There is no such event in ledger.',
    )
    expect(define({ on: { "everstate.answered": nothing } })).toThrow("Events of the runtime itself")
    expect(define({ from: [Ledger, Lamp], on: { Painted: nothing } })).not.toThrow()
  })
})
