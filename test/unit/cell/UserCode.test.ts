/** What user code may do wrong, and what must still hold for the actor and for everybody else. */
import { Effect, Fiber, Schema } from "effect"
import { TestClock } from "effect/testing"
import { describe, expect, it } from "vitest"
import { assign, setup } from "xstate"
import { accept, defineActor, defineEvent, reject } from "../../../runtime/index.ts"
import { actionsRun, Counter, counterEvents, counterMachine } from "../../fixtures/memory/Counter.ts"
import { eventually, historyOf, startMemory, virtually } from "../../fixtures/memory/MemorySystem.ts"

const add = (by: number) => ({ type: "Add", by }) as const
const nothing = Schema.Struct({})

/** A schema of a vendor whose validation has a bug. */
const brokenSchema = {
  "~standard": {
    version: 1 as const,
    vendor: "broken",
    validate: (): never => {
      throw new TypeError("the schema is broken")
    },
  },
}

/** Decisions as plain JavaScript might make them. */
const nonsense: ReadonlyArray<readonly [string, () => unknown]> = [
  ["undefined", () => undefined],
  ["null", () => null],
  ["a number", () => 7],
  ["a promise", () => Promise.resolve({ type: "Added", by: 1 })],
  ["a list with a hole", () => [undefined]],
  ["a list with null", () => [null]],
  ["an event without a type", () => [{ by: 1 }]],
  ["an unknown event", () => ({ type: "Exploded" })],
  ["an event of a prototype's name", () => ({ type: "toString" })],
  ["an event that its schema refuses", () => ({ type: "Added", by: "one" })],
  ["a number that is not one", () => ({ type: "Added", by: Number.NaN })],
  ["acceptance of nothing known", () => accept(undefined as never, { reply: {} })],
  ["a reply that is not JSON", () => accept({ type: "Added", by: 1 }, { reply: { at: 10n } })],
  ["a rejection without a reason", () => reject(undefined as never)],
  ["an Error", () => new Error("returned, not thrown")],
  [
    "a thrown string",
    () => {
      // biome-ignore lint/style/useThrowOnlyError: plain JavaScript does that
      throw "text"
    },
  ],
  [
    "a thrown undefined",
    () => {
      // biome-ignore lint/style/useThrowOnlyError: plain JavaScript does that
      throw undefined
    },
  ],
]

describe("decide", () => {
  it("FAULT 40: that throws fails its command alone, with no event, and the actor lives on", async () => {
    const { system, journal } = await startMemory()
    const counter = system.get(Counter, "a")
    await counter.ask(add(1))
    await expect(counter.ask({ type: "Throw" })).rejects.toMatchObject({
      _tag: "CommandFailed",
      reason: "DecideThrew",
      kind: "defect",
      detail: "decide is broken",
    })
    expect(await counter.ask(add(2))).toMatchObject({ version: 2, reply: { total: 3 } })
    expect(await historyOf(journal.inner, Counter, "a")).toHaveLength(2)
  })

  it("FAULT 40: that spoils the state and throws leaves the state as the journal has it", async () => {
    const { system } = await startMemory()
    const counter = system.get(Counter, "a")
    await counter.ask(add(5))
    await expect(counter.ask({ type: "Spoil" })).rejects.toMatchObject({ _tag: "CommandFailed" })
    expect((await counter.state()).state.context.total).toBe(5)
  })

  it("FAULT 40: that spoils the state inside a group spoils no read and no snapshot", () =>
    virtually({}, ({ system, journal, snapshots }) =>
      Effect.gen(function* () {
        const counter = system.get(Counter, "a")
        const asked = (text: string) => Effect.forkChild(counter.ask({ type: "Note", text }))
        // Enough for a snapshot, which is then due when the next commit is in flight.
        yield* counter.ask({ type: "Many", count: 50 })
        const release = journal.hold()
        const first = yield* asked("a")
        yield* TestClock.adjust(1)
        expect(journal.heldCount).toBe(1)
        const releaseGroup = journal.hold()
        const noted = yield* asked("bc")
        const read = yield* Effect.forkChild(counter.state())
        const spoilt = yield* Effect.forkChild(Effect.flip(counter.ask({ type: "Spoil" })))
        yield* TestClock.adjust(1)
        release()
        yield* Fiber.join(first)
        yield* TestClock.adjust(1)
        expect(journal.heldCount).toBe(1)
        // The writer of snapshots comes by while the round is in flight.
        yield* TestClock.adjust(1_000)
        releaseGroup()
        expect(yield* Fiber.join(spoilt)).toMatchObject({ _tag: "CommandFailed" })
        yield* Fiber.join(noted)
        expect((yield* Fiber.join(read)).state.context.total).toBe(50)
        yield* TestClock.adjust(1_000)
        expect(snapshots.rows.size).toBe(1)
        for (const { state } of snapshots.rows.values()) expect(state).not.toContain("-1000")
      }),
    ))

  it.each(nonsense)(
    "FAULT 40: that gives %s fails its command, and the actor lives on",
    async (_, decide) => {
      const Nonsense = defineActor({
        type: "nonsense",
        machine: counterMachine,
        events: counterEvents,
        commands: {
          Go: { schema: nothing, decide: decide as never },
          Fine: { schema: nothing, decide: () => ({ type: "Added" as const, by: 1 }) },
        },
      })
      const { system } = await startMemory({ actors: [Nonsense] })
      const actor = system.get(Nonsense, "a")
      const asked = [actor.ask({ type: "Fine" }), actor.ask({ type: "Go" }), actor.ask({ type: "Fine" })]
      const outcomes = await Promise.allSettled(asked)
      expect(outcomes[0]).toMatchObject({ status: "fulfilled", value: { version: 1 } })
      expect(outcomes[1]).toMatchObject({ status: "rejected", reason: { _tag: "CommandFailed" } })
      expect(outcomes[2]).toMatchObject({ status: "fulfilled", value: { version: 2 } })
    },
  )
})

describe("a schema that throws", () => {
  const Broken = defineActor({
    type: "broken",
    machine: counterMachine,
    events: {
      ...counterEvents,
      Noted: defineEvent(brokenSchema as unknown as typeof counterEvents.Noted.schema),
    },
    commands: {
      Note: { schema: nothing, decide: () => ({ type: "Noted" as const, text: "" }) },
      Odd: { schema: brokenSchema, decide: () => ({ type: "Added" as const, by: 1 }) },
      Fine: { schema: nothing, decide: () => ({ type: "Added" as const, by: 1 }) },
    },
  })

  it("of an event fails the command that decided it, and the actor lives on", async () => {
    const { system } = await startMemory({ actors: [Broken] })
    const actor = system.get(Broken, "a")
    await expect(actor.ask({ type: "Note" })).rejects.toMatchObject({ _tag: "CommandFailed" })
    expect(await actor.ask({ type: "Fine" })).toMatchObject({ version: 1 })
  })

  it("of a command refuses the command with a type", async () => {
    const { system } = await startMemory({ actors: [Broken] })
    await expect(system.get(Broken, "a").ask({ type: "Odd" } as never)).rejects.toMatchObject({
      _tag: "InvalidCommand",
    })
  })
})

describe("a machine", () => {
  it("that throws in an assign fails the command, and the actor lives on", async () => {
    const Fragile = defineActor({
      type: "fragile",
      machine: setup({
        types: { context: {} as { n: number }, events: {} as { type: "Up" } | { type: "Down" } },
      }).createMachine({
        context: { n: 0 },
        on: {
          Up: { actions: assign(({ context }) => ({ n: context.n + 1 })) },
          Down: {
            actions: assign(() => {
              throw new Error("no way down")
            }),
          },
        },
      }),
    })
    const { system } = await startMemory({ actors: [Fragile] })
    const actor = system.get(Fragile, "a")
    await actor.ask({ type: "Up" })
    await expect(actor.ask({ type: "Down" })).rejects.toMatchObject({
      _tag: "CommandFailed",
      reason: "MachineThrew",
    })
    expect(await actor.ask({ type: "Up" })).toMatchObject({ version: 2 })
  })

  it("that loops for ever is stopped and fails its command", async () => {
    const Endless = defineActor({
      type: "endless",
      machine: setup({ types: { context: {} as { n: number }, events: {} as { type: "Go" } } }).createMachine(
        {
          context: { n: 0 },
          initial: "still",
          states: {
            still: { on: { Go: "round" } },
            round: { always: { target: "about", actions: assign(({ context }) => ({ n: context.n + 1 })) } },
            about: { always: "round" },
          },
        },
      ),
    })
    const { system } = await startMemory({ actors: [Endless] })
    await expect(system.get(Endless, "a").ask({ type: "Go" })).rejects.toMatchObject({
      _tag: "CommandFailed",
    })
    expect(await system.get(Endless, "a").state()).toMatchObject({ version: 0, state: { value: "still" } })
  })
})

describe("actions", () => {
  it("run once after the commit, and not again on replay or for a repeat", async () => {
    const { system, journal } = await startMemory()
    actionsRun.length = 0
    const release = journal.hold()
    const asked = system.get(Counter, "acts").ask(add(3), { commandId: "c" })
    await eventually(() => journal.heldCount === 1)
    expect(actionsRun).toEqual([])
    release()
    await asked
    expect(actionsRun).toEqual([3])
    await system.get(Counter, "acts").ask(add(3), { commandId: "c" })
    const later = await startMemory({ journal })
    expect((await later.system.get(Counter, "acts").state()).version).toBe(1)
    await later.system.get(Counter, "acts").ask(add(4))
    expect(actionsRun).toEqual([3, 7])
  })

  it("of a rejected or refused command do not run", async () => {
    const { system, journal } = await startMemory()
    const counter = system.get(Counter, "acts")
    await counter.ask({ type: "Close" })
    actionsRun.length = 0
    await counter.ask(add(1)).catch(() => undefined)
    journal.script.append.push("full")
    await system
      .get(Counter, "acts2")
      .ask(add(1))
      .catch(() => undefined)
    expect(actionsRun).toEqual([])
  })

  it("of the initial state run once, after the commit that the actor is born with", async () => {
    const entered: Array<string> = []
    const Greeter = defineActor({
      type: "greeter",
      machine: setup({ types: { events: {} as { type: "Go" } } }).createMachine({
        initial: "idle",
        states: { idle: { entry: () => void entered.push("idle"), on: { Go: "gone" } }, gone: {} },
      }),
    })
    const { system, journal, crash } = await startMemory({ actors: [Greeter] })
    for (let index = 0; index < 10; index++) await system.get(Greeter, `g${index}`).state()
    expect(entered).toEqual([])
    await system.get(Greeter, "g0").ask({ type: "Go" })
    expect(entered).toEqual(["idle"])
    await crash()
    const later = await startMemory({ actors: [Greeter], journal })
    expect((await later.system.get(Greeter, "g0").state()).version).toBe(1)
    expect(entered).toEqual(["idle"])
  })

  it("that throw leave the commit and its answer alone, and are counted", async () => {
    const Clumsy = defineActor({
      type: "clumsy",
      machine: setup({ types: { events: {} as { type: "Go" } } }).createMachine({
        on: {
          Go: {
            actions: () => {
              throw new Error("dropped it")
            },
          },
        },
      }),
    })
    const { system } = await startMemory({ actors: [Clumsy] })
    expect(await system.get(Clumsy, "a").ask({ type: "Go" })).toMatchObject({ version: 1 })
    expect((await system.status()).actionFailedCount).toBe(1)
  })
})

describe("a defect inside the runtime", () => {
  it("is told to whoever waits, and the actor starts over from the journal", async () => {
    const { system, journal } = await startMemory()
    const counter = system.get(Counter, "a")
    await counter.ask(add(1))
    journal.onStep = (step) => (step === "after append" ? Effect.die("a bug") : Effect.void)
    const asked = [counter.ask(add(2), { commandId: "c" }), counter.state()]
    const [stored, read] = await Promise.allSettled(asked)
    expect(stored).toMatchObject({ reason: { _tag: "Unavailable", stored: "Unknown" } })
    journal.onStep = () => Effect.void
    expect(["fulfilled", "rejected"]).toContain(read?.status)
    expect(await counter.ask(add(2), { commandId: "c" })).toMatchObject({ version: 2, duplicate: true })
    expect(await counter.ask(add(3))).toMatchObject({ version: 3, reply: { total: 6 } })
    expect((await system.status()).inFlightCount).toBe(0)
  })
})
