/** Kinds of states: atomic, compound, parallel, final and history; and what they say of themselves. */
import type { Construct } from "../ConformanceCase.ts"
import { assign, machine, raise } from "../Loose.ts"

export const states: ReadonlyArray<Construct> = [
  {
    construct: "A machine without states",
    cases: [
      {
        name: "counts at its root",
        machine: () =>
          machine({
            context: { n: 0 },
            on: { Inc: { actions: assign({ n: ({ context }) => context.n + 1 }) } },
          }),
        steps: ["Inc", "Other", "Inc"],
        ends: { value: {}, context: { n: 2 } },
      },
    ],
  },
  {
    construct: "Atomic and compound states (`initial`, `states`)",
    cases: [
      {
        name: "a switch",
        machine: () =>
          machine({
            initial: "off",
            states: { off: { on: { Toggle: "on" } }, on: { on: { Toggle: "off" } } },
          }),
        steps: ["Toggle", "Toggle", "Toggle"],
        ends: { value: "on" },
      },
      {
        name: "three levels, entered at their initial states",
        machine: () =>
          machine({
            initial: "a",
            states: {
              a: { on: { Go: "b" } },
              b: {
                initial: "b1",
                states: {
                  b1: { initial: "b11", states: { b11: { on: { Next: "b12" } }, b12: {} } },
                  b2: {},
                },
                on: { Back: "a" },
              },
            },
          }),
        steps: ["Go", "Next", "Back", "Next", "Go"],
        ends: { value: { b: { b1: "b11" } } },
      },
      {
        name: "a state with the name of a method",
        machine: () =>
          machine({
            initial: "constructor",
            states: { constructor: { on: { toString: "valueOf" } }, valueOf: {} },
          }),
        steps: ["toString"],
        ends: { value: "valueOf" },
      },
      {
        name: "an initial transition with actions",
        machine: (note) =>
          machine({
            context: { n: 0 },
            initial: "idle",
            states: {
              idle: { on: { Go: "busy" } },
              busy: {
                initial: {
                  target: "one",
                  actions: [assign({ n: ({ context }) => context.n + 1 }), () => note("initial")],
                },
                states: { one: {}, two: {} },
                on: { Again: { target: "busy", reenter: true } },
              },
            },
          }),
        steps: ["Go", "Again"],
        ends: { context: { n: 2 }, notes: ["initial", "initial"] },
      },
    ],
  },
  {
    construct: "Parallel states",
    cases: [
      {
        name: "regions that take the same event",
        machine: () =>
          machine({
            type: "parallel",
            states: {
              bold: { initial: "off", states: { off: { on: { Both: "on", Bold: "on" } }, on: {} } },
              italic: { initial: "off", states: { off: { on: { Both: "on", Italic: "on" } }, on: {} } },
            },
          }),
        steps: ["Bold", "Both"],
        ends: { value: { bold: "on", italic: "on" } },
      },
      {
        name: "regions act in the order of the document",
        machine: (note) =>
          machine({
            type: "parallel",
            states: {
              z: {
                initial: "one",
                entry: () => note("enter z"),
                states: { one: { on: { Go: { target: "two", actions: () => note("z") } } }, two: {} },
              },
              a: {
                initial: "one",
                entry: () => note("enter a"),
                states: { one: { on: { Go: { target: "two", actions: () => note("a") } } }, two: {} },
              },
            },
          }),
        steps: ["Go"],
        ends: { notes: ["enter z", "enter a", "z", "a"] },
      },
      {
        name: "a region inside a compound state, left by its parent",
        machine: (note) =>
          machine({
            initial: "work",
            states: {
              work: {
                type: "parallel",
                on: { Stop: "rest" },
                states: {
                  left: { initial: "x", exit: () => note("left"), states: { x: { exit: () => note("x") } } },
                  right: { exit: () => note("right") },
                },
              },
              rest: { on: { Go: "work" } },
            },
          }),
        steps: ["Stop", "Go"],
        ends: { value: { work: { left: "x", right: {} } }, notes: ["right", "x", "left"] },
      },
      {
        name: "of transitions that exclude each other, the first in the document wins",
        machine: () =>
          machine({
            initial: "p",
            states: {
              p: {
                type: "parallel",
                states: {
                  a: { initial: "a1", states: { a1: { on: { E: "a2" } }, a2: {} } },
                  b: { initial: "b1", states: { b1: { on: { E: "#out" } } } },
                },
              },
              out: { id: "out" },
            },
          }),
        steps: ["E"],
        ends: { value: { p: { a: "a2", b: "b1" } } },
      },
      {
        name: "regions that talk by raise",
        machine: () =>
          machine({
            type: "parallel",
            states: {
              a: {
                initial: "x",
                states: { x: { on: { Go: { target: "y", actions: raise({ type: "Ping" }) } } }, y: {} },
              },
              b: { initial: "x", states: { x: { on: { Ping: "y" } }, y: {} } },
            },
          }),
        steps: ["Go"],
        ends: { value: { a: "y", b: "y" } },
      },
    ],
  },
  {
    construct: "Final states, `onDone` of states",
    cases: [
      {
        name: "a final state at the root ends the machine",
        machine: () =>
          machine({
            initial: "a",
            states: { a: { on: { End: "z" } }, z: { type: "final" } },
            on: { Late: ".a" },
          }),
        steps: ["End", "Late"],
        ends: { value: "z", status: "done" },
      },
      {
        name: "onDone of a compound state",
        machine: () =>
          machine({
            initial: "steps",
            states: {
              steps: {
                initial: "one",
                states: {
                  one: { on: { Next: "two" } },
                  two: { on: { Next: "end" } },
                  end: { type: "final" },
                },
                onDone: "after",
              },
              after: {},
            },
          }),
        steps: ["Next", "Next"],
        ends: { value: "after", status: "active" },
      },
      {
        name: "onDone of a parallel state waits for all regions",
        machine: () => {
          const region = (event: string) => ({
            initial: "open",
            states: { open: { on: { [event]: "closed" } }, closed: { type: "final" } },
          })
          return machine({
            initial: "both",
            states: {
              both: { type: "parallel", states: { a: region("A"), b: region("B") }, onDone: "done" },
              done: { type: "final" },
            },
          })
        },
        steps: ["B", "A"],
        ends: { value: "done", status: "done" },
      },
      {
        name: "a parallel root is done when all its regions are",
        machine: () => {
          const region = (event: string) => ({
            initial: "open",
            states: { open: { on: { [event]: "closed" } }, closed: { type: "final" } },
          })
          return machine({ type: "parallel", states: { a: region("A"), b: region("B") }, output: "both" })
        },
        steps: ["A", "B"],
        ends: { status: "done", output: "both" },
      },
      {
        name: "onDone inside onDone, in one event",
        machine: () =>
          machine({
            initial: "outer",
            states: {
              outer: {
                initial: "inner",
                states: {
                  inner: {
                    initial: "x",
                    states: { x: { on: { E: "f" } }, f: { type: "final" } },
                    onDone: "f",
                  },
                  f: { type: "final" },
                },
                onDone: "end",
              },
              end: { type: "final" },
            },
          }),
        steps: ["E"],
        ends: { status: "done", value: "end" },
      },
    ],
  },
  {
    construct: "`output` of final states and machines",
    cases: [
      {
        name: "output of the machine from its context and the final state",
        machine: () =>
          machine({
            context: { sum: 0 },
            initial: "open",
            states: {
              open: {
                on: {
                  Add: { actions: assign({ sum: ({ context, event }) => context.sum + event.n }) },
                  Close: "end",
                },
              },
              end: { type: "final", output: ({ context }) => context.sum * 2 },
            },
            output: ({ context, event }) => ({ sum: context.sum, twice: event.output }),
          }),
        steps: [{ type: "Add", n: 2 }, { type: "Add", n: 3 }, "Close"],
        ends: { status: "done", output: { sum: 5, twice: 10 } },
      },
      {
        name: "output of an inner final state comes to onDone",
        machine: () =>
          machine({
            context: { got: null },
            initial: "ask",
            states: {
              ask: {
                initial: "open",
                states: {
                  open: { on: { Say: "said" } },
                  said: { type: "final", output: ({ event }) => ({ word: event.word }) },
                },
                onDone: { target: "end", actions: assign({ got: ({ event }) => event.output.word }) },
              },
              end: {},
            },
          }),
        steps: [{ type: "Say", word: "yes" }],
        ends: { value: "end", context: { got: "yes" } },
      },
      {
        name: "output that is a constant",
        machine: () =>
          machine({
            initial: "a",
            states: { a: { on: { End: "z" } }, z: { type: "final" } },
            output: [1, { a: 2 }],
          }),
        steps: ["End"],
        ends: { output: [1, { a: 2 }] },
      },
    ],
  },
  {
    construct: "`tags`, `meta`, `description`, `version`, `id`, `order`",
    cases: [
      {
        name: "tags of nested states come together",
        machine: () =>
          machine({
            initial: "a",
            states: {
              a: { tags: "idle", on: { Go: "b" } },
              b: {
                tags: ["busy", "visible"],
                initial: "c",
                states: { c: { tags: ["deep"], on: { Go: "#root.a" } } },
              },
            },
            id: "root",
          }),
        steps: ["Go"],
        ends: { tags: ["busy", "deep", "visible"] },
      },
      {
        name: "meta and descriptions are there and change nothing",
        machine: () =>
          machine({
            id: "m",
            version: "1.2.3",
            description: "a machine",
            meta: { root: true },
            initial: "a",
            states: {
              a: {
                order: 2,
                meta: { title: "A" },
                description: "a state",
                on: { Go: { target: "b", description: "a transition", meta: { why: "go" } } },
              },
              b: { order: 1, meta: { title: "B" } },
            },
          }),
        steps: ["Go"],
        ends: { value: "b", meta: { m: { root: true }, "m.b": { title: "B" } } },
      },
    ],
  },
]
