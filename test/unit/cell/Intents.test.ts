/** Timers and messages with a delay: when they are due, and what is too long or none. */
import { describe, expect, it } from "vitest"
import { createMachine } from "xstate"
import { DELAY_MS_MAX, effectsOf, NotSendable, sentItemOf } from "../../../runtime/cell/Intents.ts"
import { NOTHING_PENDING } from "../../../runtime/cell/Pending.ts"
import { defineActor } from "../../../runtime/definition/Actor.ts"
import { START_MS } from "../../fixtures/time/RealDate.ts"

const definition = defineActor({
  type: "patient",
  machine: createMachine({ initial: "idle", states: { idle: { on: { Go: "gone" } }, gone: {} } }),
})
const event = { type: "everstate.due" } as const

const timerOf = (delayMs: number) => {
  const state = definition.machine.initial("a")
  const [before, after] = [NOTHING_PENDING, NOTHING_PENDING]
  const step = { definition, before, after, state, version: 7, nowMs: START_MS }
  return effectsOf(step, [{ _tag: "Timer", id: "due", delayMs, event }], []).items
}

describe("a timer", () => {
  it.each([
    [1, 1],
    [999, 999],
    [1_001, 1_001],
    [59_999, 59_999],
    // Never early.
    [0.25, 1],
    [1_000.5, 1_001],
    [DELAY_MS_MAX, DELAY_MS_MAX],
    [DELAY_MS_MAX + 1, DELAY_MS_MAX],
    [Number.POSITIVE_INFINITY, DELAY_MS_MAX],
  ])("of %d ms is due after %d ms", (delayMs, dueMs) => {
    expect(timerOf(delayMs)).toEqual([{ k: "timer", n: "due", g: "7.0", at: START_MS + dueMs, e: event }])
  })

  it.each([0, -1, Number.NEGATIVE_INFINITY])("of %d ms is due at once, by every clock", (delayMs) => {
    expect(timerOf(delayMs)).toMatchObject([{ at: 0 }])
  })

  it("of no number is not sendable", () => {
    expect(() => timerOf(Number.NaN)).toThrow(NotSendable)
  })
})

it.each([
  [0, 0],
  [1_500, 1_500],
  [0.5, 1],
  [DELAY_MS_MAX + 1, DELAY_MS_MAX],
])("a message after %d ms is due after %d ms", (afterMs, dueMs) => {
  const told = { _tag: "Tell", key: "patient/b", command: { type: "Go" }, afterMs } as const
  expect(sentItemOf(definition, told, START_MS)).toMatchObject({ k: "tell", at: START_MS + dueMs })
})
