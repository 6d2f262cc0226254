/** Which timers and outcomes of calls still count: those of the generation that the actor waits for, once. */
import { expect, it } from "vitest"
import { createMachine } from "xstate"
import { addressOf } from "../../../runtime/address/ActorAddress.ts"
import { NOTHING_PENDING, type Pending } from "../../../runtime/cell/Pending.ts"
import { decideSignal, type Signal } from "../../../runtime/cell/Signal.ts"
import { defineActor } from "../../../runtime/definition/Actor.ts"
import { SHARD_COUNT } from "../../fixtures/memory/MemorySystem.ts"
import { START_MS } from "../../fixtures/time/RealDate.ts"

const definition = defineActor({
  type: "patient",
  machine: createMachine({
    initial: "idle",
    states: {
      idle: { on: { "everstate.due": "late", "xstate.done.actor.file": "filed" } },
      late: {},
      filed: {},
    },
  }),
})
const address = addressOf("patient", "a", SHARD_COUNT)
const due = { g: "2.0", at: START_MS, e: { type: "everstate.due" } } as const
const pending: Pending = {
  timers: new Map([["due", due]]),
  calls: new Map([["file", { g: "2.0", src: "file" }]]),
}
const signalled = { _tag: "Signal", fingerprint: "", metadata: undefined, commandId: "m", since: 1 } as const

const decide = (signal: Signal, before = pending) => {
  const state = definition.machine.initial("a")
  return decideSignal(definition, address, { state, version: 2, pending: before }, signal, START_MS + 5)
}
const timer = (generation: string, at = START_MS): Signal => ({
  ...signalled,
  kind: "timer",
  name: "due",
  generation,
  at,
})
const outcome = (generation: string): Signal => ({
  ...signalled,
  kind: "call",
  name: "file",
  generation,
  outcome: { ok: true, output: 1 },
})

it.each([
  ["a timer", timer],
  ["a call", outcome],
] as const)("%s counts in its own generation alone", (_, signal) => {
  expect(decide(signal("2.0"))).toMatchObject({ _tag: "Proposal", version: 3 })
  for (const other of ["1.0", "2.1", "3.0", ""])
    expect(decide(signal(other))).toMatchObject({ _tag: "Nothing" })
  expect(decide(signal("2.0"), NOTHING_PENDING)).toMatchObject({ _tag: "Nothing" })
})

it("what has counted is pending no more", () => {
  expect(decide(timer("2.0"))).toMatchObject({ pending: { timers: new Map() } })
  expect(decide(outcome("2.0"))).toMatchObject({ pending: { timers: pending.timers, calls: new Map() } })
})

it("a timer does not count for a message of an earlier time than its own", () => {
  expect(decide(timer("2.0", due.at - 1))).toMatchObject({ _tag: "Nothing" })
  expect(decide(timer("2.0", due.at))).toMatchObject({ _tag: "Proposal" })
  expect(decide(timer("2.0", due.at + 1))).toMatchObject({ _tag: "Proposal" })
})
