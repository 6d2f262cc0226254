/** What a machine sends to itself: `sendTo` inside its commit, `self.send` of an action as a message of its own. */
import { describe, expect, it } from "vitest"
import { assign, emit, raise, type SnapshotFrom, sendTo, setup } from "xstate"
import { defineActor } from "../../../runtime/index.ts"
import { Machine, SELF_EVENTS_MAX } from "../../../runtime/machine/Machine.ts"
import { MachineFailed } from "../../../runtime/machine/MachineFailed.ts"
import { startMemory } from "../../fixtures/memory/MemorySystem.ts"

type Event = { type: "Go" } | { type: "Sent" } | { type: "Raised" } | { type: "Late" } | { type: "Loop" }

const note = (name: string) =>
  assign<{ seen: ReadonlyArray<string> }, Event, undefined, Event, never>({
    seen: ({ context }) => [...context.seen, name],
  })

const echo = setup({
  types: { context: {} as { seen: ReadonlyArray<string> }, events: {} as Event },
}).createMachine({
  context: { seen: [] },
  on: {
    Go: {
      actions: [
        sendTo(({ self }) => self, { type: "Sent" }),
        raise({ type: "Raised" }),
        note("Go"),
        ({ self }) => self.send({ type: "Late" }),
      ],
    },
    Sent: { actions: note("Sent") },
    Raised: { actions: note("Raised") },
    Late: { actions: note("Late") },
    Loop: { actions: sendTo(({ self }) => self, { type: "Loop" }) },
  },
})

describe("sendTo the machine itself", () => {
  it("is taken after the transition that sent it, raised events included, in the same step", () => {
    const machine = new Machine("echo", echo)
    const state = machine.transition(machine.initial("a"), { type: "Go" }, "a") as SnapshotFrom<typeof echo>
    expect(state.context.seen).toEqual(["Go", "Raised", "Sent"])
  })

  it("with a delay is a timer of that id, which `cancel` ends", () => {
    const later = setup({ types: { events: {} as Event } }).createMachine({
      on: { Go: { actions: sendTo(({ self }) => self, { type: "Late" }, { delay: 500, id: "later" }) } },
    })
    const machine = new Machine("later", later)
    machine.transition(machine.initial("a"), { type: "Go" }, "a")
    expect(machine.takeIntents()).toEqual([
      { _tag: "Timer", id: "later", delayMs: 500, event: { type: "Late" } },
    ])
  })

  it("at birth is taken before the first event", () => {
    const born = setup({ types: { events: {} as Event } }).createMachine({
      entry: sendTo(({ self }) => self, { type: "Go" }),
      initial: "a",
      states: { a: { on: { Go: "b" } }, b: {} },
    })
    expect(new Machine("born", born).initial("a").value).toBe("b")
  })

  it("without end fails the event by name, and leaves nothing behind for the next one", () => {
    const machine = new Machine("echo", echo)
    const state = machine.initial("a")
    expect(() => machine.transition(state, { type: "Loop" }, "a")).toThrow(MachineFailed)
    expect(() => machine.transition(state, { type: "Loop" }, "a")).toThrow(
      `it sent itself more than ${SELF_EVENTS_MAX} events`,
    )
    const next = machine.transition(state, { type: "Raised" }, "a") as SnapshotFrom<typeof echo>
    expect(next.context.seen).toEqual(["Raised"])
  })
})

describe("self.send of an action", () => {
  it("comes to the actor as a message after the commit, and is in its history", async () => {
    const Echo = defineActor({ type: "echo", machine: echo })
    const { system, journal } = await startMemory({ actors: [Echo] })
    await system.get(Echo, "a").ask({ type: "Go" })
    const { state, version } = await system.get(Echo, "a").state()
    expect(state.context.seen).toEqual(["Go", "Raised", "Sent", "Late"])
    expect(version).toBe(2)
    const { system: next } = await startMemory({ actors: [Echo], journal })
    expect((await next.get(Echo, "a").state()).state.context.seen).toEqual(["Go", "Raised", "Sent", "Late"])
  })

  it("gives the action the actor's id and the state that the commit led to", async () => {
    const seen: Array<unknown> = []
    const Named = defineActor({
      type: "named",
      machine: setup({ types: { events: {} as Event } }).createMachine({
        initial: "a",
        states: {
          a: {
            on: {
              Go: {
                target: "b",
                actions: ({ self }) => seen.push([self.id, self.getSnapshot().value]),
              },
            },
          },
          b: {},
        },
      }),
    })
    const { system } = await startMemory({ actors: [Named] })
    await system.get(Named, "n-1").ask({ type: "Go" })
    expect(seen).toEqual([["n-1", "b"]])
  })

  it("counts as a failed action where it fails or is no event, and harms nothing", async () => {
    const Bad = defineActor({
      type: "bad",
      machine: setup({ types: { events: {} as Event } }).createMachine({
        on: {
          Go: {
            actions: [
              ({ self }) => self.send("Late" as never),
              ({ self }) => self.send({ type: "Late" }),
              ({ self }) => self.send({ type: "Sent" }),
            ],
          },
          Late: { actions: emit({ type: "nobody.was.promised" }) },
        },
      }),
    })
    const { system } = await startMemory({ actors: [Bad] })
    await system.get(Bad, "a").ask({ type: "Go" })
    expect((await system.get(Bad, "a").state()).version).toBe(1)
    expect((await system.status()).actionFailedCount).toBe(2)
  })
})
