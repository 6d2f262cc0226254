/** What the scenario kit finds by itself. */
import { Schema } from "effect"
import { describe, expect, it } from "vitest"
import { assign, setup } from "xstate"
import { accept, defineActor, defineEvent, reject } from "../../../runtime/index.ts"
import { testActor } from "../../../runtime/testing.ts"
import { Counter } from "../../fixtures/memory/Counter.ts"

const numbers = Schema.Struct({ by: Schema.Number })
const nothing = Schema.Struct({})

/** An actor with one event and one command, whose parts a test replaces by broken ones. */
const actorOf = (parts: {
  readonly apply?: (context: { n: number; list: Array<unknown> }, by: number) => object
  readonly decide?: (n: number) => unknown
}) => {
  const { apply = ({ n }, by) => ({ n: n + by }), decide = () => ({ type: "Added", by: 1 }) } = parts
  return defineActor({
    type: "odd",
    machine: setup({
      types: {
        context: {} as { n: number; list: Array<unknown> },
        events: {} as { type: "Added"; by: number },
      },
    }).createMachine({
      context: () => ({ n: 0, list: [] }),
      on: { Added: { actions: assign(({ context, event: { by } }) => apply(context, by)) } },
    }),
    events: { Added: defineEvent(numbers) },
    commands: {
      Add: {
        schema: nothing,
        decide: ({ state }) => decide(state.context.n) as { type: "Added"; by: number },
      },
    },
  })
}

const given = { type: "Added", by: 1 } as const
const run = (parts: Parameters<typeof actorOf>[0]) => () =>
  testActor(actorOf(parts)).given(given).when({ type: "Add" })

describe("testActor", () => {
  it("passes what is right: events, replies, rejections, states, invalid commands", () => {
    const open = testActor(Counter)
      .given({ type: "Added", by: 2 })
      .then({ state: "open", version: 1, context: { total: 2 } })
    open
      .when({ type: "Add", by: 3 })
      .then({ type: "Added", by: 3 })
      .then([{ type: "Added", by: 3 }])
      .thenReply({ total: 5 })
    open.when({ type: "Many", count: 2 }).then([
      { type: "Added", by: 1 },
      { type: "Added", by: 1 },
    ])
    open
      .when({ type: "Refuse" })
      .then(reject("NotToday", { try: "tomorrow" }))
      .then(reject("NotToday"))
    open.when({ type: "Nothing" }).then([]).thenReply({ total: 2 })
    open
      .when({ type: "Close" })
      .then({ state: "closed" })
      .then((state) => expect(state.matches("closed")).toBe(true))
    open.given({ type: "Closed" }).when({ type: "Add", by: 1 }).then(reject("NotAccepted"))
    open.when({ type: "Add", by: "x" as never }).thenInvalid("by")
  })

  it.each([
    ["other events", () => testActor(Counter).when({ type: "Add", by: 3 }).then({ type: "Added", by: 4 })],
    [
      "too few events",
      () => testActor(Counter).when({ type: "Many", count: 2 }).then({ type: "Added", by: 1 }),
    ],
    ["another reply", () => testActor(Counter).when({ type: "Add", by: 3 }).thenReply({ total: 4 })],
    ["another rejection", () => testActor(Counter).when({ type: "Refuse" }).then(reject("Never"))],
    [
      "acceptance for a rejection",
      () => testActor(Counter).when({ type: "Refuse" }).then({ type: "Closed" }),
    ],
    ["a rejection for acceptance", () => testActor(Counter).when({ type: "Close" }).then(reject("Never"))],
    ["another state", () => testActor(Counter).when({ type: "Close" }).then({ state: "open" })],
    ["a valid command called invalid", () => testActor(Counter).when({ type: "Close" }).thenInvalid()],
    [
      "a complaint elsewhere",
      () =>
        testActor(Counter)
          .when({ type: "Add" } as never)
          .thenInvalid("to"),
    ],
    ["an unknown given event", () => testActor(Counter).given({ type: "Exploded" } as never)],
    ["a decision that throws", () => testActor(Counter).when({ type: "Throw" }).then([])],
  ])("fails on %s", (_, scenario) => {
    expect(scenario).toThrow()
  })

  let calls = 0
  it.each([
    [
      "FAULT 44: a decision that differs each time",
      run({ decide: () => ({ type: "Added", by: ++calls }) }),
      /second time/,
    ],
    [
      "FAULT 44: a reply that differs each time",
      run({ decide: () => accept({ type: "Added", by: 1 }, { reply: ++calls }) }),
      /second time/,
    ],
    [
      "FAULT 44: an assign that differs each time",
      run({ apply: () => ({ n: ++calls }) }),
      /another state|full replay/,
    ],
    [
      "FAULT 44: an assign that changes the state it was given",
      run({ apply: (context, by) => ({ n: context.list.push(by) }) }),
      /object is not extensible/,
    ],
    [
      "FAULT 44: an instance of a class in the state",
      run({ apply: () => ({ list: [new URL("http://localhost")] }) }),
      /would not survive a snapshot[\s\S]*state\.context\.list\[0\].*an instance of URL/,
    ],
    ["FAULT 44: a function in the state", run({ apply: () => ({ list: [() => 1] }) }), /a function/],
  ])("finds %s", (_, scenario, message) => {
    expect(scenario).toThrow(message)
  })

  it.each([
    ["a date", new Date(0)],
    ["NaN", Number.NaN],
    ["a map", new Map([[1n, undefined]])],
  ])("takes %s in a state for what it is", (_, kept) => {
    const scenario = testActor(actorOf({ apply: () => ({ list: [kept] }) })).given(given)
    scenario
      .then({ context: { list: [kept] } })
      .when({ type: "Add" })
      .then({ context: { list: [kept] } })
    expect(() => scenario.then({ context: { list: [new Set()] } })).toThrow(/context\.list/)
  })

  it("FAULT 44: finds a decision that changes the state it was given", () => {
    expect(() => testActor(Counter).when({ type: "Spoil" }).then([])).toThrow(
      /read only property|not extensible/,
    )
  })
})
