/** History states. */
import type { Construct } from "../ConformanceCase.ts"
import { machine } from "../Loose.ts"

/** A player that is paused in a track of a side, and goes on by a history state. */
const player = (history: object) =>
  machine({
    initial: "playing",
    states: {
      playing: {
        initial: "a",
        states: {
          a: { initial: "a1", states: { a1: { on: { Next: "a2" } }, a2: {} }, on: { Turn: "b" } },
          b: { initial: "b1", states: { b1: { on: { Next: "b2" } }, b2: {} } },
          back: { type: "history", ...history },
        },
        on: { Pause: "paused" },
      },
      paused: { on: { Resume: "playing.back", Start: "playing" } },
    },
  })

export const history: ReadonlyArray<Construct> = [
  {
    construct: "Shallow history",
    cases: [
      {
        name: "comes back to the side, at its first track",
        machine: () => player({ history: "shallow" }),
        steps: ["Turn", "Next", "Pause", "Resume"],
        ends: { value: { playing: { b: "b1" } } },
      },
      {
        name: "is what a history state is by default",
        machine: () => player({}),
        steps: ["Next", "Pause", "Resume"],
        ends: { value: { playing: { a: "a1" } } },
      },
      {
        name: "of a parallel state, shallow",
        machine: () => {
          const region = () => ({ initial: "x", states: { x: { on: { E: "y" } }, y: {} } })
          return machine({
            initial: "off",
            states: {
              off: { on: { On: "p.back", Fresh: "p" } },
              p: {
                type: "parallel",
                states: { a: region(), b: region(), back: { type: "history" } },
                on: { Off: "off" },
              },
            },
          })
        },
        steps: ["Fresh", "E", "Off", "On"],
        ends: { value: { p: { a: "x", b: "x" } } },
      },
    ],
  },
  {
    construct: "Deep history",
    cases: [
      {
        name: "comes back to the very track",
        machine: () => player({ history: "deep" }),
        steps: ["Turn", "Next", "Pause", "Resume"],
        ends: { value: { playing: { b: "b2" } } },
      },
      {
        name: "of a parallel state",
        machine: () => {
          const region = (event: string) => ({ initial: "x", states: { x: { on: { [event]: "y" } }, y: {} } })
          return machine({
            initial: "off",
            states: {
              off: { on: { On: "p.back", Fresh: "p" } },
              p: {
                type: "parallel",
                states: { a: region("A"), b: region("B"), back: { type: "history", history: "deep" } },
                on: { Off: "off" },
              },
            },
          })
        },
        steps: ["Fresh", "B", "Off", "On", "Off", "On", "A", "Off", "On"],
        ends: { value: { p: { a: "y", b: "y" } } },
      },
      {
        name: "of a parallel root, entered anew out of a region: XState leaves the root",
        machine: () => {
          const region = () => ({ initial: "x", states: { x: { on: { Next: "y" } }, y: {} } })
          return machine({
            type: "parallel",
            tags: "root",
            on: { E: { actions: () => undefined } },
            states: {
              a: { ...region(), on: { Again: { target: "#back", reenter: true } } },
              b: region(),
              back: { id: "back", type: "history", history: "deep" },
            },
          })
        },
        steps: ["Again", "E", "Next"],
        ends: { value: { a: "y", b: "y" }, tags: [] },
      },
      {
        name: "forgets nothing when it is used twice",
        machine: () => player({ history: "deep" }),
        steps: ["Next", "Pause", "Resume", "Pause", "Resume", "Pause", "Start", "Pause", "Resume"],
        ends: { value: { playing: { a: "a1" } } },
      },
    ],
  },
  {
    construct: "Default target of a history state",
    cases: [
      {
        name: "is taken where there is no history yet",
        machine: () =>
          machine({
            initial: "off",
            states: {
              off: { on: { On: "on.back" } },
              on: {
                initial: "low",
                states: { low: {}, high: { on: { Down: "low" } }, back: { type: "history", target: "high" } },
                on: { Off: "off" },
              },
            },
          }),
        steps: ["On", "Down", "Off", "On"],
        ends: { value: { on: "low" } },
      },
      {
        name: "without a target, the initial state is",
        machine: () =>
          machine({
            initial: "off",
            states: {
              off: { on: { On: "on.back" } },
              on: {
                initial: "low",
                states: { low: {}, high: {}, back: { type: "history", history: "deep" } },
              },
            },
          }),
        steps: ["On"],
        ends: { value: { on: "low" } },
      },
      {
        name: "history as the initial state of its parent",
        machine: () =>
          machine({
            initial: "on",
            states: {
              off: { on: { On: "on" } },
              on: {
                initial: "back",
                states: {
                  one: { on: { Next: "two" } },
                  two: {},
                  back: { type: "history", target: "one" },
                },
                on: { Off: "off" },
              },
            },
          }),
        steps: ["Next", "Off", "On"],
        ends: { value: { on: "two" } },
      },
    ],
  },
]
