/** Transitions: how they are chosen, and where they lead. */
import type { Construct } from "../ConformanceCase.ts"
import { assign, inc, machine, raise } from "../Loose.ts"

export const transitions: ReadonlyArray<Construct> = [
  {
    construct: "`on`: a target, an object, or a list of candidates",
    cases: [
      {
        name: "the first candidate whose guard holds",
        machine: () =>
          machine({
            initial: "ask",
            states: {
              ask: {
                on: {
                  Grade: [
                    { guard: ({ event }) => event.of > 80, target: "good" },
                    { guard: ({ event }) => event.of > 40, target: "fair" },
                    { target: "poor" },
                  ],
                },
              },
              good: {},
              fair: {},
              poor: { on: { Again: { target: "ask" } } },
            },
          }),
        steps: [{ type: "Grade", of: 1 }, "Again", { type: "Grade", of: 50 }],
        ends: { value: "fair" },
      },
      {
        name: "the state goes before its ancestors, which take what it does not",
        machine: () =>
          machine({
            initial: "a",
            on: { E: ".z", F: ".z" },
            states: { a: { initial: "b", states: { b: { on: { E: "c" } }, c: {} } }, z: {} },
          }),
        steps: ["E", "F"],
        ends: { value: "z" },
      },
      {
        name: "a child whose guard says no leaves it to its parent",
        machine: () =>
          machine({
            initial: "a",
            states: {
              a: {
                on: { E: "parent" },
                initial: "b",
                states: { b: { on: { E: { target: "#child", guard: ({ event }) => event.ok === true } } } },
              },
              parent: {},
              child: { id: "child" },
            },
          }),
        steps: [{ type: "E", ok: false }],
        ends: { value: "parent" },
      },
      {
        name: "root transitions",
        machine: () =>
          machine({
            context: { n: 0 },
            initial: "a",
            on: { Reset: { target: ".a", actions: inc }, Count: { actions: inc } },
            states: { a: { on: { Go: "b" } }, b: {} },
          }),
        steps: ["Go", "Count", "Reset", "Go"],
        ends: { value: "b", context: { n: 2 } },
      },
    ],
  },
  {
    construct: "Forbidden and empty transitions",
    cases: [
      {
        name: "an empty transition keeps the event from ancestors",
        machine: () =>
          machine({
            initial: "a",
            on: { E: ".z" },
            states: { a: { on: { E: {} } }, z: {} },
          }),
        steps: ["E"],
        ends: { value: "a" },
      },
      {
        name: "undefined does not count as one",
        machine: () =>
          machine({ initial: "a", on: { E: ".z" }, states: { a: { on: { E: undefined } }, z: {} } }),
        steps: ["E"],
        ends: { value: "a" },
      },
      {
        name: "an empty list of candidates",
        machine: () => machine({ initial: "a", on: { E: ".z" }, states: { a: { on: { E: [] } }, z: {} } }),
        steps: ["E"],
        ends: { value: "z" },
      },
    ],
  },
  {
    construct: "Self-transitions: targetless, internal, `reenter`",
    cases: [
      {
        name: "actions alone neither leave nor enter",
        machine: (note) =>
          machine({
            context: { n: 0 },
            initial: "a",
            states: { a: { entry: () => note("in"), exit: () => note("out"), on: { E: { actions: inc } } } },
          }),
        steps: ["E", "E"],
        ends: { context: { n: 2 }, notes: ["in"] },
      },
      {
        name: "a target that is the state itself enters its children anew",
        machine: (note) =>
          machine({
            initial: "a",
            states: {
              a: {
                entry: () => note("in a"),
                exit: () => note("out a"),
                initial: "b",
                states: {
                  b: { exit: () => note("out b"), on: { Next: "c" } },
                  c: { exit: () => note("out c") },
                },
                on: { E: "a" },
              },
            },
          }),
        steps: ["Next", "E"],
        ends: { value: { a: "b" }, notes: ["in a", "out b", "out c"] },
      },
      {
        name: "reenter leaves and enters",
        machine: (note) =>
          machine({
            initial: "a",
            states: {
              a: {
                entry: () => note("in"),
                exit: () => note("out"),
                on: { E: { target: "a", reenter: true } },
              },
            },
          }),
        steps: ["E"],
        ends: { notes: ["in", "out", "in"] },
      },
      {
        name: "to a child, internal and with reenter",
        machine: (note) =>
          machine({
            initial: "a",
            states: {
              a: {
                entry: () => note("in"),
                exit: () => note("out"),
                initial: "x",
                states: { x: {}, y: {} },
                on: { In: ".y", Re: { target: ".y", reenter: true } },
              },
            },
          }),
        steps: ["In", "Re"],
        ends: { value: { a: "y" }, notes: ["in", "out", "in"] },
      },
      {
        name: "reenter of the root",
        machine: (note) =>
          machine({
            id: "r",
            entry: () => note("in"),
            exit: () => note("out"),
            initial: "x",
            states: { x: { on: { Go: "y" } }, y: {} },
            on: { Again: { target: ".x", reenter: true } },
          }),
        steps: ["Go", "Again"],
        ends: { value: "x" },
      },
    ],
  },
  {
    construct: "Targets: sibling, `.child`, `#id`, a path, several",
    cases: [
      {
        name: "by id, from far away",
        machine: () =>
          machine({
            initial: "a",
            states: {
              a: { initial: "x", states: { x: { on: { Go: "#deep", Path: "#far.e" } } } },
              far: { id: "far", initial: "d", states: { d: { id: "deep" }, e: {} }, on: { Back: "a" } },
            },
          }),
        steps: ["Go", "Back", "Path"],
        ends: { value: { far: "e" } },
      },
      {
        name: "a path of keys",
        machine: () =>
          machine({
            initial: "a",
            states: {
              a: { on: { Go: "b.c.d" } },
              b: { initial: "x", states: { x: {}, c: { initial: "y", states: { y: {}, d: {} } } } },
            },
          }),
        steps: ["Go"],
        ends: { value: { b: { c: "d" } } },
      },
      {
        name: "several targets in regions",
        machine: () => {
          const region = { initial: "x", states: { x: {}, y: {}, z: {} } }
          return machine({
            initial: "off",
            states: {
              off: { on: { Go: ["p.a.y"], Both: { target: ["p.a.z", "p.b.y"] } } },
              p: { type: "parallel", states: { a: region, b: region }, on: { Off: "off" } },
            },
          })
        },
        steps: ["Both"],
        ends: { value: { p: { a: "z", b: "y" } } },
      },
      {
        name: "a key with dots and blanks",
        machine: () =>
          machine({
            initial: "first step",
            states: { "first step": { on: { Go: "v1\\.0" } }, "v1.0": { on: { Back: "first step" } } },
          }),
        steps: ["Go"],
        ends: { value: "v1.0" },
      },
    ],
  },
  {
    construct: "Wildcards `*` and `a.*`",
    cases: [
      {
        name: "what nothing else takes",
        machine: () =>
          machine({
            context: { n: 0 },
            initial: "a",
            states: { a: { on: { Known: "b", "*": { actions: inc } } }, b: {} },
          }),
        steps: ["X", "Y.z", "Known", "X"],
        ends: { value: "b", context: { n: 2 } },
      },
      {
        name: "partial wildcards, the longest first",
        machine: () =>
          machine({
            context: { heard: [] },
            on: {
              "a.*": { actions: assign({ heard: ({ context }) => [...context.heard, "a.*"] }) },
              "a.b.*": { actions: assign({ heard: ({ context }) => [...context.heard, "a.b.*"] }) },
              "a.b.c": { actions: assign({ heard: ({ context }) => [...context.heard, "a.b.c"] }) },
            },
          }),
        steps: ["a.b.c", "a.b.d", "a.x", "a", "ab"],
        ends: { context: { heard: ["a.b.c", "a.b.*", "a.*", "a.*"] } },
      },
      {
        name: "a wildcard of a child goes before a name of its parent",
        machine: () =>
          machine({
            initial: "a",
            on: { E: ".named" },
            states: { a: { on: { "*": "wild" } }, wild: {}, named: {} },
          }),
        steps: ["E"],
        ends: { value: "wild" },
      },
    ],
  },
  {
    construct: "`always`",
    cases: [
      {
        name: "a chain in one event",
        machine: () =>
          machine({
            initial: "a",
            states: { a: { on: { Go: "b" } }, b: { always: "c" }, c: { always: { target: "d" } }, d: {} },
          }),
        steps: ["Go"],
        ends: { value: "d" },
      },
      {
        name: "guarded by the context, until it holds",
        machine: () =>
          machine({
            context: { n: 0 },
            initial: "counting",
            states: {
              counting: {
                always: { guard: ({ context }) => context.n >= 3, target: "enough" },
                on: { Inc: { actions: inc } },
              },
              enough: { type: "final" },
            },
          }),
        steps: ["Inc", "Inc", "Inc"],
        ends: { value: "enough", status: "done" },
      },
      {
        name: "without a target, as long as its guard holds",
        machine: () =>
          machine({
            context: { n: 0 },
            initial: "a",
            states: {
              a: { on: { Go: "b" } },
              b: { always: { guard: ({ context }) => context.n < 5, actions: inc } },
            },
          }),
        steps: ["Go"],
        ends: { context: { n: 5 } },
      },
      {
        name: "goes before raised events",
        machine: () =>
          machine({
            initial: "a",
            states: {
              a: { on: { Go: { target: "b", actions: raise({ type: "R" }) } } },
              b: { always: "c", on: { R: "wrong" } },
              c: { on: { R: "right" } },
              wrong: {},
              right: {},
            },
          }),
        steps: ["Go"],
        ends: { value: "right" },
      },
      {
        name: "of the root",
        machine: () =>
          machine({
            context: { n: 0 },
            always: { guard: ({ context }) => context.n === 2, target: ".full" },
            initial: "open",
            states: { open: { on: { Inc: { actions: inc } } }, full: {} },
          }),
        steps: ["Inc", "Inc"],
        ends: { value: "full" },
      },
    ],
  },
  {
    construct: "`route` (`xstate.route`)",
    cases: [
      {
        name: "leads to the state with the id, where its guard allows it",
        machine: () =>
          machine({
            id: "app",
            context: { isIn: false },
            initial: "home",
            on: { Login: { actions: assign({ isIn: true }) } },
            states: {
              home: { id: "home", route: {} },
              account: { id: "account", route: { guard: ({ context }) => context.isIn } },
            },
          }),
        steps: [{ type: "xstate.route", to: "#account" }, "Login", { type: "xstate.route", to: "#account" }],
        ends: { value: "account" },
      },
    ],
  },
]
