/** Guards. */
import type { Construct } from "../ConformanceCase.ts"
import { and, inc, type Loose, type LooseObject, machine, not, or, stateIn } from "../Loose.ts"

/** A door that opens where the guard holds. */
const door = (guard: Loose, parts: LooseObject = {}) =>
  machine(
    {
      context: { n: 0 },
      initial: "shut",
      states: {
        shut: { on: { Push: { guard: guard, target: "open" }, Inc: { actions: inc } } },
        open: {},
      },
    },
    parts,
  )

export const guards: ReadonlyArray<Construct> = [
  {
    construct: "Guards: functions, names, `{ type, params }`",
    cases: [
      {
        name: "a function of context and event",
        machine: () => door(({ context, event }) => context.n > event.than),
        steps: [{ type: "Push", than: 0 }, "Inc", { type: "Push", than: 0 }],
        ends: { value: "open" },
      },
      {
        name: "a name of setup",
        machine: () =>
          door("isThree", {
            guards: { isThree: ({ context }) => context.n === 3 },
          }),
        steps: ["Push", "Inc", "Inc", "Inc", "Push"],
        ends: { value: "open", context: { n: 3 } },
      },
      {
        name: "params that are given, and that a function makes",
        machine: () =>
          machine(
            {
              context: { n: 0, least: 2 },
              initial: "a",
              states: {
                a: {
                  on: {
                    Inc: { actions: inc },
                    Fixed: { guard: { type: "isAtLeast", params: { n: 3 } }, target: "b" },
                    Own: {
                      guard: { type: "isAtLeast", params: ({ context }) => ({ n: context.least }) },
                      target: "c",
                    },
                  },
                },
                b: {},
                c: {},
              },
            },
            { guards: { isAtLeast: ({ context }, { n }) => context.n >= n } },
          ),
        steps: ["Inc", "Own", "Inc", "Fixed", "Own"],
        ends: { value: "c" },
      },
    ],
  },
  {
    construct: "`and`, `or`, `not`, `stateIn`",
    cases: [
      {
        name: "and",
        machine: () => door(and([({ context }) => context.n > 0, ({ event }) => event.key === true])),
        steps: [{ type: "Push", key: true }, "Inc", "Push", { type: "Push", key: true }],
        ends: { value: "open" },
      },
      {
        name: "or, of a name and a function",
        machine: () =>
          door(or(["never", ({ event }) => event.key === true]), { guards: { never: () => false } }),
        steps: ["Push", { type: "Push", key: true }],
        ends: { value: "open" },
      },
      {
        name: "not, of guards within guards",
        machine: () =>
          door(not(and([or([({ context }) => context.n > 1, () => false]), not("never")])), {
            guards: { never: () => false },
          }),
        steps: ["Inc", "Inc", "Push"],
        ends: { value: "shut" },
      },
      {
        name: "stateIn, of another region",
        machine: () =>
          machine({
            type: "parallel",
            states: {
              lock: {
                initial: "locked",
                states: { locked: { on: { Unlock: "free" } }, free: { id: "free" } },
              },
              door: {
                initial: "shut",
                states: {
                  shut: {
                    on: {
                      Push: { guard: stateIn("#free"), target: "open" },
                      Kick: { guard: stateIn({ lock: "free" }), target: "open" },
                    },
                  },
                  open: { on: { Pull: "shut" } },
                },
              },
            },
          }),
        steps: ["Push", "Unlock", "Push", "Pull", "Kick"],
        ends: { value: { lock: "free", door: "open" } },
      },
    ],
  },
  {
    construct: "Order of guards and assigns",
    cases: [
      {
        name: "a guard sees the context before the actions of its transition",
        machine: () =>
          machine({
            context: { n: 0 },
            initial: "a",
            states: {
              a: { on: { E: [{ guard: ({ context }) => context.n === 1, target: "b" }, { actions: inc }] } },
              b: {},
            },
          }),
        steps: ["E", "E"],
        ends: { value: "b", context: { n: 1 } },
      },
      {
        name: "an always guard sees it after them",
        machine: () =>
          machine({
            context: { n: 0 },
            initial: "a",
            states: {
              a: { on: { E: { target: "b", actions: inc } } },
              b: { always: { guard: ({ context }) => context.n === 1, target: "c" } },
              c: {},
            },
          }),
        steps: ["E"],
        ends: { value: "c" },
      },
      {
        name: "guards of regions see the same context",
        machine: () => {
          const region = {
            initial: "x",
            states: {
              x: {
                on: {
                  E: {
                    guard: ({ context }: { context: { n: number } }) => context.n === 0,
                    target: "y",
                    actions: inc,
                  },
                },
              },
              y: {},
            },
          }
          return machine({ context: { n: 0 }, type: "parallel", states: { a: region, b: region } })
        },
        steps: ["E"],
        ends: { value: { a: "y", b: "y" }, context: { n: 2 } },
      },
    ],
  },
  {
    construct: "Guards that throw",
    cases: [
      {
        name: "fail the event",
        machine: () =>
          machine({
            context: { n: 0 },
            initial: "a",
            states: {
              a: {
                on: {
                  Inc: { actions: inc },
                  E: {
                    guard: () => {
                      throw new Error("no guard")
                    },
                    target: "b",
                  },
                },
              },
              b: {},
            },
          }),
        steps: ["Inc", "E", "Inc"],
        ends: { status: "error", context: { n: 1 } },
        differs: {
          ends: { status: "active", context: { n: 2 }, failed: ["MachineThrew"] },
          why: "A guard that throws fails the event (`CommandFailed`) and changes nothing; in XState it ends the actor in status `error`. A mistake in the code is mended and the actor goes on; it is no part of its history.",
        },
      },
    ],
  },
]
