/** What the function of a `fromPromise` is given besides its input. */
import type { Construct } from "../ConformanceCase.ts"
import { assign, type Fn, fromPromise, machine } from "../Loose.ts"

/** Keeps what `work` returned, or the message of what it threw. */
const keepingEndOf = (work: object) =>
  machine(
    {
      context: { got: null },
      initial: "a",
      states: {
        a: { on: { Go: "b" } },
        b: {
          invoke: {
            src: "work",
            id: "work",
            input: { n: 1 },
            onDone: { target: "c", actions: assign({ got: ({ event }) => event.output }) },
            onError: { target: "d", actions: assign({ got: ({ event }) => event.error.message }) },
          },
        },
        c: {},
        d: {},
      },
    },
    { actors: { work } },
  )

const askingItself = (run: Fn) => keepingEndOf(fromPromise(run))

const asChild = (run: Fn) =>
  machine(
    {
      context: { got: null },
      initial: "b",
      states: {
        b: {
          invoke: {
            src: "work",
            id: "work",
            onDone: { target: "c", actions: assign({ got: ({ event }) => event.output }) },
          },
        },
        c: { type: "final" },
      },
      output: ({ context }) => context.got,
    },
    { actors: { work: fromPromise(run) } },
  )

export const promiseSelf: ReadonlyArray<Construct> = [
  {
    construct: "`self`, `system` and `emit` of a `fromPromise`",
    cases: [
      {
        name: "its id and its snapshot",
        machine: () =>
          askingItself(async ({ self }) => {
            const { status, input } = self.getSnapshot()
            return [self.id, self.src, status, input, JSON.stringify(self)]
          }),
        steps: ["Go"],
        ends: { value: "c" },
      },
      {
        name: "of a child's promise",
        machine: () => keepingEndOf(asChild(async ({ self }) => self.id)),
        steps: ["Go"],
        ends: { value: "c", context: { got: "work" } },
      },
      {
        name: "what it sends to itself, and what it emits",
        machine: () =>
          askingItself(async ({ self, emit }) => {
            self.send({ type: "Go" })
            emit({ type: "progress", percent: 50 })
            return "through"
          }),
        steps: ["Go", "Go"],
        ends: { value: "c", context: { got: "through" } },
      },
      {
        name: "stopping itself",
        machine: () => askingItself(async ({ self }) => self.stop()),
        steps: ["Go"],
        ends: { value: "d", context: { got: "A non-root actor cannot be stopped directly." } },
      },
      {
        name: "system.get in a promise",
        machine: () => askingItself(async ({ system }) => typeof system.get("clock")),
        steps: ["Go"],
        ends: { value: "c", context: { got: "undefined" } },
        differs: {
          ends: { value: "d" },
          why: "`system.get` in a `fromPromise`, `self.subscribe` and `self.on` fail the call with an error that says what to use: the call may be made by another process than the one that has the machine.",
        },
      },
    ],
  },
]
