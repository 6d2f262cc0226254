/** What children do to themselves and to each other, how they fail, and many of them. */
import type { Construct } from "../ConformanceCase.ts"
import {
  assign,
  cancel,
  emit,
  enqueueActions,
  forwardTo,
  fromPromise,
  fromTransition,
  machine,
  raise,
  sendParent,
  sendTo,
  spawnChild,
  stopChild,
} from "../Loose.ts"

const tally = fromTransition((state, event) => ({ n: state.n + (event.by ?? 1) }), { n: 0 })
const hear = assign({ heard: ({ context, event }) => [...context.heard, event.type] })

export const childLives: ReadonlyArray<Construct> = [
  {
    construct: "Children that fail",
    cases: [
      {
        name: "a failure that nobody handles ends the parent",
        machine: () =>
          machine(
            {
              initial: "a",
              states: { a: { on: { Go: "b" } }, b: { invoke: { src: "child", id: "child" } } },
            },
            {
              actors: {
                child: machine(
                  { initial: "x", states: { x: { invoke: { src: "work", onDone: "y" } }, y: {} } },
                  {
                    actors: {
                      work: fromPromise(async () => {
                        throw new Error("deep")
                      }),
                    },
                  },
                ),
              },
            },
          ),
        steps: ["Go"],
        ends: { status: "error", error: { message: "deep" } },
      },
      {
        name: "a throw in a state with tags, which leaves a call of the child under way",
        machine: () =>
          machine(
            {
              context: { heard: [] },
              on: {
                Go: { actions: spawnChild("child", { id: "child" }) },
                Boom: { actions: sendTo("child", { type: "boom" }) },
                "xstate.error.actor.*": {
                  actions: assign({ heard: ({ context, event }) => [...context.heard, event.error.message] }),
                },
              },
            },
            {
              actors: {
                child: machine(
                  {
                    context: {},
                    tags: "busy",
                    invoke: { src: "never" },
                    on: {
                      boom: {
                        actions: assign(() => {
                          throw new Error("boom")
                        }),
                      },
                    },
                  },
                  { actors: { never: fromPromise(() => new Promise(() => undefined)) } },
                ),
              },
            },
          ),
        steps: ["Go", "Boom", "Other", "Go", "Boom", "Go"],
        ends: { status: "active", context: { heard: ["boom", "boom"] } },
      },
      {
        name: "a transition that throws, handled",
        machine: () =>
          machine(
            {
              context: { why: null },
              initial: "a",
              states: {
                a: {
                  invoke: {
                    src: "child",
                    id: "child",
                    onError: { target: "b", actions: assign({ why: ({ event }) => event.error.message }) },
                  },
                  on: { Go: { actions: sendTo("child", { type: "go" }) } },
                },
                b: {},
              },
            },
            {
              actors: {
                child: fromTransition((state, event) => {
                  if (event.type === "go") throw new Error("cannot go")
                  return state
                }, {}),
              },
            },
          ),
        steps: ["Go"],
        ends: { value: "b", context: { why: "cannot go" } },
      },
    ],
  },
  {
    construct: "What children do to themselves",
    cases: [
      {
        name: "history, always, raise and parallel regions of a child",
        machine: () =>
          machine(
            {
              invoke: { src: "child", id: "child" },
              on: { "*": { actions: forwardTo("child") } },
            },
            {
              actors: {
                child: machine({
                  context: { n: 0 },
                  initial: "on",
                  states: {
                    on: {
                      type: "parallel",
                      states: {
                        a: {
                          initial: "x",
                          states: {
                            x: { on: { Next: { target: "y", actions: raise({ type: "Too" }) } } },
                            y: {},
                          },
                        },
                        b: {
                          initial: "x",
                          states: {
                            x: { on: { Too: "y" } },
                            y: { entry: assign({ n: ({ context }) => context.n + 1 }) },
                          },
                        },
                        back: { type: "history", history: "deep" },
                      },
                      on: { Off: "off" },
                    },
                    off: {
                      on: { On: "on.back" },
                      always: { guard: ({ context }) => context.n > 1, target: "end" },
                    },
                    end: { type: "final" },
                  },
                }),
              },
            },
          ),
        steps: ["Next", "Off", "On", "Off", "On"],
        ends: { children: { child: { value: "end", context: { n: 2 } } } },
      },
      {
        name: "delayed words to itself, to its parent and to its sibling, one taken back",
        machine: () =>
          machine(
            {
              context: { heard: [] },
              invoke: [
                { src: "one", id: "one" },
                { src: "tally", id: "tally", systemId: "tally" },
              ],
              on: { Go: { actions: forwardTo("one") }, Heard: { actions: hear } },
            },
            {
              actors: {
                tally,
                one: machine({
                  on: {
                    Go: {
                      actions: [
                        raise({ type: "own" }, { delay: 10, id: "own" }),
                        raise({ type: "gone" }, { delay: 10, id: "gone" }),
                        sendParent({ type: "Heard" }, { delay: 20 }),
                        sendTo(({ system }) => system.get("tally"), { type: "i" }, { delay: 30 }),
                        cancel("gone"),
                      ],
                    },
                    own: { actions: sendTo(({ system }) => system.get("tally"), { type: "i", by: 10 }) },
                    gone: { actions: sendTo(({ system }) => system.get("tally"), { type: "i", by: 100 }) },
                  },
                }),
              },
            },
          ),
        steps: ["Go", 10, 10, 10],
        ends: { context: { heard: ["Heard"] }, children: { tally: { context: { n: 11 } } } },
      },
      {
        name: "actions of a child that is stopped before it starts, and of those that start with their parent",
        machine: (note) =>
          machine(
            {
              context: { ref: null },
              entry: [
                () => note("first"),
                assign({ ref: ({ spawn }) => spawn("child", { id: "spawned", input: "spawned" }) }),
                spawnChild("child", { id: "gone", input: "gone" }),
                stopChild("gone"),
                () => note("last"),
              ],
              initial: "a",
              states: {
                a: { invoke: { src: "child", input: "left" }, always: "b" },
                b: { invoke: { src: "child", input: "invoked" } },
              },
            },
            {
              actors: {
                child: machine({
                  context: ({ input }) => ({ input }),
                  entry: ({ context }) => note(context.input),
                }),
              },
            },
          ),
        steps: ["E"],
        ends: { notes: ["spawned", "invoked", "first", "last"] },
      },
      {
        name: "a timer and a call of a child, whose parent stays in a state with tags",
        machine: () =>
          machine(
            { initial: "on", states: { on: { tags: ["busy"], invoke: { src: "child", id: "child" } } } },
            {
              actors: {
                child: machine(
                  {
                    initial: "waits",
                    states: {
                      waits: { after: { 10: "asks" } },
                      asks: { invoke: { src: "work", onDone: "knows" } },
                      knows: {},
                    },
                  },
                  { actors: { work: fromPromise(async () => 1) } },
                ),
              },
            },
          ),
        steps: [10],
        ends: { tags: ["busy"], children: { child: { value: "knows" } } },
      },
      {
        name: "what a child emits, which nobody hears",
        machine: (note) =>
          machine(
            { invoke: { src: "child", id: "child" }, on: { Go: { actions: forwardTo("child") } } },
            {
              actors: {
                child: machine({ on: { Go: { actions: [emit({ type: "e" }), () => note("child")] } } }),
              },
            },
          ),
        steps: ["Go"],
        ends: { emitted: [], notes: ["child"] },
      },
    ],
  },
  {
    construct: "Many children of one kind",
    cases: [
      {
        name: "a list of todos, each an actor, some removed",
        machine: () =>
          machine(
            {
              context: { todos: [] },
              on: {
                Add: {
                  actions: assign({
                    todos: ({ context, event, spawn }) => [
                      ...context.todos,
                      spawn("todo", { id: `todo-${event.n}`, input: event.text }),
                    ],
                  }),
                },
                Toggle: {
                  actions: sendTo(({ context, event }) => context.todos[event.at], { type: "toggle" }),
                },
                Remove: {
                  actions: enqueueActions(({ enqueue, context, event }) => {
                    enqueue.stopChild(context.todos[event.at])
                    enqueue.assign({ todos: context.todos.toSpliced(event.at, 1) })
                  }),
                },
              },
            },
            {
              actors: {
                todo: machine({
                  context: ({ input }) => ({ text: input }),
                  initial: "open",
                  states: { open: { on: { toggle: "done" } }, done: { on: { toggle: "open" } } },
                }),
              },
            },
          ),
        steps: [
          { type: "Add", n: 1, text: "buy tea" },
          { type: "Add", n: 2, text: "drink it" },
          { type: "Toggle", at: 1 },
          { type: "Remove", at: 0 },
          { type: "Toggle", at: 0 },
        ],
        ends: { children: { "todo-2": { value: "open", context: { text: "drink it" } } } },
      },
    ],
  },
]
