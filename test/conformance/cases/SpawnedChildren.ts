// biome-ignore-all lint/suspicious/noExplicitAny: the machines are what others write; their types are not the subject
/** Children that a machine spawns, in every way that XState has. */
import {
  assign,
  createMachine,
  enqueueActions,
  fromPromise,
  sendTo,
  setup,
  spawnChild,
  stopChild,
} from "xstate"
import type { ConformanceCase } from "../ConformanceCase.ts"
import { counter } from "./Counter.ts"

export const spawnedChildren: ReadonlyArray<ConformanceCase> = [
  {
    name: "spawned in assign, kept in the context, sent to and stopped",
    machine: () =>
      setup({ actors: { counter } }).createMachine({
        context: { refs: [] as Array<any> },
        on: {
          Add: {
            actions: assign({
              refs: ({ context, spawn, event }: any) => [...context.refs, spawn("counter", { id: event.id })],
            }),
          },
          Inc: { actions: sendTo(({ context, event }: any) => context.refs[event.at], { type: "inc" }) },
          Drop: {
            actions: [
              stopChild(({ context, event }: any) => context.refs[event.at]),
              assign({
                refs: ({ context, event }: any) =>
                  context.refs.filter((_: any, at: number) => at !== event.at),
              }),
            ],
          },
        },
      } as any),
    steps: [
      { type: "Add", id: "a" },
      { type: "Add", id: "b" },
      { type: "Inc", at: 1 },
      { type: "Inc", at: 1 },
      { type: "Drop", at: 0 },
      { type: "Inc", at: 0 },
      { type: "Add", id: "a" },
    ],
    ends: {
      context: { refs: [{ ref: "b" }, { ref: "a" }] },
      children: { b: { context: { count: 3 } }, a: { context: { count: 0 } } },
    },
  },
  {
    name: "a stopped child that the context still refers to",
    machine: () =>
      setup({ actors: { counter } }).createMachine({
        context: { ref: undefined as any, seen: [] as Array<unknown> },
        on: {
          Add: { actions: assign({ ref: ({ spawn }: any) => spawn("counter", { id: "c" }) }) },
          Inc: { actions: sendTo(({ context }: any) => context.ref, { type: "inc" }) },
          Stop: { actions: stopChild("c") },
          Look: {
            actions: assign({
              seen: ({ context }: any) => [...context.seen, context.ref.getSnapshot().context.count],
            }),
          },
        },
      } as any),
    steps: [
      { type: "Add" },
      { type: "Inc" },
      { type: "Stop" },
      { type: "Inc" },
      { type: "Look" },
      { type: "Look" },
    ],
    ends: { context: { seen: [1, 1] }, children: {} },
  },
  {
    name: "references in maps, sets and lists of a context",
    machine: () =>
      setup({ actors: { counter } }).createMachine({
        context: { list: [] as Array<any>, byName: { inner: {} as any } },
        on: {
          Add: {
            actions: assign(({ context, spawn, event }: any) => {
              const ref = spawn("counter", { id: event.id })
              return {
                list: [...context.list, { ref }],
                byName: { inner: { ...context.byName.inner, [event.id]: ref } },
              }
            }),
          },
          Inc: {
            actions: sendTo(({ context, event }: any) => context.byName.inner[event.id], { type: "inc" }),
          },
          Look: {
            actions: assign({
              list: ({ context }: any) =>
                context.list.filter(({ ref }: any) => ref.getSnapshot().context.count > 0),
            }),
          },
        },
      } as any),
    steps: [
      { type: "Add", id: "x" },
      { type: "Add", id: "y" },
      { type: "Inc", id: "y" },
      { type: "Look" },
      { type: "Inc", id: "y" },
    ],
    ends: { context: { list: [{ ref: { ref: "y" } }] }, children: { y: { context: { count: 2 } } } },
  },
  {
    name: "spawned in enqueueActions, with a system id that others ask for",
    machine: () =>
      setup({ actors: { counter } }).createMachine({
        context: { asked: [] as Array<unknown> },
        on: {
          Add: {
            actions: enqueueActions(({ enqueue }: any) => {
              enqueue.spawnChild("counter", { id: "c", systemId: "the-counter" })
              enqueue.sendTo(({ system }: any) => system.get("the-counter"), { type: "inc" })
            }),
          },
          Inc: {
            actions: sendTo(({ system }: any) => system.get("the-counter"), { type: "inc", by: 5 } as any),
          },
          Stop: { actions: stopChild("c") },
          Look: {
            actions: assign({
              asked: ({ context, system }: any) => [
                ...context.asked,
                system.get("the-counter")?.getSnapshot().context.count ?? "nobody",
              ],
            }),
          },
        },
      } as any),
    steps: [
      { type: "Look" },
      { type: "Add" },
      { type: "Look" },
      { type: "Inc" },
      { type: "Look" },
      { type: "Stop" },
      { type: "Look" },
      { type: "Add" },
      { type: "Look" },
    ],
    ends: { context: { asked: ["nobody", 1, 6, "nobody", 1] } },
  },
  {
    name: "spawned in the context factory, and by an entry action",
    machine: () =>
      setup({ actors: { counter } }).createMachine({
        context: ({ spawn }: any) => ({ ref: spawn("counter", { id: "born" }) }),
        entry: spawnChild("counter", { id: "entered" } as any) as any,
        on: {
          Inc: {
            actions: [
              sendTo(({ context }: any) => context.ref, { type: "inc" }),
              sendTo("entered", { type: "inc", by: 3 } as any) as any,
            ],
          },
        },
      } as any),
    steps: [{ type: "Inc" }, { type: "Inc" }],
    ends: { children: { born: { context: { count: 2 } }, entered: { context: { count: 6 } } } },
  },
  {
    name: "what an action sends to a child",
    machine: (note) => {
      const child = createMachine({
        context: { n: 0 },
        on: {
          inc: { actions: assign({ n: ({ context }: any) => context.n + 1 }) },
          act: { actions: [({ self }: any) => self.send({ type: "inc" }), () => note("child acts")] },
        },
      } as any)
      return setup({ actors: { child } }).createMachine({
        context: { ref: undefined as any },
        on: {
          Go: { actions: assign({ ref: ({ spawn }: any) => spawn("child", { id: "child" }) }) },
          Inc: { actions: ({ context }: any) => context.ref.send({ type: "inc" }) },
          Act: { actions: sendTo("child", { type: "act" }) },
        },
      } as any)
    },
    steps: [{ type: "Go" }, { type: "Inc" }, { type: "Act" }, { type: "Inc" }],
    ends: { notes: ["child acts"], children: { child: { context: { n: 3 } } } },
  },
  {
    name: "a spawned call, and one that is stopped before it ends",
    machine: () => {
      const never = fromPromise(() => new Promise(() => undefined))
      const quick = fromPromise(async ({ input }: any) => `got ${input}`)
      return setup({ actors: { never, quick } }).createMachine({
        context: { out: [] as Array<unknown> },
        on: {
          Quick: { actions: spawnChild("quick", { id: "q", input: ({ event }: any) => event.n } as any) },
          Never: { actions: spawnChild("never", { id: "n" } as any) },
          Stop: { actions: stopChild("n") },
          "xstate.done.actor.q": {
            actions: assign({ out: ({ context, event }: any) => [...context.out, event.output] }),
          },
        },
      } as any)
    },
    steps: [
      { type: "Quick", n: 1 },
      { type: "Never" },
      { type: "Quick", n: 2 },
      { type: "Stop" },
      { type: "Never" },
    ],
    ends: { context: { out: ["got 1", "got 2"] } },
  },
  {
    name: "the machine of a name as logic, and two children of one id",
    machine: () =>
      setup({ actors: { counter } }).createMachine({
        context: { refs: [] as Array<any> },
        on: {
          Add: {
            actions: assign({
              refs: ({ context, spawn }: any) => [...context.refs, spawn(counter, { id: "same" })],
            }),
          },
          Inc: { actions: sendTo(({ context, event }: any) => context.refs[event.at], { type: "inc" }) },
          Look: {
            actions: assign({
              seen: ({ context }: any) => context.refs.map((ref: any) => ref.getSnapshot().context.count),
            } as any),
          },
        },
      } as any),
    steps: [
      { type: "Add" },
      { type: "Add" },
      { type: "Inc", at: 0 },
      { type: "Inc", at: 1 },
      { type: "Inc", at: 0 },
      { type: "Look" },
    ],
    ends: { context: { seen: [2, 1] } },
  },
]
