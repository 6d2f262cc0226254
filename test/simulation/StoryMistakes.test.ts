/** What a story tells its author: mistakes of the story are named, and are no broken promises of the runtime. */
import { Schema } from "effect"
import { describe, expect, it } from "vitest"
import { fromPromise, raise, setup } from "xstate"
import { defineActor, defineEvent, defineProjection, type EventOf } from "../../runtime/index.ts"
import { playStory, simulate, Violation } from "../../runtime/testing.ts"

const no = Schema.Struct({})
const events = { Held: defineEvent(no), Freed: defineEvent(no), Paid: defineEvent(no) }

/** Moves by events of its own and by events of the runtime: a timer, a call, an event that a timer raises. */
const Seat = defineActor({
  type: "seat",
  machine: setup({
    types: { context: {} as object, events: {} as EventOf<typeof events> | { type: "Nudged" } },
    delays: { holdTime: 600_000 },
    actors: { charge: fromPromise(async () => 1) },
  }).createMachine({
    context: {},
    initial: "free",
    states: {
      free: { on: { Held: "held" } },
      held: {
        entry: raise({ type: "Nudged" }, { id: "nudge", delay: 60_000 }),
        after: { holdTime: "free" },
        on: { Freed: "free", Paid: "charging", Nudged: {} },
      },
      charging: { invoke: { src: "charge", onDone: "free", onError: "free" } },
    },
  }),
  events,
  commands: {
    Hold: { schema: no, decide: () => ({ type: "Held" }) },
    Pay: { schema: no, decide: () => ({ type: "Paid" }) },
  },
})

const folded = new Set<string>()
const Taken = defineProjection({
  name: "taken",
  version: 1,
  from: [Seat],
  table: {
    name: "t",
    columns: { id: "text not null", taken: "boolean not null", events: "integer not null" },
    primaryKey: ["id"],
  },
  key: ({ id }) => ({ id }),
  fold: (row, { id, event }) => {
    folded.add(event.type)
    return { id, taken: event.type === "Held", events: ((row?.["events"] as number | undefined) ?? 0) + 1 }
  },
})

const sut = { actors: [Seat], projections: [Taken], calls: { seat: { charge: () => 1 } } }

describe("the checker of read models", () => {
  it("hands events of the runtime to no fold: timers, ends of calls, what a timer raises", async () => {
    folded.clear()
    await playStory(sut, async (sim) => {
      await sim.ask(Seat, "a", { type: "Hold" })
      await sim.ask(Seat, "b", { type: "Hold" })
      await sim.ask(Seat, "b", { type: "Pay" })
      await sim.advance("1 hour")
      expect((await sim.state(Seat, "a")).state.value).toBe("free")
      expect((await sim.state(Seat, "b")).state.value).toBe("free")
      expect(sim.rows(Taken)).toEqual([
        { id: "a", taken: true, events: 1 },
        { id: "b", taken: false, events: 2 },
      ])
    })
    expect([...folded].sort()).toEqual(["Held", "Paid"])
  })

  it("finds a violation in no run of such an actor", async () => {
    const report = await simulate({
      ...sut,
      faults: "none",
      seed: 1,
      runs: 2,
      until: { convergeMs: 3_600_000 },
      workload: function* () {
        yield { actor: Seat, id: "a", command: { type: "Hold" } }
      },
    })
    expect(report).toBeDefined()
  })
})

describe("a story", () => {
  const Stranger = defineActor({
    ...Seat,
    publishes: [],
    machine: setup({}).createMachine({ on: { Held: {} } }),
    type: "stranger",
  } as never)
  const hold = { type: "Hold" } as never

  it.each([
    ["asks", (sim: Parameters<Parameters<typeof playStory>[1]>[0]) => sim.ask(Stranger, "1", hold)],
    ["tells", (sim: Parameters<Parameters<typeof playStory>[1]>[0]) => sim.tell(Stranger, "1", hold)],
    ["reads", (sim: Parameters<Parameters<typeof playStory>[1]>[0]) => sim.state(Stranger, "1")],
    [
      "looks at the history of",
      async (sim: Parameters<Parameters<typeof playStory>[1]>[0]) => sim.history(Stranger, "1"),
    ],
  ])("that %s an actor which is not in `actors` learns that", async (_, verb) => {
    const played = playStory({ actors: [Seat] }, async (sim) => {
      await verb(sim)
    })
    await expect(played).rejects.toMatchObject({ _tag: "UnknownActorType", actorType: "stranger" })
    await expect(played).rejects.toThrow("actors: [...]")
  })

  it("can go on after such a mistake", async () => {
    await playStory({ actors: [Seat] }, async (sim) => {
      await expect(sim.ask(Stranger, "1", hold)).rejects.not.toBeInstanceOf(Violation)
      expect(await sim.ask(Seat, "1", { type: "Hold" })).toMatchObject({ version: 1 })
    })
  })

  it("that forgets to await a verb is told which", async () => {
    const last = playStory({ actors: [Seat] }, async (sim) => {
      void sim.ask(Seat, "1", { type: "Hold" })
    })
    await expect(last).rejects.toThrow(/did not wait for its `ask`/)
    const between = playStory({ actors: [Seat] }, async (sim) => {
      void sim.tell(Seat, "1", { type: "Hold" })
      await sim.advance("1 minute")
    })
    await expect(between).rejects.toThrow(/did not wait for its `tell`/)
  })

  it("may wait for a verb later, and for several at once", async () => {
    await playStory({ actors: [Seat] }, async (sim) => {
      const first = sim.ask(Seat, "1", { type: "Hold" })
      const second = sim.ask(Seat, "2", { type: "Hold" }).then(({ version }) => version)
      await sim.advance("1 second")
      const [{ version }, other] = await Promise.all([first, second])
      expect([version, other]).toEqual([1, 1])
    })
  })
})

describe("simulate", () => {
  it("names an actor of the workload that is not in `actors`", async () => {
    const workload = function* () {
      yield { actor: Seat, id: "a", command: { type: "Hold" } }
    }
    await expect(simulate({ actors: [], workload, seed: 1, runs: 1 })).rejects.toMatchObject({
      _tag: "UnknownActorType",
      actorType: "seat",
    })
  })
})
