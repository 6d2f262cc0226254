/** Values in a context that JSON does not have. */
import type { ConformanceCase, Construct } from "../ConformanceCase.ts"
import { assign, fromPromise, machine, raise, sendParent, sendTo } from "../Loose.ts"

/** Puts the values into a context, at its birth and by an event, and looks at the one that was put there before. */
const holds = (name: string, make: () => unknown, more: object = {}): ConformanceCase => ({
  name,
  machine: () =>
    machine({
      context: () => ({ born: make(), list: [], n: 0 }),
      on: {
        Put: { actions: assign({ list: ({ context }) => [...context.list, { deep: make() }] }) },
        Count: { actions: assign({ n: ({ context }) => context.n + 1 }) },
      },
    }),
  steps: ["Put", "Count", "Put"],
  ends: { context: { n: 1 } },
  ...more,
})

const refusesToHold = (name: string, make: () => unknown, why: string): ConformanceCase => ({
  name,
  machine: () =>
    machine({
      context: { kept: null },
      on: { Put: { actions: assign({ kept: () => ({ list: [make()] }) }) } },
    }),
  steps: ["Put"],
  ends: {},
  refused: { at: "event", says: "context.kept.list[0]", why },
})

/** Calls with the input, and keeps what the call gives back: the same. */
const echo = fromPromise(async ({ input }) => input)

/** Invokes `work` when it is told to, and keeps what comes back. */
const calling = (
  input: (given: { readonly event: { readonly n?: unknown } }) => unknown,
  work: object = echo,
) =>
  machine(
    {
      context: { got: null },
      initial: "a",
      states: {
        a: { on: { Go: "b" } },
        b: {
          invoke: {
            src: "work",
            input,
            onDone: { target: "a", actions: assign({ got: ({ event }) => event.output }) },
          },
        },
      },
    },
    { actors: { work } },
  )

class Money {
  readonly minor = 3
}

const cyclic = () => {
  const value: Record<string, unknown> = {}
  value["self"] = value
  return value
}

export const values: ReadonlyArray<Construct> = [
  {
    construct: "Plain values in a context: objects, lists, text, numbers, booleans, null",
    cases: [
      holds("all of them", () => ({ a: [1, -0.5, "ü\u2028", true, null, { b: {} }], "": 1, "a.b": [[]] })),
      holds("keys that look like ours", () => ({ $: 1, "~": [1], t: "date", v: 3 })),
    ],
  },
  {
    construct: "`undefined`, `NaN`, infinities, `-0`, bigints in a context",
    cases: [
      holds("undefined, in objects and lists", () => ({ u: undefined, list: [undefined, 1] })),
      {
        name: "undefined and a default that is spread over it",
        machine: () =>
          machine({
            context: { a: 1, got: null },
            on: {
              Clear: { actions: assign({ a: undefined }) },
              Look: { actions: assign({ got: ({ context }) => ({ a: 7, ...context }).a }) },
            },
          }),
        steps: ["Clear", "Look"],
        ends: { context: { got: undefined } },
      },
      holds("numbers", () => [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, -0]),
      holds("bigints", () => ({ big: 12_345_678_901_234_567_890n, small: -1n })),
    ],
  },
  {
    construct: "Dates, maps, sets, patterns, bytes, errors in a context",
    cases: [
      holds("dates", () => [new Date(1_700_000_000_000), new Date(Number.NaN)]),
      holds(
        "maps and sets, in each other",
        () =>
          new Map<unknown, unknown>([
            ["a", new Set([1, "1"])],
            [2, new Map([[null, undefined]])],
          ]),
      ),
      holds("patterns", () => /a+b/giu),
      holds("bytes", () => new Uint8Array([0, 127, 255])),
      holds("errors with a cause and fields", () =>
        Object.assign(new TypeError("no", { cause: new Error("why") }), { code: 3 }),
      ),
      {
        name: "a map that is copied and changed",
        machine: () =>
          machine({
            context: { seen: new Map() },
            on: {
              See: {
                actions: assign({
                  seen: ({ context, event }) =>
                    new Map(context.seen).set(event.k, (context.seen.get(event.k) ?? 0) + 1),
                }),
              },
            },
          }),
        steps: [
          { type: "See", k: "a" },
          { type: "See", k: "b" },
          { type: "See", k: "a" },
        ],
        ends: {
          context: {
            seen: {
              map: [
                ["a", 2],
                ["b", 1],
              ],
            },
          },
        },
      },
      {
        name: "a map that is changed in place",
        machine: () =>
          machine({
            context: { seen: new Map() },
            on: { See: { actions: assign({ seen: ({ context, event }) => context.seen.set(event.k, 1) }) } },
          }),
        steps: [
          { type: "See", k: "a" },
          { type: "See", k: "b" },
        ],
        ends: {
          context: {
            seen: {
              map: [
                ["a", 1],
                ["b", 1],
              ],
            },
          },
        },
      },
      {
        name: "an output that is a map",
        machine: () =>
          machine({
            initial: "a",
            states: { a: { on: { End: "z" } }, z: { type: "final" } },
            output: () => new Map([["d", new Date(5)]]),
          }),
        steps: ["End"],
        ends: { status: "done", output: { map: [["d", { date: 5 }]] } },
      },
    ],
  },
  {
    construct: "Other values in a context",
    cases: [
      refusesToHold(
        "an instance of a class",
        () => new Money(),
        "An instance of a class of yours: a snapshot could not give its methods back. Keep plain data, and make the instance where it is used.",
      ),
      refusesToHold(
        "a function",
        () => () => 1,
        "A function in a context. Keep it in `setup`, and a name in the context.",
      ),
      refusesToHold("a symbol", () => Symbol("s"), "A symbol in a context. Use a text."),
      refusesToHold("a promise", () => Promise.resolve(1), "A promise in a context. Use `invoke`."),
      refusesToHold("a circle", cyclic, "A value that contains itself. Keep ids in place of references."),
      refusesToHold(
        "a weak map",
        () => new WeakMap(),
        "A `WeakMap`, `WeakSet` or `WeakRef`: they live in memory only.",
      ),
      {
        name: "an output of a call that is an instance",
        machine: () =>
          calling(
            () => undefined,
            fromPromise(async () => new Money()),
          ),
        steps: ["Go"],
        ends: { value: "a", context: { got: { minor: 3 } } },
        differs: {
          ends: { status: "error", error: { name: "NotStorable" } },
          why: "A call whose output has no stored form fails with `NotStorable`, which `onError` may handle. Return plain data.",
        },
      },
    ],
  },
  {
    construct: "Events, and the input of actors and calls",
    cases: [
      {
        name: "plain JSON in an event and in the input of a call",
        machine: () => calling(({ event }) => event.n),
        steps: [{ type: "Go", n: { list: [1, "a", null] } }],
        ends: { value: "a", context: { got: { list: [1, "a", null] } } },
      },
      {
        name: "a date in an event",
        machine: () =>
          machine({
            context: { at: null },
            on: { At: { actions: assign({ at: ({ event }) => event.at }) } },
          }),
        steps: [{ type: "At", at: new Date(0) }],
        ends: { context: { at: { date: 0 } } },
        refused: {
          at: "event",
          says: "an instance of Date (give its ISO text or its milliseconds)",
          why: "What callers send is plain JSON, unlike a context: no dates, bigints, maps or sets in an event or in the input of an actor. Send a text or a number, and make the date in `assign`.",
        },
      },
      {
        name: "an instance of a class in the input of a call",
        machine: () => calling(() => ({ price: new Money() })),
        steps: ["Go"],
        ends: { value: "a" },
        refused: {
          at: "event",
          says: 'the input of the call "work" cannot be stored at input.price: it is an instance of Money',
          why: "An instance of a class in the input of a call, or in the event of a delayed `raise` or `sendTo`. Give its fields.",
        },
      },
    ],
  },
  {
    construct: "Dates, bigints, maps and sets in the input of a call, and in delayed events",
    cases: [
      {
        name: "the input of a call",
        machine: () =>
          calling(() => ({
            at: new Date(5),
            amount: 5n,
            tags: new Set(["a"]),
            by: new Map([[1, { u: undefined }]]),
          })),
        steps: ["Go", "Go"],
        ends: { value: "a", context: { got: { amount: 5n, at: { date: 5 }, tags: { set: ["a"] } } } },
      },
      {
        name: "the input of a call whose fields look like a stored value",
        machine: () => calling(() => ({ $: ["Date", 5], list: [{ $: 1 }], n: 1n })),
        steps: ["Go"],
        ends: { context: { got: { $: ["Date", 5], n: 1n } } },
      },
      {
        name: "the input of a child's call",
        machine: () =>
          calling(
            () => undefined,
            machine(
              {
                context: { days: null },
                initial: "busy",
                states: {
                  busy: {
                    invoke: {
                      src: "read",
                      input: () => new Map([["due", new Date(86_400_000)]]),
                      onDone: { target: "over", actions: assign({ days: ({ event }) => event.output }) },
                    },
                  },
                  over: { type: "final" },
                },
                output: ({ context }) => context.days,
              },
              {
                actors: {
                  read: fromPromise(async ({ input }) => input.get("due").getTime() / 86_400_000),
                },
              },
            ),
          ),
        steps: ["Go"],
        ends: { value: "a", context: { got: 1 } },
      },
      {
        name: "a delayed raise",
        machine: () =>
          machine({
            context: { got: null },
            on: {
              Go: {
                actions: raise(() => ({ type: "Late", at: new Date(7), of: new Set([1n]) }), { delay: 20 }),
              },
              Late: { actions: assign({ got: ({ event }) => event }) },
            },
          }),
        steps: ["Go", 10, 20, "Go", 20],
        ends: { context: { got: { at: { date: 7 }, of: { set: [1n] } } } },
      },
      {
        name: "a delayed event for a child, and from it",
        machine: () => {
          const child = machine({
            on: {
              Ask: {
                actions: sendParent(
                  ({ event }) => ({ type: "Told", at: event.at, by: new Map([["n", event.n]]) }),
                  {
                    delay: 10,
                  },
                ),
              },
            },
          })
          return machine(
            {
              context: { got: null },
              invoke: { src: "child", id: "child" },
              on: {
                Go: {
                  actions: sendTo("child", () => ({ type: "Ask", at: new Date(9), n: 3n }), { delay: 10 }),
                },
                Told: { actions: assign({ got: ({ event }) => event }) },
              },
            },
            { actors: { child } },
          )
        },
        steps: ["Go", 5, 5, 5, 5],
        ends: { context: { got: { at: { date: 9 }, by: { map: [["n", 3n]] } } } },
      },
    ],
  },
]
