// biome-ignore-all lint/suspicious/noExplicitAny: the machines are what others write; their types are not the subject
/** The states of a snapshot stand in the order of the chart, live and after every way of coming back. */
import { expect, it } from "vitest"
import { createMachine, setup, spawnChild } from "xstate"
import { Machine, type MachineState } from "../../../runtime/machine/Machine.ts"

const region = (name: string) => ({
  initial: "off",
  states: { off: { on: { [name]: "on" } }, on: { tags: [`${name} is on`] } },
})

const config = {
  initial: "open",
  states: {
    open: {
      type: "parallel",
      states: { left: region("Left"), right: region("Right"), past: { type: "history", history: "deep" } },
      on: { Close: "closed" },
    },
    closed: {},
  },
}

const machines: ReadonlyArray<readonly [string, any]> = [
  ["without children", createMachine(config as any)],
  [
    "with a child",
    setup({ actors: { kid: createMachine({}) } }).createMachine({
      ...config,
      entry: spawnChild("kid"),
    } as any),
  ],
]

it.each(machines)("of a machine %s, so a history state and tags have it, too", (_, chart) => {
  const machine = new Machine("regions", chart)
  const take = (state: MachineState, type: string) => machine.transition(state, { type }, "a") as MachineState
  const back = (state: MachineState) =>
    machine.restore(JSON.parse(JSON.stringify(machine.persist(state))), "a") as MachineState
  const orderOf = (state: MachineState) => [
    state._nodes.map(({ key }: { key: string }) => key),
    [...state.tags],
    JSON.stringify(state.value),
  ]
  const born = machine.initial("a")
  // XState leaves the states in the order in which they were entered: the left region behind the right one.
  const open = take(take(born, "Right"), "Left")
  expect(orderOf(open)[1]).toEqual(["Left is on", "Right is on"])
  expect(orderOf(open)).toEqual(orderOf(back(open)))
  const closed = take(open, "Close")
  const kept = JSON.stringify(machine.persist(closed))
  expect(kept).toContain("historyValue")
  expect(JSON.stringify(machine.persist(take(back(open), "Close")))).toBe(kept)
})
