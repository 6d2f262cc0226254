/** Timers: `after`, and events that are raised later. */
import type { Construct } from "../ConformanceCase.ts"
import { assign, cancel, hear, inc, machine, raise } from "../Loose.ts"

/** Each Go delays an event under the same id. */
const delayedBySameId = () =>
  machine({
    context: { heard: [] },
    on: {
      Go: { actions: raise(({ event }) => ({ type: "R", n: event.n }), { delay: 20, id: "same" }) },
      Stop: { actions: cancel("same") },
      R: { actions: assign({ heard: ({ context, event }) => [...context.heard, event.n] }) },
    },
  })

export const timers: ReadonlyArray<Construct> = [
  {
    construct: "`after`: by number, by name, by a function",
    cases: [
      {
        name: "a number",
        machine: () =>
          machine({
            initial: "a",
            states: { a: { after: { 1000: "b" } }, b: { after: { 500: { target: "a" } } } },
          }),
        steps: [999, 1, 499, 1, 2_600],
        ends: { value: "b" },
      },
      {
        name: "a name that is a number, and one that is a function",
        machine: () =>
          machine(
            {
              context: { n: 3 },
              initial: "a",
              states: { a: { after: { short: "b" } }, b: { after: { own: "c" } }, c: {} },
            },
            { delays: { short: 10, own: ({ context }) => context.n * 100 } },
          ),
        steps: [10, 299, 1],
        ends: { value: "c" },
      },
      {
        name: "a delay of the event that led there",
        machine: () =>
          machine(
            {
              initial: "a",
              states: { a: { on: { Wait: "b" } }, b: { after: { asked: "c" } }, c: { on: { Wait: "b" } } },
            },
            { delays: { asked: ({ event }) => event.ms } },
          ),
        steps: [{ type: "Wait", ms: 70 }, 69, 1, { type: "Wait", ms: 5 }, 5],
        ends: { value: "c" },
      },
      {
        name: "several, of which the first leads away",
        machine: () =>
          machine({
            context: { n: 0 },
            initial: "a",
            states: { a: { after: { 100: { actions: inc }, 200: "b", 300: { actions: inc } } }, b: {} },
          }),
        steps: [150, 500],
        ends: { value: "b", context: { n: 1 } },
      },
      {
        name: "candidates with guards",
        machine: () =>
          machine({
            context: { n: 0 },
            initial: "a",
            states: {
              a: {
                on: { Inc: { actions: inc } },
                after: {
                  100: [{ guard: ({ context }) => context.n > 1, target: "many" }, { target: "few" }],
                },
              },
              many: { after: { 1: { target: "a", guard: () => false } } },
              few: { on: { Again: "a" } },
            },
          }),
        steps: [100, "Inc", "Again", "Inc", "Inc", 100, 5],
        ends: { value: "many" },
      },
      {
        name: "no time at all",
        machine: () =>
          machine(
            { initial: "a", states: { a: { after: { 0: "b" } }, b: { after: { none: "c" } }, c: {} } },
            { delays: { none: () => 0 } },
          ),
        steps: [0],
        ends: { value: "c" },
      },
    ],
  },
  {
    construct: "Timers and leaving their state",
    cases: [
      {
        name: "end with it",
        machine: () =>
          machine({
            initial: "a",
            states: { a: { after: { 100: "late" }, on: { Go: "b" } }, b: { on: { Go: "a" } }, late: {} },
          }),
        steps: [60, "Go", 60, "Go", 60],
        ends: { value: "a" },
      },
      {
        name: "begin anew when it is reentered, and go on when it is not",
        machine: () =>
          machine({
            context: { n: 0 },
            initial: "a",
            states: {
              a: {
                after: { 100: "late" },
                on: { Stay: { actions: inc }, Re: { target: "a", reenter: true } },
              },
              late: {},
            },
          }),
        steps: [60, "Stay", 30, "Re", 60, "Stay", 30],
        ends: { value: "a", context: { n: 2 } },
      },
      {
        name: "of a parent go on while its children change",
        machine: () =>
          machine({
            initial: "p",
            states: {
              p: {
                after: { 100: "late" },
                initial: "x",
                states: { x: { after: { 40: "y" } }, y: { after: { 40: "z" } }, z: {} },
              },
              late: {},
            },
          }),
        steps: [40, 40, 20],
        ends: { value: "late" },
      },
      {
        name: "of regions run side by side",
        machine: () => {
          const region = (ms: number) => ({ initial: "x", states: { x: { after: { [ms]: "y" } }, y: {} } })
          return machine({ type: "parallel", states: { a: region(30), b: region(20), c: region(30) } })
        },
        steps: [25, 5],
        ends: { value: { a: "y", b: "y", c: "y" } },
      },
      {
        name: "that are due at the same time fire in the order in which they were set",
        machine: () =>
          machine({
            context: { heard: [] },
            type: "parallel",
            states: {
              a: { after: { 10: { actions: hear("a") } } },
              b: { after: { 10: { actions: hear("b") } } },
            },
            on: { Go: { actions: hear("go") } },
          }),
        steps: ["Go", 10],
        ends: { context: { heard: ["go", "a", "b"] } },
      },
      {
        name: "of a machine that has ended do nothing",
        machine: () =>
          machine({
            context: { n: 0 },
            after: { 100: { actions: inc } },
            initial: "a",
            states: { a: { on: { End: "z" } }, z: { type: "final" } },
          }),
        steps: ["End", 200],
        ends: { status: "done", context: { n: 0 } },
      },
    ],
  },
  {
    construct: "`raise` with a delay, `cancel`",
    cases: [
      {
        name: "a delay by number, by name and by a function",
        machine: () =>
          machine(
            {
              context: { heard: [], ms: 30 },
              on: {
                Go: {
                  actions: [
                    raise({ type: "A" }, { delay: 20 }),
                    raise({ type: "B" }, { delay: "short" }),
                    raise(({ event }) => ({ type: "C", n: event.n }), {
                      delay: ({ context }) => context.ms,
                    }),
                  ],
                },
                A: { actions: hear("a") },
                B: { actions: hear("b") },
                C: { actions: assign({ heard: ({ context, event }) => [...context.heard, event.n] }) },
              },
            },
            { delays: { short: 10 } },
          ),
        steps: [{ type: "Go", n: 7 }, 10, 10, 10],
        ends: { context: { heard: ["b", "a", 7] } },
      },
      {
        name: "goes on when the state is left",
        machine: () =>
          machine({
            initial: "a",
            states: {
              a: { entry: raise({ type: "Late" }, { delay: 50 }), on: { Go: "b" } },
              b: { on: { Late: "c" } },
              c: {},
            },
          }),
        steps: ["Go", 50],
        ends: { value: "c" },
      },
      {
        name: "cancel by id, and by a function",
        machine: () =>
          machine({
            context: { heard: [] },
            on: {
              Go: {
                actions: [
                  raise({ type: "A" }, { delay: 20, id: "a" }),
                  raise({ type: "B" }, { delay: 20, id: "b" }),
                ],
              },
              Stop: { actions: cancel("a") },
              StopThat: { actions: cancel(({ event }) => event.id) },
              A: { actions: hear("a") },
              B: { actions: hear("b") },
            },
          }),
        steps: ["Go", "Stop", 30, "Go", { type: "StopThat", id: "b" }, 30, "Stop"],
        ends: { context: { heard: ["b", "a"] } },
      },
      {
        name: "two of one id: both fire, and cancel ends the later one",
        machine: delayedBySameId,
        steps: [{ type: "Go", n: 1 }, 10, { type: "Go", n: 2 }, 5, { type: "Go", n: 3 }, "Stop", 100],
        ends: { context: { heard: [1, 2] } },
      },
      {
        name: "two of one id: once the earlier one has fired, nothing cancels the later one",
        machine: delayedBySameId,
        steps: [
          { type: "Go", n: 1 },
          10,
          { type: "Go", n: 2 },
          10,
          "Stop",
          { type: "Go", n: 3 },
          10,
          "Stop",
          50,
        ],
        ends: { context: { heard: [1, 2, 3] } },
      },
      {
        name: "two of one id, the earlier for an event that nothing takes, and due at the same time as others",
        machine: () =>
          machine({
            context: { heard: [] },
            on: {
              Go: { actions: raise(({ event }) => ({ type: event.what }), { delay: 20, id: "same" }) },
              Other: { actions: raise({ type: "O" }, { delay: 10 }) },
              Stop: { actions: cancel("same") },
              R: { actions: hear("r") },
              O: { actions: hear("o") },
            },
          }),
        steps: [
          { type: "Go", what: "Unknown" },
          { type: "Go", what: "R" },
          10,
          "Other",
          { type: "Go", what: "Unknown" },
          10,
          { type: "Go", what: "R" },
          10,
          "Stop",
          50,
        ],
        ends: { context: { heard: ["r", "o", "r"] } },
      },
      {
        name: "a raise with a delay in always and in exit",
        machine: () =>
          machine({
            context: { heard: [] },
            initial: "a",
            on: { A: { actions: hear("a") }, B: { actions: hear("b") } },
            states: {
              a: { on: { Go: "b" } },
              b: {
                always: { target: "c", actions: raise({ type: "A" }, { delay: 5 }) },
                exit: raise({ type: "B" }, { delay: 1 }),
              },
              c: {},
            },
          }),
        steps: ["Go", 5],
        ends: { context: { heard: ["b", "a"] } },
      },
    ],
  },
]
