// biome-ignore-all lint/suspicious/noExplicitAny: the machines are what others write; their types are not the subject
/** Ways in which a machine is made: `setup` and what it gives, `createMachine` alone, `provide`. */
import { createMachine, setup } from "xstate"
import type { Construct } from "../ConformanceCase.ts"
import { fn, fromPromise } from "../Loose.ts"

export const setups: ReadonlyArray<Construct> = [
  {
    construct:
      "`setup`: `types`, `schemas`, `extend`, `createStateConfig`, `createAction`, its own action makers",
    cases: [
      {
        name: "typed actions of a setup",
        machine: (note) => {
          const typed = setup({
            types: {} as {
              context: { n: number }
              events: { type: "Go" } | { type: "Late" }
              emitted: { type: "e" }
            },
            schemas: { anything: true },
            actions: { told: () => note("told") },
            delays: { soon: 5 },
          })
          return typed.createMachine({
            context: { n: 0 },
            on: {
              Go: {
                actions: [
                  typed.assign({ n: ({ context }) => context.n + 1 }),
                  typed.raise({ type: "Late" }, { delay: "soon", id: "l" }),
                  typed.emit({ type: "e" }),
                  typed.log("gone"),
                  typed.enqueueActions(({ enqueue }) => enqueue("told")),
                  typed.cancel("other"),
                ],
              },
              Late: { actions: typed.createAction(({ context }) => note(`late ${context.n}`)) },
            },
          })
        },
        steps: ["Go", 5],
        emits: ["e"],
        ends: { context: { n: 1 }, notes: ["told", "late 1"], emitted: [{ type: "e" }] },
      },
      {
        name: "state configs of their own, and an extended setup",
        machine: (note) => {
          const base = setup({
            types: {} as { context: { n: number } },
            guards: { isOdd: ({ context }) => context.n % 2 === 1 },
          })
          const more = base.extend({
            actions: { tell: () => note("told") },
            guards: { isEven: ({ context }) => context.n % 2 === 0 },
          })
          const open = more.createStateConfig({
            on: { Odd: { guard: "isOdd", target: "shut" }, Even: { guard: "isEven", target: "shut" } },
          })
          const shut = more.createStateConfig({ entry: "tell" })
          return more.createMachine({ context: { n: 0 }, initial: "open", states: { open, shut } })
        },
        steps: ["Odd", "Even"],
        ends: { value: "shut", notes: ["told"] },
      },
    ],
  },
  {
    construct: "`createMachine` without `setup`, `provide`",
    cases: [
      {
        name: "implementations as the second argument",
        machine: (note) =>
          createMachine(
            {
              initial: "a",
              states: {
                a: { on: { Go: { guard: "may", target: "b", actions: "tell" } } },
                b: { after: { soon: "c" } },
                c: {},
              },
            },
            { actions: { tell: () => note("told") }, guards: { may: () => true }, delays: { soon: 5 } },
          ),
        steps: ["Go", 5],
        ends: { value: "c", notes: ["told"] },
      },
      {
        name: "implementations that are given later",
        machine: (note) =>
          (
            setup({
              actions: { tell: () => undefined },
              guards: { may: () => false },
              actors: { work: fromPromise(async () => "default") as any },
              delays: { soon: 1_000 },
            }) as any
          )
            .createMachine({
              context: { got: null },
              initial: "a",
              states: {
                a: { on: { Go: { guard: "may", target: "b", actions: "tell" } } },
                b: {
                  invoke: {
                    src: "work",
                    onDone: { target: "c", actions: fn(({ event }) => note(event.output)) },
                  },
                },
                c: { after: { soon: "d" } },
                d: {},
              },
            })
            .provide({
              actions: { tell: () => note("told") },
              guards: { may: () => true },
              actors: { work: fromPromise(async () => "provided") },
              delays: { soon: 5 },
            }),
        steps: ["Go", 5],
        ends: { value: "d", notes: ["told", "provided"] },
      },
      {
        name: "actions that nobody has provided",
        machine: () =>
          createMachine({
            initial: "a",
            states: { a: { on: { Go: { target: "b", actions: ["nobody", { type: "nothing" }] } } }, b: {} },
          }),
        steps: ["Go"],
        ends: { value: "b" },
      },
    ],
  },
]
