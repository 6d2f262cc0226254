// biome-ignore-all lint/suspicious/noExplicitAny: the machines are what others write; their types are not the subject
/** Machines and transitions that a state invokes. */
import { assign, createMachine, fromPromise, sendParent, sendTo, setup } from "xstate"
import type { ConformanceCase } from "../ConformanceCase.ts"
import { counter } from "./Counter.ts"

export const invokedChildren: ReadonlyArray<ConformanceCase> = [
  {
    name: "an invoked transition",
    machine: () =>
      setup({ types: { context: {} as { last: number } }, actors: { counter } }).createMachine({
        context: { last: 0 },
        initial: "idle",
        states: {
          idle: { on: { Go: "counting" } },
          counting: {
            invoke: {
              src: "counter",
              id: "counter",
              onSnapshot: {
                actions: assign({ last: ({ event }) => (event.snapshot.context as { count: number }).count }),
              },
            },
            on: {
              Inc: { actions: sendTo("counter", { type: "inc", by: 2 }) },
              Stop: "idle",
            },
          },
        },
      }),
    steps: [
      { type: "Go" },
      { type: "Inc" },
      { type: "Inc" },
      { type: "Stop" },
      { type: "Go" },
      { type: "Inc" },
    ],
    ends: { context: { last: 2 }, children: { counter: { context: { count: 2 } } } },
  },
  {
    name: "an invoked machine with a timer, a call, and a word to its parent",
    machine: (note) => {
      const child = setup({
        types: { context: {} as { found: string }, input: {} as { word: string } },
        actors: { look: fromPromise(async ({ input }: { input: string }) => `${input}!`) },
        actions: { tell: (_, text: string) => note(text) },
      }).createMachine({
        context: ({ input }) => ({ found: input.word }),
        initial: "waiting",
        states: {
          waiting: { after: { 1000: "looking" }, on: { hurry: "looking" } },
          looking: {
            invoke: {
              src: "look",
              id: "look",
              input: ({ context }) => context.found,
              onDone: { target: "found", actions: assign({ found: ({ event }) => event.output }) },
              onError: "waiting",
            },
          },
          found: {
            type: "final",
            entry: [
              { type: "tell", params: "child found" },
              sendParent(({ context }: { context: { found: string } }) => ({
                type: "Word",
                word: context.found,
              })),
            ],
          },
        },
        output: ({ context }) => context.found,
      })
      return setup({
        types: { context: {} as { words: ReadonlyArray<string>; output: string | undefined } },
        actors: { child },
      }).createMachine({
        context: { words: [], output: undefined },
        initial: "idle",
        on: {
          Word: {
            actions: assign({
              words: ({ context, event }) => [...context.words, (event as unknown as { word: string }).word],
            }),
          },
        },
        states: {
          idle: { on: { Go: "asking" } },
          asking: {
            invoke: {
              src: "child",
              id: "child",
              input: { word: "hi" },
              onDone: { target: "done", actions: assign({ output: ({ event }) => event.output as any }) },
              onError: "idle",
            },
            on: { Hurry: { actions: sendTo("child", { type: "hurry" }) }, Leave: "idle" },
          },
          done: { on: { Go: "asking" } },
        },
      })
    },
    steps: [
      { type: "Go" },
      { afterMs: 400 },
      { type: "Leave" },
      { afterMs: 1000 },
      { type: "Go" },
      { afterMs: 999 },
      { afterMs: 1 },
      { type: "Go" },
      { type: "Hurry" },
    ],
    ends: { value: "done", context: { words: ["hi!", "hi!"], output: "hi!" } },
  },
  {
    name: "a child that throws, with onError",
    machine: () => {
      const child = createMachine({
        on: {
          boom: {
            actions: assign(() => {
              throw new Error("boom")
            }),
          },
        },
      } as any)
      return setup({ actors: { child } }).createMachine({
        context: { message: "" },
        initial: "idle",
        states: {
          idle: { on: { Go: "up" } },
          up: {
            invoke: {
              src: "child",
              id: "child",
              onError: {
                target: "failed",
                actions: assign({ message: ({ event }: any) => event.error.message }),
              },
            },
            on: { Boom: { actions: sendTo("child", { type: "boom" }) } },
          },
          failed: { on: { Go: "up" } },
        },
      } as any)
    },
    steps: [{ type: "Go" }, { type: "Boom" }, { type: "Go" }, { type: "Boom" }],
    ends: { value: "failed", context: { message: "boom" } },
  },
  {
    name: "a child's call that fails, handled by the parent",
    machine: () => {
      const child = setup({
        actors: { fail: fromPromise(async () => Promise.reject(new Error("no"))) },
      }).createMachine({
        initial: "a",
        states: { a: { invoke: { src: "fail", id: "fail" } } },
      } as any)
      return setup({ actors: { child } }).createMachine({
        context: { message: "" },
        initial: "idle",
        states: {
          idle: { on: { Go: "up" } },
          up: {
            invoke: {
              src: "child",
              id: "child",
              onError: {
                target: "idle",
                actions: assign({ message: ({ event }: any) => event.error.message }),
              },
            },
          },
        },
      } as any)
    },
    steps: [{ type: "Go" }],
    ends: { value: "idle", context: { message: "no" } },
  },
  {
    name: "a state entered anew with its child and timers",
    machine: () => {
      const child = createMachine({
        context: { n: 0 },
        initial: "a",
        states: { a: { after: { 100: "b" } }, b: {} },
        on: { inc: { actions: assign({ n: ({ context }: any) => context.n + 1 }) } },
      } as any)
      return setup({ actors: { child } }).createMachine({
        initial: "idle",
        states: {
          idle: { on: { Go: "on" } },
          on: {
            invoke: { src: "child", id: "child", systemId: "one" },
            exit: sendTo("child", { type: "inc" }),
            on: {
              Again: { target: "on", reenter: true },
              Inc: { actions: sendTo("child", { type: "inc" }) },
            },
          },
        },
      } as any)
    },
    steps: [
      { type: "Go" },
      { type: "Inc" },
      { afterMs: 60 },
      { type: "Again" },
      { afterMs: 60 },
      { type: "Inc" },
      { afterMs: 40 },
      { type: "Again" },
    ],
    ends: { children: { child: { value: "a", context: { n: 0 } } } },
  },
  {
    name: "a machine that ends with its children at work",
    machine: () => {
      const child = createMachine({
        initial: "a",
        states: { a: { after: { 10: "b" } }, b: { entry: sendParent({ type: "B" }) } },
      } as any)
      return setup({ actors: { child } }).createMachine({
        initial: "idle",
        states: {
          idle: { on: { Go: "on" } },
          on: { invoke: { src: "child", id: "child" }, on: { End: "end" } },
          end: { type: "final" },
        },
        output: { all: "done" },
      } as any)
    },
    steps: [{ type: "Go" }, { type: "End" }, { afterMs: 100 }],
    ends: { status: "done", output: { all: "done" } },
  },
  {
    name: "a child that is done at once",
    machine: () => {
      const child = createMachine({ initial: "a", states: { a: { type: "final" } }, output: 7 } as any)
      return setup({ actors: { child } }).createMachine({
        context: { out: 0 },
        initial: "idle",
        states: {
          idle: { on: { Go: "on" } },
          on: {
            invoke: {
              src: "child",
              id: "child",
              onDone: { target: "end", actions: assign({ out: ({ event }: any) => event.output }) },
            },
          },
          end: {},
        },
      } as any)
    },
    steps: [{ type: "Go" }],
    ends: { value: "end", context: { out: 7 } },
  },
  {
    name: "logic in place of a name in invoke",
    machine: () =>
      createMachine({
        context: { out: undefined as any },
        initial: "idle",
        states: {
          idle: { on: { Go: "on" } },
          on: {
            invoke: [
              {
                src: counter,
                id: "c",
                onSnapshot: { actions: assign({ out: ({ event }: any) => event.snapshot.context.count }) },
              },
              {
                src: createMachine({ initial: "a", states: { a: { after: { 5: "b" } }, b: {} } } as any),
                id: "m",
              },
            ],
            on: { Inc: { actions: sendTo("c", { type: "inc" }) } },
          },
        },
      } as any),
    steps: [{ type: "Go" }, { type: "Inc" }, { afterMs: 5 }, { type: "Inc" }],
    ends: { context: { out: 2 }, children: { m: { value: "b" } } },
  },
  {
    name: "a child that throws, and nobody hears",
    machine: () => {
      const child = createMachine({
        on: {
          boom: {
            actions: assign(() => {
              throw new TypeError("boom")
            }),
          },
        },
      } as any)
      return setup({ actors: { child } }).createMachine({
        invoke: { src: "child", id: "child" },
        on: { Boom: { actions: sendTo("child", { type: "boom" }) } },
      } as any)
    },
    steps: [{ type: "Boom" }],
    ends: { status: "error", error: { name: "TypeError", message: "boom" } },
  },
  {
    name: "a child that is there from birth, with a timer and a call",
    machine: () => {
      const child = setup({ actors: { load: fromPromise(async () => "loaded") } }).createMachine({
        context: { got: "" },
        invoke: {
          src: "load",
          id: "load",
          onDone: { actions: assign({ got: ({ event }: any) => event.output }) },
        },
        initial: "a",
        states: { a: { after: { 100: "b" } }, b: {} },
      } as any)
      return setup({ actors: { child } }).createMachine({
        context: { seen: [] as Array<unknown> },
        invoke: {
          src: "child",
          id: "child",
          onSnapshot: {
            actions: assign({
              seen: ({ context, event }: any) => [
                ...context.seen,
                `${event.snapshot.value} ${event.snapshot.context.got}`,
              ],
            }),
          },
        },
        on: { Go: { actions: assign({ seen: ({ context }: any) => [...context.seen, "Go"] }) } },
      } as any)
    },
    steps: [{ type: "Go" }, { afterMs: 100 }],
    ends: { context: { seen: ["a ", "a loaded", "Go", "b loaded"] } },
  },
  {
    name: "a child's dates, maps and undefined values",
    machine: () => {
      const child = createMachine({
        context: { map: new Map<string, unknown>(), none: undefined, at: new Date(0) },
        on: {
          put: {
            actions: assign(({ context, event }: any) => ({
              map: new Map([...context.map, [event.key, { n: context.map.size }]]),
              at: new Date(context.at.getTime() + 1),
            })),
          },
        },
      } as any)
      return setup({ actors: { child } }).createMachine({
        invoke: { src: "child", id: "child" },
        on: { Put: { actions: sendTo("child", ({ event }: any) => ({ type: "put", key: event.key })) } },
      } as any)
    },
    steps: [
      { type: "Put", key: "a" },
      { type: "Put", key: "b" },
    ],
    ends: { children: { child: { context: { at: { date: 2 } } } } },
  },
]
