import { describe, expect, it } from "vitest"
import { assign, createMachine, setup } from "xstate"
import { Machine } from "../../../runtime/machine/Machine.ts"
import { MachineFailed } from "../../../runtime/machine/MachineFailed.ts"
import { compactStateName, stateName } from "../../../runtime/machine/StateName.ts"

const light = setup({
  types: {
    context: {} as { changes: number; id: string },
    input: {} as { id: string },
    events: {} as { type: "Next" | "Nothing" },
  },
}).createMachine({
  context: ({ input }) => ({ changes: 0, id: input.id }),
  initial: "red",
  states: {
    red: {
      on: { Next: { target: "green", actions: assign(({ context }) => ({ changes: context.changes + 1 })) } },
    },
    green: { on: { Next: "red" } },
  },
})

describe("a machine", () => {
  it("is a pure fold: the state it was given stays as it was", () => {
    const machine = new Machine("light", light)
    const red = machine.initial("l-1")
    const green = machine.transition(red, { type: "Next" }, "a")
    expect(red.value).toBe("red")
    expect(red.context).toEqual({ changes: 0, id: "l-1" })
    expect(green?.value).toBe("green")
    expect(machine.transition(red, { type: "Nothing" }, "a")).toBeUndefined()
  })

  it("keeps actors of one type apart although they share it", () => {
    const machine = new Machine("light", light)
    const states = ["a", "b", "c"].map((id) => machine.initial(id))
    const moved = states.map((state, index) =>
      index === 1 ? machine.transition(state, { type: "Next" }, "a") : state,
    )
    expect(moved.map((state) => state?.context)).toEqual([
      { changes: 0, id: "a" },
      { changes: 1, id: "b" },
      { changes: 0, id: "c" },
    ])
  })

  it("comes back from JSON as it was, and goes on", () => {
    const machine = new Machine("light", light)
    const green = machine.transition(machine.initial("l-1"), { type: "Next" }, "a")
    if (green === undefined) throw new Error("not accepted")
    const back = machine.restore(JSON.parse(JSON.stringify(machine.persist(green))), "a")
    expect(back.value).toBe("green")
    expect(machine.transition(back, { type: "Next" }, "a")?.value).toBe("red")
  })

  it.each(["xstate.stop", "xstate.init", "*", ""])("does not take %j", (type) => {
    const open = new Machine("open", createMachine({ on: { "*": { actions: () => undefined } } }))
    const state = open.initial("a")
    expect(open.transition(state, { type }, "a")).toBeUndefined()
    expect(open.transition(state, { type: "anything" }, "a")).toBeDefined()
  })

  it("that throws at birth says so", () => {
    const broken = setup({
      types: { context: {} as { n: number }, input: {} as { id: string } },
    }).createMachine({
      context: ({ input }) => {
        if (input.id !== "") throw new Error("no birth")
        return { n: 0 }
      },
    })
    expect(() => new Machine("broken", broken).initial("a")).toThrow(MachineFailed)
  })

  it.each([
    ["red", "red"],
    [{ a: "b" }, "a.b"],
    [{ a: { b: "c" } }, "a.b.c"],
    [{ pay: "due", stock: { held: {} } }, "(pay.due, stock.held)"],
    [{}, ""],
  ])("names the state %o %s", (value, name) => {
    expect(stateName(value)).toBe(name)
  })
})

it("a state's name in a commit tells the whole value, without quotes", () => {
  expect(compactStateName("paid")).toBe("paid")
  expect(compactStateName({ payment: "due", stock: { held: "here" } })).toBe(
    "{payment:due,stock:{held:here}}",
  )
})
