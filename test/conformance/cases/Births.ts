/** Births: the initial state, and all that it may do. */
import type { Construct } from "../ConformanceCase.ts"
import { assign, emit, enqueueActions, fromPromise, hear, machine, raise, sendTo } from "../Loose.ts"

const heard: ReadonlyArray<string> = []

export const births: ReadonlyArray<Construct> = [
  {
    construct: "`context`: a value, or a function",
    cases: [
      {
        name: "a function that is given the id",
        machine: () =>
          machine({
            context: ({ input }) => ({ id: input.id, list: [] }),
            on: { Go: { actions: assign({ list: [1] }) } },
          }),
        steps: ["Go"],
        ends: { context: { id: "a-1", list: [1] } },
      },
      {
        name: "no context at all",
        machine: () => machine({ initial: "a", states: { a: { on: { Go: "b" } }, b: {} } }),
        steps: ["Go"],
        ends: { context: {} },
      },
      {
        name: "a function that looks at a clock and draws on chance",
        machine: () =>
          machine({
            context: () => ({
              since: Math.min(Date.now(), 5),
              drawn: Math.floor(Math.random()),
              u: undefined,
            }),
            on: { Go: { actions: assign({ drawn: ({ context }) => context.drawn + 1 }) } },
          }),
        steps: ["Go"],
        ends: { context: { since: 5, drawn: 1 } },
      },
    ],
  },
  {
    construct: "`input` of a machine",
    cases: [
      {
        name: "is in the context, with defaults for what is not given",
        machine: () =>
          machine({
            context: ({ input }) => ({ id: input.id, seats: input.seats, plan: input.plan ?? "basic" }),
            on: { Add: { actions: assign({ seats: ({ context }) => context.seats + 1 }) } },
          }),
        input: { seats: 2 },
        steps: ["Add", "Add"],
        ends: { context: { id: "a-1", seats: 4, plan: "basic" } },
      },
      {
        name: "that the machine cannot begin without",
        machine: () =>
          machine({
            context: ({ input }) => ({ name: input.person.name }),
            on: { Rename: { actions: assign({ name: ({ event }) => event.name }) } },
          }),
        input: { person: { name: "Ann" } },
        steps: [{ type: "Rename", name: "Bo" }],
        ends: { context: { name: "Bo" } },
      },
      {
        name: "leads a call of the initial state, and the output",
        machine: () =>
          machine(
            {
              context: ({ input }) => ({ order: input.order, total: null }),
              initial: "pricing",
              states: {
                pricing: {
                  invoke: {
                    src: "price",
                    input: ({ context }) => context.order,
                    onDone: { target: "priced", actions: assign({ total: ({ event }) => event.output }) },
                  },
                },
                priced: { type: "final" },
              },
              output: ({ context }) => ({ total: context.total }),
            },
            { actors: { price: fromPromise(async ({ input }) => input.lines.length * 10) } },
          ),
        input: { order: { lines: ["tea", "cup"] } },
        steps: ["E"],
        ends: { status: "done", output: { total: 20 } },
      },
      {
        name: "chooses the first state, sets its timer and goes to its children",
        machine: () =>
          machine(
            {
              context: ({ input, spawn }) => ({
                ...input,
                child: spawn("child", { id: "child", input: input.name }),
              }),
              initial: "choosing",
              states: {
                choosing: {
                  always: [
                    { guard: ({ context }) => context.isUrgent, target: "urgent" },
                    { target: "calm" },
                  ],
                },
                urgent: { after: { patience: "late" } },
                calm: {},
                late: {},
              },
            },
            {
              delays: { patience: ({ context }) => context.patienceMs },
              actors: { child: machine({ context: ({ input }) => ({ name: input }) }) },
            },
          ),
        input: { isUrgent: true, patienceMs: 30, name: "ann" },
        steps: [29, 1],
        ends: { value: "late", children: { child: { context: { name: "ann" } } } },
      },
    ],
  },
  {
    construct: "Entry actions of the initial state",
    cases: [
      {
        name: "assign, raise and functions, from the outside in, once",
        machine: (note) =>
          machine({
            context: { heard },
            entry: [hear("root"), () => note("root")],
            initial: "a",
            on: { R: { actions: hear("raised") }, Go: { actions: hear("go") } },
            states: { a: { entry: [raise({ type: "R" }), hear("a"), () => note("a")] } },
          }),
        steps: ["Go", "Go"],
        ends: { context: { heard: ["root", "a", "raised", "go", "go"] }, notes: ["root", "a"] },
      },
      {
        name: "emit, sendTo itself and enqueueActions",
        machine: () =>
          machine({
            context: { heard },
            entry: [
              emit({ type: "born" }),
              sendTo(({ self }) => self, { type: "Self" }),
              enqueueActions(({ enqueue }) => {
                enqueue.emit({ type: "queued" })
                enqueue.assign({ heard: ["queued"] })
              }),
            ],
            on: { Self: { actions: hear("self") } },
          }),
        steps: ["Go"],
        emits: ["born", "queued"],
        ends: { context: { heard: ["queued", "self"] }, emitted: [{ type: "born" }, { type: "queued" }] },
      },
    ],
  },
  {
    construct: "`after`, delayed `raise` and `invoke` of the initial state",
    cases: [
      {
        name: "a timer",
        machine: () =>
          machine({ initial: "a", states: { a: { after: { 100: "b" }, on: { E: {} } }, b: {} } }),
        steps: ["E", 100],
        ends: { value: "b" },
      },
      {
        name: "a raise with a delay, reached by always",
        machine: () =>
          machine({
            initial: "a",
            states: {
              a: { always: "b" },
              b: { entry: raise({ type: "R" }, { delay: 10 }), on: { R: "c" } },
              c: {},
            },
          }),
        steps: [10],
        ends: { value: "c" },
      },
      {
        name: "a call",
        machine: () =>
          machine(
            {
              context: { got: null },
              initial: "a",
              states: {
                a: {
                  invoke: {
                    src: "load",
                    input: ({ context }) => context,
                    onDone: { target: "b", actions: assign({ got: ({ event }) => event.output }) },
                  },
                },
                b: {},
              },
            },
            { actors: { load: fromPromise(async () => "loaded") } },
          ),
        steps: ["E"],
        ends: { value: "b", context: { got: "loaded" } },
      },
      {
        name: "a call that fails, which nothing handles",
        machine: () =>
          machine(
            { initial: "a", states: { a: { invoke: { src: "load", onDone: "b" } }, b: {} } },
            {
              actors: {
                load: fromPromise(async () => {
                  throw new Error("no")
                }),
              },
            },
          ),
        steps: ["E"],
        ends: { status: "error", error: { message: "no" } },
      },
      {
        name: "timers and calls behind a raise, an onDone and a history default",
        machine: () =>
          machine(
            {
              type: "parallel",
              states: {
                raised: {
                  entry: raise({ type: "R" }),
                  initial: "x",
                  states: { x: { on: { R: "y" } }, y: { after: { 10: "z" } }, z: {} },
                },
                done: {
                  initial: "x",
                  states: {
                    x: { initial: "f", states: { f: { type: "final" } }, onDone: "y" },
                    y: { invoke: { src: "work", onDone: "z" } },
                    z: {},
                  },
                },
                history: {
                  initial: "h",
                  states: { h: { type: "history", target: "y" }, x: {}, y: { after: { 20: "z" } }, z: {} },
                },
              },
            },
            { actors: { work: fromPromise(async () => 1) } },
          ),
        steps: [10, 10],
        ends: { value: { raised: "z", done: "z", history: "z" } },
      },
    ],
  },
  {
    construct: "`always` of the initial state, and machines that end at once",
    cases: [
      {
        name: "a guard that is false at birth and true later",
        machine: () =>
          machine({
            context: { n: 0 },
            initial: "a",
            states: {
              a: {
                always: { guard: ({ context }) => context.n > 0, target: "b" },
                on: { Inc: { actions: assign({ n: 1 }) } },
              },
              b: {},
            },
          }),
        steps: ["Inc"],
        ends: { value: "b" },
      },
      {
        name: "a machine that is done when it is born",
        machine: () => machine({ initial: "z", states: { z: { type: "final" } }, output: "at once" }),
        steps: ["E"],
        ends: { status: "done", output: "at once" },
      },
      {
        name: "done at birth by always and raise",
        machine: () =>
          machine({
            context: { heard },
            initial: "a",
            states: {
              a: { always: { target: "b", actions: hear("always") } },
              b: { entry: raise({ type: "R" }), on: { R: "z" } },
              z: { type: "final" },
            },
          }),
        steps: ["E"],
        ends: { status: "done", context: { heard: ["always"] } },
      },
    ],
  },
]
