import { Effect, Schema } from "effect"
import { expect, test } from "vitest"
import { setup } from "xstate"
import {
  isTransitionCounts,
  most,
  summed,
  TRANSITIONS_COUNTED_MAX,
  TransitionCounter,
} from "../../../runtime/directory/TransitionCounts.ts"
import { defineActor, defineEvent } from "../../../runtime/index.ts"
import type { MachineState } from "../../../runtime/machine/Machine.ts"
import { ClusterMemory } from "../../fixtures/memory/ClusterMemory.ts"
import { JournalScripted } from "../../fixtures/memory/JournalScripted.ts"
import { startMemory } from "../../fixtures/memory/MemorySystem.ts"

const stateOf = (value: string) => ({ value }) as MachineState
const [a, b] = [stateOf("a"), stateOf("b")]
const T0 = 1_767_225_600_000

const counted = (...atMs: ReadonlyArray<number>) => {
  const counter = new TransitionCounter()
  for (const at of atMs) counter.count("order", a, "Go", b, at)
  return counter
}

test("counts a transition in spans of five seconds", () => {
  const counter = counted(T0, T0 + 4_999, T0 + 5_000, T0 + 59_999)
  const { transitions, sinceMs, spanMs } = counter.read("order", 1, T0 + 59_999)
  expect({ sinceMs, spanMs }).toEqual({ sinceMs: T0, spanMs: 5_000 })
  expect(transitions).toEqual([
    { from: "a", event: "Go", to: "b", count: 4, counts: [2, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1] },
  ])
  expect(counter.read("order", 1, T0 + 60_000).transitions[0]?.count).toBe(2)
  expect(counter.read("order", 1, T0 + 600_000).transitions).toEqual([])
  expect(counter.read("order", 15, T0 + 600_000).transitions[0]?.count).toBe(4)
  expect(counter.read("other", 1, T0).transitions).toEqual([])
})

test("forgets what is older than it keeps, also where nothing happened for long", () => {
  const counter = counted(T0, T0 + 20 * 60_000)
  expect(counter.read("order", 15, T0 + 20 * 60_000).transitions[0]?.count).toBe(1)
  counter.count("order", a, "Go", b, T0) // a clock that was set back
  expect(counter.read("order", 15, T0 + 20 * 60_000).transitions[0]?.count).toBe(1)
})

test("bounds the transitions that it counts apart, and takes new ones once old ones are forgotten", () => {
  const counter = new TransitionCounter()
  for (let index = 0; index < TRANSITIONS_COUNTED_MAX + 3; index++) {
    counter.count("order", a, `Go${index}`, b, T0)
  }
  const full = counter.read("order", 1, T0)
  expect(full.transitions).toHaveLength(TRANSITIONS_COUNTED_MAX)
  expect(full.uncountedCount).toBe(3)
  counter.count("order", a, "Late", b, T0 + 16 * 60_000)
  const late = counter.read("order", 1, T0 + 16 * 60_000)
  expect(late.transitions).toMatchObject([{ event: "Late", count: 1 }])
})

test("sums the counts of nodes whose clocks differ by spans, and tells no more than asked", () => {
  const own = counted(T0, T0 + 55_000).read("order", 1, T0 + 59_000)
  const behind = counted(T0 - 5_000, T0).read("order", 1, T0 + 50_000)
  const sum = summed(1, own, [behind])
  expect(sum.sinceMs).toBe(T0)
  expect(sum.transitions).toMatchObject([{ count: 3, counts: [2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1] }])
  expect(most(sum, 0)).toMatchObject({ transitions: [], uncountedCount: 3 })
  expect(isTransitionCounts(sum)).toBe(true)
  for (const other of [null, {}, { ...sum, transitions: [{}] }, { ...sum, sinceMs: "x" }, "text"]) {
    expect(isTransitionCounts(other)).toBe(false)
  }
})

const lampMachine = setup({ types: {} as { events: { type: "On" | "Off" } } }).createMachine({
  initial: "off",
  states: { off: { on: { On: "on" } }, on: { on: { Off: "off" }, after: { 20: "off" } } },
})

const Lamp = defineActor({ type: "lamp", machine: lampMachine })

test("counts events of commands and timers on all nodes of a cluster", async () => {
  const cluster = await Effect.runPromise(ClusterMemory.make)
  const journal = new JournalScripted()
  const nodes = await Promise.all(
    ["n1", "n2"].map((name) =>
      startMemory({ actors: [Lamp], cluster, journal, node: { name }, directory: false }),
    ),
  )
  const [{ system } = nodes[0] as never, other] = nodes
  for (let index = 0; index < 20; index++) await system.get(Lamp, `l${index}`).ask({ type: "On" })
  await system
    .get(Lamp, "l0")
    .ask({ type: "Off" })
    .catch(() => undefined)
  for (const node of [system, other?.system as typeof system]) {
    const { transitions } = await node.actors.transitions(Lamp, { minutes: 1 })
    expect(transitions).toContainEqual(
      expect.objectContaining({ from: "off", event: "On", to: "on", count: 20 }),
    )
  }
  await expect(system.actors.transitions("lamp", { minutes: 16 })).rejects.toMatchObject({
    _tag: "InvalidListing",
    option: "minutes",
  })
})

test("counts each event of a commit from the state that the event before it led to", async () => {
  const Switch = defineActor({
    type: "switch",
    machine: lampMachine,
    events: { On: defineEvent(Schema.Struct({})), Off: defineEvent(Schema.Struct({})) },
    commands: {
      Blink: { schema: Schema.Struct({}), decide: () => [{ type: "On" }, { type: "Off" }, { type: "On" }] },
    },
  })
  const { system } = await startMemory({ actors: [Switch], directory: false })
  await system.get(Switch, "s").ask({ type: "Blink" })
  const { transitions } = await system.actors.transitions(Switch, { minutes: 1 })
  expect(transitions.map(({ from, event, to, count }) => `${from} ${event} ${to} ${count}`)).toEqual([
    "off On on 2",
    "on Off off 1",
  ])
})
