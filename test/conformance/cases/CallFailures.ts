/** Invoked promises that fail: what is told of it, and where it leads. */
import type { Construct } from "../ConformanceCase.ts"
import { assign, fromPromise, machine } from "../Loose.ts"
import { caller } from "./Caller.ts"

const fail = (error: unknown) =>
  fromPromise(async () => {
    throw error
  })

class OutOfStock extends Error {
  override readonly name = "OutOfStock"
  readonly code = "E_STOCK"
  readonly left = 2
}

export const callFailures: ReadonlyArray<Construct> = [
  {
    construct: "`event.error` of a call that fails",
    cases: [
      {
        name: "an error with name, code and fields of its own",
        machine: () => caller(fail(new OutOfStock("none left", { cause: new TypeError("deep") }))),
        steps: [{ type: "Go", n: 1 }],
        ends: { value: "failed", context: { error: { name: "OutOfStock", message: "none left" } } },
      },
      {
        name: "plain objects, texts, numbers and nothing",
        machine: () =>
          caller(
            fromPromise(async ({ input }) => {
              throw [{ code: 4, list: [1] }, "text", 0, null, undefined][input]
            }),
            {
              onError: {
                actions: assign({ error: ({ context, event }) => [...(context.error ?? []), event.error] }),
              },
            },
          ),
        steps: [0, 1, 2, 3, 4].flatMap((n) => [{ type: "Go", n }, "Stop"]),
        ends: { context: { error: [{ code: 4, list: [1] }, "text", 0, null, undefined] } },
      },
      {
        name: "a guard on the code takes its branch",
        machine: () =>
          caller(fail(new OutOfStock("none")), {
            onError: [
              {
                guard: ({ event }) =>
                  event.error instanceof Error && (event.error as OutOfStock).code === "E_STOCK",
                target: "failed",
              },
              { target: "done" },
            ],
          }),
        steps: [{ type: "Go", n: 1 }],
        ends: { value: "failed" },
      },
      {
        name: "a promise function that throws at once",
        machine: () =>
          caller(
            fromPromise(() => {
              throw new RangeError("at once")
            }),
          ),
        steps: [{ type: "Go", n: 1 }],
        ends: { value: "failed", context: { error: { name: "RangeError" } } },
      },
      {
        name: "onError that goes back to try again, and onError that makes another call",
        machine: () =>
          machine(
            {
              context: { tries: 0 },
              initial: "idle",
              states: {
                idle: { on: { Go: "trying" } },
                trying: {
                  entry: assign({ tries: ({ context }) => context.tries + 1 }),
                  invoke: {
                    src: "work",
                    input: ({ context }) => context.tries,
                    onDone: "done",
                    onError: [
                      { guard: ({ context }) => context.tries < 3, target: "waiting" },
                      { target: "given up" },
                    ],
                  },
                },
                waiting: { after: { 1000: "trying" } },
                done: { type: "final" },
                "given up": {},
              },
            },
            {
              actors: {
                work: fromPromise(async ({ input }) => {
                  if (input < 3) throw new Error(`try ${input}`)
                }),
              },
            },
          ),
        steps: ["Go", 1000, 1000],
        ends: { status: "done", context: { tries: 3 } },
      },
    ],
  },
  {
    construct: "Failures that nothing handles",
    cases: [
      {
        name: "end the machine in status error, with the error",
        machine: () => caller(fail(new OutOfStock("none")), { onError: undefined }),
        steps: [{ type: "Go", n: 1 }, "Stop"],
        ends: { status: "error", value: "busy", error: { name: "OutOfStock" } },
      },
      {
        name: "in a state with tags, which stay",
        machine: () =>
          machine(
            {
              initial: "a",
              states: { a: { tags: "busy", invoke: { src: "work", onDone: "b" }, on: { E: {} } }, b: {} },
            },
            { actors: { work: fail(new Error("no")) } },
          ),
        steps: ["E"],
        ends: { status: "error", tags: ["busy"] },
      },
      {
        name: "of a plain value",
        machine: () => caller(fail({ code: 7 }), { onError: undefined }),
        steps: [{ type: "Go", n: 1 }],
        ends: { status: "error", error: { code: 7 } },
      },
      {
        name: "are handled by an ancestor's or a wildcard's transition",
        machine: () =>
          machine(
            {
              context: { heard: [] },
              initial: "a",
              on: {
                "xstate.error.actor.*": {
                  target: ".c",
                  actions: assign({ heard: ({ event }) => [event.error.message] }),
                },
              },
              states: { a: { on: { Go: "b" } }, b: { invoke: { src: "work", id: "w" } }, c: {} },
            },
            { actors: { work: fail(new Error("no")) } },
          ),
        steps: ["Go"],
        ends: { value: "c", context: { heard: ["no"] } },
      },
      {
        name: "an onError whose guard says no",
        machine: () => caller(fail(new Error("no")), { onError: { guard: () => false, target: "failed" } }),
        steps: [{ type: "Go", n: 1 }],
        ends: { status: "error" },
      },
    ],
  },
]
