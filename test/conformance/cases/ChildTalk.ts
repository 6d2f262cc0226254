// biome-ignore-all lint/suspicious/noExplicitAny: the machines are what others write; their types are not the subject
/** What parents, children and siblings say to each other. */
import {
  assign,
  cancel,
  createMachine,
  forwardTo,
  fromPromise,
  raise,
  sendParent,
  sendTo,
  setup,
} from "xstate"
import type { ConformanceCase } from "../ConformanceCase.ts"

export const childTalk: ReadonlyArray<ConformanceCase> = [
  {
    name: "forwardTo a child that answers its parent",
    machine: () => {
      const echo = createMachine({
        on: { Ask: { actions: sendParent(({ event }: any) => ({ type: "Echo", text: `${event.text}!` })) } },
      } as any)
      return setup({ actors: { echo } }).createMachine({
        context: { heard: [] as Array<string> },
        invoke: { src: "echo", id: "echo" },
        on: {
          Ask: { actions: forwardTo("echo") },
          Echo: { actions: assign({ heard: ({ context, event }: any) => [...context.heard, event.text] }) },
        },
      } as any)
    },
    steps: [
      { type: "Ask", text: "a" },
      { type: "Ask", text: "b" },
    ],
    ends: { context: { heard: ["a!", "b!"] } },
  },
  {
    name: "later events for a parent under one id: the end of the child ends the last of them alone",
    machine: () => {
      const child = createMachine({
        on: {
          say: {
            actions: sendParent(({ event }: any) => ({ type: "Said", n: event.n }), {
              delay: 20,
              id: "same",
            }),
          },
          own: { actions: sendParent(({ event }: any) => ({ type: "Said", n: event.n }), { delay: 20 }) },
        },
      } as any)
      return setup({ actors: { child } }).createMachine({
        context: { heard: [] as Array<number> },
        initial: "with",
        states: {
          with: {
            invoke: { src: "child", id: "c" },
            on: {
              Say: { actions: sendTo("c", ({ event }: any) => ({ type: "say", n: event.n })) },
              Own: { actions: sendTo("c", ({ event }: any) => ({ type: "own", n: event.n })) },
              Stop: "without",
            },
          },
          without: {},
        },
        on: {
          Said: { actions: assign({ heard: ({ context, event }: any) => [...context.heard, event.n] }) },
        },
      } as any)
    },
    steps: [{ type: "Say", n: 1 }, { type: "Own", n: 2 }, 5, { type: "Say", n: 3 }, "Stop", 50],
    ends: { context: { heard: [1] } },
  },
  {
    name: "a parent that its child knows by its input",
    machine: () => {
      const child = setup({ types: { input: {} as { parent: any } } }).createMachine({
        context: ({ input }: any) => ({ parent: input.parent }),
        on: { ping: { actions: sendTo(({ context }: any) => context.parent, { type: "Pong" }) } },
      } as any)
      return setup({ actors: { child } }).createMachine({
        context: { pongs: 0 },
        initial: "idle",
        states: {
          idle: { on: { Go: "up" } },
          up: {
            invoke: { src: "child", id: "child", input: ({ self }: any) => ({ parent: self }) },
            on: {
              Ping: { actions: sendTo("child", { type: "ping" }) },
              Pong: { actions: assign({ pongs: ({ context }: any) => context.pongs + 1 }) },
              Stop: "idle",
            },
          },
        },
      } as any)
    },
    steps: [
      { type: "Go" },
      { type: "Ping" },
      { type: "Ping" },
      { type: "Stop" },
      { type: "Go" },
      { type: "Ping" },
    ],
    ends: { context: { pongs: 3 } },
  },
  {
    name: "children of children, with timers and calls of their own, three deep",
    machine: (note) => {
      const leaf = setup({ actors: { work: fromPromise(async () => "worked") } }).createMachine({
        context: {},
        initial: "waiting",
        states: {
          waiting: { after: { 50: "working" } },
          working: {
            entry: () => note("leaf works"),
            invoke: {
              src: "work",
              id: "work",
              onDone: {
                target: "done",
                actions: sendParent(({ event }: any) => ({ type: "Leaf", output: event.output })),
              },
            },
          },
          done: { type: "final" },
        },
      } as any)
      const branch = setup({ actors: { leaf } }).createMachine({
        context: { got: "" },
        invoke: { src: "leaf", id: "leaf", onDone: { actions: sendParent({ type: "LeafDone" }) } },
        on: {
          Leaf: {
            actions: [
              assign({ got: ({ event }: any) => event.output }),
              sendParent(({ event }: any) => event),
            ],
          },
        },
        after: { 100: { actions: sendParent({ type: "Tick" }) } },
      } as any)
      return setup({ actors: { branch } }).createMachine({
        context: { seen: [] as Array<string> },
        initial: "idle",
        on: {
          "*": { actions: assign({ seen: ({ context, event }: any) => [...context.seen, event.type] }) },
        },
        states: {
          idle: { on: { Go: "on" } },
          on: { invoke: { src: "branch", id: "branch" }, on: { Off: "idle" } },
        },
      } as any)
    },
    steps: [
      { type: "Go" },
      { afterMs: 49 },
      { afterMs: 1 },
      { afterMs: 50 },
      { type: "Off" },
      { type: "Go" },
      { afterMs: 60 },
      { type: "Off" },
      { afterMs: 1000 },
    ],
    ends: { context: { seen: ["Leaf", "LeafDone", "Tick", "Leaf", "LeafDone"] } },
  },
  {
    name: "delayed words between parent and child, some taken back",
    machine: () => {
      const child = createMachine({
        context: { heard: [] as Array<string> },
        on: {
          word: { actions: assign({ heard: ({ context, event }: any) => [...context.heard, event.word] }) },
          later: { actions: sendParent({ type: "Late" }, { delay: 100, id: "late" }) },
          never: { actions: cancel("late") },
        },
      } as any)
      return setup({ actors: { child } }).createMachine({
        context: { late: 0 },
        initial: "idle",
        on: { Late: { actions: assign({ late: ({ context }: any) => context.late + 1 }) } },
        states: {
          idle: { on: { Go: "on" } },
          on: {
            invoke: { src: "child", id: "child" },
            on: {
              Say: {
                actions: sendTo("child", ({ event }: any) => ({ type: "word", word: event.word }), {
                  delay: 50,
                } as any),
              },
              Later: { actions: sendTo("child", { type: "later" }) },
              TakeBack: { actions: sendTo("child", { type: "never" }) },
              Off: "idle",
            },
          },
        },
      } as any)
    },
    steps: [
      { type: "Go" },
      { type: "Say", word: "a" },
      { afterMs: 50 },
      { type: "Say", word: "b" },
      { type: "Later" },
      { afterMs: 20 },
      { type: "Off" },
      { type: "Go" },
      { afterMs: 200 },
      { type: "Later" },
      { afterMs: 100 },
      { type: "Later" },
      { afterMs: 50 },
      { type: "TakeBack" },
      { afterMs: 100 },
    ],
    ends: { context: { late: 1 }, children: { child: { context: { heard: [] } } } },
  },
  {
    name: "siblings that talk through the system, and a child that raises",
    machine: () => {
      const left = createMachine({
        context: { got: 0 },
        on: {
          go: {
            actions: [
              sendTo(({ system }: any) => system.get("right"), { type: "hello" }),
              raise({ type: "own" }),
            ],
          },
          own: { actions: assign({ got: ({ context }: any) => context.got + 10 }) },
          back: { actions: assign({ got: ({ context }: any) => context.got + 1 }) },
        },
      } as any)
      const right = createMachine({
        context: { got: 0 },
        on: {
          hello: {
            actions: [
              assign({ got: ({ context }: any) => context.got + 1 }),
              sendTo(({ system }: any) => system.get("left"), { type: "back" }),
            ],
          },
        },
      } as any)
      return setup({ actors: { left, right } }).createMachine({
        initial: "idle",
        states: {
          idle: { on: { Go: "on" } },
          on: {
            invoke: [
              { src: "left", id: "left", systemId: "left" },
              { src: "right", id: "right", systemId: "right" },
            ],
            on: { Talk: { actions: sendTo("left", { type: "go" }) } },
          },
        },
      } as any)
    },
    steps: [{ type: "Go" }, { type: "Talk" }, { type: "Talk" }],
    ends: { children: { left: { context: { got: 22 } }, right: { context: { got: 2 } } } },
  },
]
