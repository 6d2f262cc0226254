/** Timers and messages with a delay: when they are due, and what is too long or none. */
import { describe, expect, it } from "vitest"
import { createMachine, fromPromise, setup } from "xstate"
import { addressOf } from "../../../runtime/address/ActorAddress.ts"
import { unborn } from "../../../runtime/cell/Fold.ts"
import { DELAY_MS_MAX, effectsOf, NotSendable, sentItemOf } from "../../../runtime/cell/Intents.ts"
import { NOTHING_PENDING, type Pending, pendingAfter, rowsOfPending } from "../../../runtime/cell/Pending.ts"
import { decodeSnapshot, encodeSnapshot } from "../../../runtime/cell/Snapshot.ts"
import { type ActorDefinition, defineActor } from "../../../runtime/definition/Actor.ts"
import type { Intent } from "../../../runtime/machine/Intent.ts"
import { START_MS } from "../../fixtures/time/RealDate.ts"

const definition = defineActor({
  type: "patient",
  machine: createMachine({
    initial: "idle",
    states: { idle: { on: { Go: "gone", End: "over" } }, gone: {}, over: { type: "final" } },
  }),
})
const event = { type: "everstate.due" } as const

/** Waits for two calls. */
const waiter = defineActor({
  type: "waiter",
  machine: setup({
    actors: { one: fromPromise(async () => 1), two: fromPromise(async () => 2) },
  }).createMachine({
    invoke: [
      { src: "one", id: "one" },
      { src: "two", id: "two" },
    ],
  }),
}) as unknown as ActorDefinition

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

describe("what an actor waits for already", () => {
  const timer = (g: string) => ({ g, at: START_MS, e: event })
  const before: Pending = {
    timers: new Map([
      ["due", timer("1.0")],
      ["other", timer("1.1")],
    ]),
    calls: new Map([["file", { g: "1.2", src: "file" }]]),
  }
  const outcomeOf = (intents: ReadonlyArray<Intent>, name = "idle") => {
    const { machine } = definition
    const idle = machine.initial("a")
    const state = name === "idle" ? idle : (machine.transition(idle, { type: name }, "a") ?? idle)
    machine.takeIntents()
    const step = { definition, before, after: before, state, version: 7, nowMs: START_MS }
    const { items, pending } = effectsOf(step, intents, [])
    return { items, timers: [...pending.timers].map(([name, { g }]) => [name, g]) }
  }
  /** No state of the machine invokes it. */
  const aborted = { k: "abort", n: "file" }
  const cancelled = (n: string, g: string) => ({ k: "cancel", n, g, at: START_MS })

  it("is waited for no more where it is cancelled, and the rest is", () => {
    expect(outcomeOf([{ _tag: "Cancel", id: "due" }])).toEqual({
      items: [aborted, cancelled("due", "1.0")],
      timers: [["other", "1.1"]],
    })
    expect(outcomeOf([{ _tag: "Cancel", id: "none" }])).toMatchObject({ items: [aborted] })
  })

  it("fires all the same where another timer takes its id, and nothing can cancel it any more", () => {
    expect(outcomeOf([{ _tag: "Timer", id: "due", delayMs: 5, event }])).toEqual({
      items: [
        aborted,
        cancelled("due", "1.0"),
        { k: "timer", n: "due#earlier:1.0", g: "1.0", at: START_MS, e: event },
        { k: "timer", n: "due", g: "7.0", at: START_MS + 5, e: event },
      ],
      timers: [
        ["other", "1.1"],
        ["due#earlier:1.0", "1.0"],
        ["due", "7.0"],
      ],
    })
  })

  it("has the order in which a replay of the commit's items puts it, also where a name is used again", () => {
    const { machine } = waiter
    const state = machine.initial("a")
    machine.takeIntents()
    const call = (id: string): Intent => ({ _tag: "Call", id, src: id, input: undefined })
    const timer = (id: string): Intent => ({ _tag: "Timer", id, delayMs: 5, event })
    const step = { definition: waiter, state, nowMs: START_MS }
    const first = effectsOf(
      { ...step, before: NOTHING_PENDING, after: NOTHING_PENDING, version: 1 },
      [call("one"), call("two"), timer("t1"), timer("t2")],
      [],
    )
    const [before, after] = [first.pending, first.pending]
    const again = [call("one"), { _tag: "Cancel", id: "t1" } as const, timer("t1")]
    const { items, pending } = effectsOf({ ...step, before, after, version: 2 }, again, [])
    expect(rowsOfPending(pending)).toEqual(rowsOfPending(pendingAfter(before, items)))
    expect([...pending.calls.keys()]).toEqual(["two", "one"])
    expect([...pending.timers.keys()]).toEqual(["t2", "t1"])
  })

  it("is over where the machine is done", () => {
    expect(outcomeOf([], "End")).toEqual({
      items: [aborted, cancelled("due", "1.0"), cancelled("other", "1.1")],
      timers: [],
    })
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

describe("a snapshot", () => {
  it("with a timer whose event is no plain JSON is not for nodes that read plain ones only", () => {
    const address = addressOf("patient", "a", 8)
    const rowOf = (pending: Pending) =>
      encodeSnapshot(definition, address, { ...unborn(definition, "a"), pending })
    const timer = { g: "1.0", at: START_MS, e: { type: "T" } }
    const tagged = { ...timer, raw: { type: "T", at: { $: ["Date", 5] } } }
    const pendingOf = (kept: typeof timer): Pending => ({ timers: new Map([["t", kept]]), calls: new Map() })
    expect(rowOf(pendingOf(timer)).codec).toMatch(/^1:/)
    expect(rowOf(pendingOf(tagged)).codec).toMatch(/^2:/)
    expect(decodeSnapshot(definition, address, rowOf(pendingOf(tagged)))).toMatchObject({
      pending: pendingOf(tagged),
    })
  })
})
