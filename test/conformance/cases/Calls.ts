/** Invoked promises: what they are given, how they end, and what becomes of their end. */
import type { Construct } from "../ConformanceCase.ts"
import { assign, fromPromise, machine } from "../Loose.ts"
import { caller } from "./Caller.ts"

const never = fromPromise(() => new Promise(() => undefined))
const echo = fromPromise(async ({ input }) => input)
const keep = assign({ got: ({ event }) => event.output })

export const calls: ReadonlyArray<Construct> = [
  {
    construct: "`invoke` of `fromPromise`: `input`, `onDone`, `onError`",
    cases: [
      {
        name: "input and output",
        machine: () => caller(fromPromise(async ({ input }) => ({ twice: input * 2 }))),
        steps: [
          { type: "Go", n: 2 },
          { type: "Go", n: 5 },
        ],
        ends: { value: "done", context: { got: { twice: 10 } } },
      },
      {
        name: "input that is a value, and none",
        machine: () =>
          machine(
            {
              context: { got: null },
              initial: "a",
              states: {
                a: { on: { Go: "b" } },
                b: { invoke: { src: "echo", input: { fixed: [1] }, onDone: { target: "c", actions: keep } } },
                c: { on: { Go: "d" } },
                d: {
                  invoke: {
                    src: "echo",
                    onDone: { target: "e", guard: ({ event }) => event.output === undefined },
                  },
                },
                e: {},
              },
            },
            { actors: { echo } },
          ),
        steps: ["Go", "Go"],
        ends: { value: "e", context: { got: { fixed: [1] } } },
      },
      {
        name: "logic in place of a name",
        machine: () =>
          machine({
            context: { got: null },
            initial: "a",
            states: {
              a: { on: { Go: "b" } },
              b: {
                invoke: { src: fromPromise(async () => "inline"), onDone: { target: "c", actions: keep } },
              },
              c: {},
            },
          }),
        steps: ["Go"],
        ends: { context: { got: "inline" } },
      },
      {
        name: "onDone with candidates, and one that goes on in the state",
        machine: () =>
          caller(echo, {
            onDone: [
              {
                guard: ({ event }) => event.output > 9,
                target: "done",
                actions: keep,
              },
              { actions: keep },
            ],
          }),
        steps: [{ type: "Go", n: 3 }, "Stop", { type: "Go", n: 12 }],
        ends: { value: "done", context: { got: 12 } },
      },
      {
        name: "chained: each end begins the next",
        machine: () =>
          machine(
            {
              context: { n: 1 },
              initial: "idle",
              states: {
                idle: { on: { Go: "one" } },
                one: {
                  invoke: {
                    src: "inc",
                    input: ({ context }) => context.n,
                    onDone: { target: "two", actions: assign({ n: ({ event }) => event.output }) },
                  },
                },
                two: {
                  invoke: {
                    src: "inc",
                    input: ({ context }) => context.n,
                    onDone: { target: "end", actions: assign({ n: ({ event }) => event.output }) },
                  },
                },
                end: { type: "final" },
              },
              output: ({ context }) => context.n,
            },
            { actors: { inc: fromPromise(async ({ input }) => input + 1) } },
          ),
        steps: ["Go"],
        ends: { status: "done", output: 3 },
      },
      {
        name: "several of one state, and one at the root",
        machine: () =>
          machine(
            {
              context: { heard: [] },
              invoke: {
                src: "echo",
                id: "root",
                input: "root",
                onDone: {
                  actions: assign({ heard: ({ context, event }) => [...context.heard, event.output] }),
                },
              },
              initial: "a",
              states: {
                a: { on: { Go: "b" } },
                b: {
                  invoke: ["x", "y"].map((id) => ({
                    src: "echo",
                    id,
                    input: id,
                    onDone: {
                      actions: assign({ heard: ({ context, event }) => [...context.heard, event.output] }),
                    },
                  })),
                },
              },
            },
            { actors: { echo } },
          ),
        steps: ["Go"],
        ends: { context: { heard: ["root", "x", "y"] } },
      },
      {
        name: "in regions of a parallel state, done when both are",
        machine: () => {
          const region = (id: string) => ({
            initial: "asks",
            states: {
              asks: { invoke: { src: "echo", id, input: id, onDone: "done" } },
              done: { type: "final" },
            },
          })
          return machine(
            {
              initial: "off",
              states: {
                off: { on: { Go: "both" } },
                both: { type: "parallel", states: { a: region("a"), b: region("b") }, onDone: "end" },
                end: {},
              },
            },
            { actors: { echo } },
          )
        },
        steps: ["Go"],
        ends: { value: "end" },
      },
      {
        name: "ends heard by their event names and by wildcards",
        machine: () =>
          machine(
            {
              context: { heard: [] },
              initial: "a",
              on: {
                "xstate.done.actor.*": {
                  actions: assign({ heard: ({ context, event }) => [...context.heard, event.type] }),
                },
              },
              states: {
                a: { on: { Go: "b" } },
                b: { invoke: { src: "echo", id: "one" }, on: { "xstate.done.actor.one": "c" } },
                c: { invoke: { src: "echo", id: "two" } },
              },
            },
            { actors: { echo } },
          ),
        steps: ["Go"],
        ends: { value: "c", context: { heard: ["xstate.done.actor.two"] } },
      },
      {
        name: "outputs that JSON does not have",
        machine: () =>
          machine(
            {
              context: { got: null },
              initial: "a",
              states: {
                a: { on: { Go: "b" } },
                b: { invoke: { src: "work", onDone: { target: "a", actions: keep } } },
              },
            },
            { actors: { work: fromPromise(async () => undefined) } },
          ),
        steps: ["Go"],
        ends: { value: "a" },
      },
    ],
  },
  {
    construct: "Calls and leaving their state",
    cases: [
      {
        name: "a call that was left tells nothing any more",
        machine: () => caller(never),
        steps: [{ type: "Go", n: 1 }, "Stop", { type: "Go", n: 2 }],
        ends: { value: "busy" },
      },
      {
        name: "time that goes before the call ends",
        machine: () => caller(never, {}),
        steps: [{ type: "Go", n: 1 }, 10_000, "Stop"],
        ends: { value: "idle" },
      },
      {
        name: "a timeout beside the call",
        machine: () =>
          machine(
            {
              initial: "a",
              states: {
                a: { on: { Go: "b" } },
                b: { invoke: { src: "never", onDone: "done" }, after: { 500: "late" } },
                done: {},
                late: {},
              },
            },
            { actors: { never } },
          ),
        steps: ["Go", 499, 1],
        ends: { value: "late" },
      },
    ],
  },
]
