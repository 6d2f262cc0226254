/** Actions: when they run, and what XState's own do. */
import type { Construct } from "../ConformanceCase.ts"
import { assertEvent, assign, hear, inc, machine } from "../Loose.ts"

export const actions: ReadonlyArray<Construct> = [
  {
    construct: "`entry`, `exit` and transition actions",
    cases: [
      {
        name: "exit from the inside out, transition, entry from the outside in",
        machine: (note) =>
          machine({
            initial: "a",
            states: {
              a: {
                exit: () => note("exit a"),
                initial: "a1",
                states: {
                  a1: {
                    exit: () => note("exit a1"),
                    on: { Go: { target: "#b1", actions: () => note("go") } },
                  },
                },
              },
              b: {
                entry: () => note("enter b"),
                initial: "b0",
                states: { b0: {}, b1: { id: "b1", entry: () => note("enter b1") } },
              },
            },
          }),
        steps: ["Go"],
        ends: { notes: ["exit a1", "exit a", "go", "enter b", "enter b1"] },
      },
      {
        name: "named actions with params, given and made",
        machine: (note) =>
          machine(
            {
              context: { n: 1 },
              entry: { type: "tell", params: { word: "born" } },
              on: {
                Go: {
                  actions: [
                    { type: "tell", params: ({ context, event }) => ({ word: `${event.w}${context.n}` }) },
                    "plain",
                  ],
                },
              },
            },
            { actions: { tell: (_, { word }) => note(word), plain: () => note("plain") } },
          ),
        steps: [{ type: "Go", w: "x" }],
        ends: { notes: ["born", "x1", "plain"] },
      },
      {
        name: "custom actions see the context of their place",
        machine: (note) =>
          machine({
            context: { n: 0 },
            on: {
              Go: {
                actions: [({ context }) => note(`${context.n}`), inc, ({ context }) => note(`${context.n}`)],
              },
            },
          }),
        steps: ["Go", "Go"],
        ends: { notes: ["0", "1", "1", "2"] },
      },
      {
        name: "actions of a final state and exits at the end",
        machine: (note) =>
          machine({
            initial: "a",
            exit: () => note("exit root"),
            states: {
              a: { exit: () => note("exit a"), on: { End: "z" } },
              z: { type: "final", entry: () => note("enter z"), exit: () => note("exit z") },
            },
          }),
        steps: ["End"],
        ends: { status: "done", notes: ["exit a", "enter z", "exit z", "exit root"] },
      },
      {
        name: "assertEvent in an action",
        machine: (note) =>
          machine({
            on: {
              "a.*": {
                actions: ({ event }) => {
                  assertEvent(event, ["a.b", "a.c"])
                  note(event.type)
                },
              },
            },
          }),
        steps: ["a.b", "a.c"],
        ends: { notes: ["a.b", "a.c"] },
      },
    ],
  },
  {
    construct: "`assign`",
    cases: [
      {
        name: "values and functions, key by key",
        machine: () =>
          machine({
            context: { n: 0, word: "", last: null },
            on: {
              Set: {
                actions: assign({
                  n: ({ context }) => context.n + 1,
                  word: "given",
                  last: ({ event }) => event.of,
                }),
              },
            },
          }),
        steps: [{ type: "Set", of: { deep: [1] } }],
        ends: { context: { n: 1, word: "given", last: { deep: [1] } } },
      },
      {
        name: "one function for all",
        machine: () =>
          machine({
            context: { a: 1, b: 2, kept: true },
            on: { Swap: { actions: assign(({ context }) => ({ a: context.b, b: context.a })) } },
          }),
        steps: ["Swap", "Swap", "Swap"],
        ends: { context: { a: 2, b: 1, kept: true } },
      },
      {
        name: "one after the other, in exit, transition and entry",
        machine: () =>
          machine({
            context: { heard: [] },
            initial: "a",
            states: {
              a: { exit: hear("exit"), on: { Go: { target: "b", actions: [hear("one"), hear("two")] } } },
              b: { entry: [hear("entry")] },
            },
          }),
        steps: ["Go"],
        ends: { context: { heard: ["exit", "one", "two", "entry"] } },
      },
      {
        name: "by name, with params",
        machine: () =>
          machine(
            { context: { n: 0 }, on: { Add: { actions: { type: "add", params: ({ event }) => event.by } } } },
            { actions: { add: assign((_, by) => ({ n: by })) } },
          ),
        steps: [{ type: "Add", by: 4 }],
        ends: { context: { n: 4 } },
      },
      {
        name: "a context that is changed in place, as one should not",
        machine: () =>
          machine({
            context: { list: [] },
            on: {
              Add: {
                actions: assign({
                  list: ({ context, event }) => {
                    context.list.push(event.n)
                    return context.list
                  },
                }),
              },
            },
          }),
        steps: [{ type: "Add", n: 1 }],
        ends: { context: { list: [1] } },
        refused: {
          at: "event",
          says: "not extensible",
          why: "An `assign` that changes a list or object of the old context in place: the state is frozen. Return a new one: `[...context.list, item]`.",
        },
      },
      {
        name: "keys that appear and vanish",
        machine: () =>
          machine({
            context: { a: 1 },
            on: {
              Put: { actions: assign(({ event }) => ({ [event.key]: event.value })) },
              Drop: { actions: assign({ a: undefined }) },
            },
          }),
        steps: [
          { type: "Put", key: "x", value: null },
          "Drop",
          { type: "Put", key: "__proto", value: { y: 1 } },
        ],
        ends: { context: { a: undefined, x: null, __proto: { y: 1 } } },
      },
    ],
  },
  {
    construct: "Actions and assigns that throw",
    cases: [
      {
        name: "an assign that throws fails the event",
        machine: () =>
          machine({
            context: { n: 0 },
            on: {
              Inc: { actions: inc },
              E: {
                actions: assign({
                  n: () => {
                    throw new Error("no assign")
                  },
                }),
              },
            },
          }),
        steps: ["Inc", "E", "Inc"],
        ends: { status: "error", context: { n: 1 } },
        differs: {
          ends: { status: "active", context: { n: 2 }, failed: ["MachineThrew"] },
          why: "An `assign` that throws fails the event (`CommandFailed`) and changes nothing, as a guard does.",
        },
      },
      {
        name: "a custom action that throws",
        machine: (note) =>
          machine({
            context: { n: 0 },
            on: {
              Inc: { actions: [inc, () => note("inc")] },
              E: {
                actions: [
                  inc,
                  () => {
                    throw new Error("no action")
                  },
                ],
              },
            },
          }),
        steps: ["Inc", "E", "Inc"],
        ends: { status: "error", context: { n: 1 } },
        differs: {
          ends: { status: "active", context: { n: 3 } },
          why: "A custom action that throws changes nothing: actions run after the commit, what they throw is counted and logged. In XState it ends the actor in status `error`.",
        },
      },
    ],
  },
]
