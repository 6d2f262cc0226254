/** Children of every kind, and all that an `invoke` and `spawnChild` may say of them. */
import type { Construct } from "../ConformanceCase.ts"
import {
  assign,
  forwardTo,
  fromTransition,
  machine,
  sendParent,
  sendTo,
  spawnChild,
  stop,
  stopChild,
} from "../Loose.ts"

const tally = fromTransition((state, event) => ({ n: state.n + (event.by ?? 1) }), { n: 0 })
const hear = assign({ heard: ({ context, event }) => [...context.heard, event.type] })

/** A child that ends when it is told to, with what it was told. */
const worker = () =>
  machine({
    context: ({ input }) => ({ input }),
    initial: "busy",
    states: { busy: { on: { finish: "end" } }, end: { type: "final" } },
    output: ({ context }) => ({ of: context.input }),
  })

export const childKinds: ReadonlyArray<Construct> = [
  {
    construct: "`input` and `output` of children",
    cases: [
      {
        name: "an invoked machine is given input and tells its output",
        machine: () =>
          machine(
            {
              context: { n: 4, got: null },
              initial: "a",
              states: {
                a: { on: { Go: "b" } },
                b: {
                  invoke: {
                    src: "worker",
                    id: "w",
                    input: ({ context, event }) => ({ n: context.n, by: event.by }),
                    onDone: { target: "c", actions: assign({ got: ({ event }) => event.output }) },
                  },
                  on: { Finish: { actions: sendTo("w", { type: "finish" }) } },
                },
                c: {},
              },
            },
            { actors: { worker: worker() } },
          ),
        steps: [{ type: "Go", by: "x" }, "Finish"],
        ends: { value: "c", context: { got: { of: { n: 4, by: "x" } } } },
      },
      {
        name: "a transition that makes its state of input",
        machine: () =>
          machine(
            {
              context: {},
              entry: spawnChild("sum", { id: "sum", input: { from: 10 } }),
              on: { Add: { actions: sendTo("sum", ({ event }) => event) } },
            },
            {
              actors: {
                sum: fromTransition(
                  (state, event) => ({ total: state.total + event.n }),
                  ({ input }: { input: { from: number } }) => ({ total: input.from }),
                ),
              },
            },
          ),
        steps: [
          { type: "Add", n: 1 },
          { type: "Add", n: 2 },
        ],
        ends: { children: { sum: { context: { total: 13 } } } },
      },
      {
        name: "outputs of spawned children come as events",
        machine: () =>
          machine(
            {
              context: { heard: [] },
              entry: ["x", "y"].map((id) => spawnChild("worker", { id, input: id })),
              on: {
                Finish: { actions: sendTo(({ event }) => event.id, { type: "finish" }) },
                "xstate.done.actor.*": {
                  actions: assign({ heard: ({ context, event }) => [...context.heard, event.output.of] }),
                },
              },
            },
            { actors: { worker: worker() } },
          ),
        steps: [
          { type: "Finish", id: "y" },
          { type: "Finish", id: "x" },
        ],
        ends: { context: { heard: ["y", "x"] } },
      },
    ],
  },
  {
    construct: "`systemId`, `system.get`",
    cases: [
      {
        name: "of an invoked child, asked for by another one",
        machine: () =>
          machine(
            {
              context: {},
              invoke: [
                { src: "tally", id: "t", systemId: "tally" },
                { src: "asker", id: "asker" },
              ],
              on: { Go: { actions: forwardTo("asker") } },
            },
            {
              actors: {
                tally,
                asker: machine({
                  on: { Go: { actions: sendTo(({ system }) => system.get("tally"), { type: "i", by: 3 }) } },
                }),
              },
            },
          ),
        steps: ["Go", "Go"],
        ends: { children: { t: { context: { n: 6 } } } },
      },
    ],
  },
  {
    construct: "`onSnapshot`, `syncSnapshot`",
    cases: [
      {
        name: "of an invoked machine, with a guard on its state",
        machine: () =>
          machine(
            {
              initial: "a",
              states: {
                a: {
                  invoke: {
                    src: "light",
                    id: "light",
                    onSnapshot: { guard: ({ event }) => event.snapshot.value === "red", target: "b" },
                  },
                  on: { Next: { actions: sendTo("light", { type: "next" }) } },
                },
                b: {},
              },
            },
            {
              actors: {
                light: machine({
                  initial: "green",
                  states: { green: { on: { next: "yellow" } }, yellow: { on: { next: "red" } }, red: {} },
                }),
              },
            },
          ),
        steps: ["Next", "Next"],
        ends: { value: "b" },
      },
      {
        name: "of a spawned transition",
        machine: () =>
          machine(
            {
              context: { last: null },
              entry: spawnChild("tally", { id: "t", syncSnapshot: true }),
              on: {
                Inc: { actions: sendTo("t", { type: "inc" }) },
                "xstate.snapshot.t": { actions: assign({ last: ({ event }) => event.snapshot.context.n }) },
              },
            },
            { actors: { tally } },
          ),
        steps: ["Inc", "Inc"],
        ends: { context: { last: 2 } },
      },
    ],
  },
  {
    construct: "`stopChild`, `stop`",
    cases: [
      {
        name: "by id, by a function, and by its old name",
        machine: () =>
          machine(
            {
              context: {},
              on: {
                Start: {
                  actions: [
                    spawnChild("tally", { id: "a" }),
                    spawnChild("tally", { id: "b" }),
                    spawnChild("tally", { id: "c" }),
                  ],
                },
                One: { actions: stopChild("a") },
                That: { actions: stopChild(({ event }) => event.id) },
                Old: { actions: stop("c") },
                Inc: { actions: sendTo("b", { type: "inc" }) },
              },
            },
            { actors: { tally } },
          ),
        steps: ["Start", "Inc", "One", { type: "That", id: "c" }, "Start"],
        ends: { children: { a: {}, b: {}, c: {} } },
      },
      {
        name: "with the timers of the child",
        machine: () =>
          machine(
            {
              context: { heard: [] },
              entry: spawnChild("clock", { id: "clock" }),
              on: { Stop: { actions: stopChild("clock") }, Tick: { actions: hear } },
            },
            {
              actors: {
                clock: machine({
                  initial: "on",
                  states: {
                    on: {
                      after: { 10: { target: "on", reenter: true, actions: sendParent({ type: "Tick" }) } },
                    },
                  },
                }),
              },
            },
          ),
        steps: [10, 10, 5, "Stop", 50],
        ends: { context: { heard: ["Tick", "Tick"] } },
      },
    ],
  },
]
