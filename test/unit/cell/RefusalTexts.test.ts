/** What refusals say to somebody who knows XState and not yet what is different here. */
import { Schema } from "effect"
import { describe, expect, it } from "vitest"
import { assign, fromPromise, setup } from "xstate"
import { CommandRejected } from "../../../runtime/cell/AskError.ts"
import { defineActor } from "../../../runtime/index.ts"
import { eventually, startMemory } from "../../fixtures/memory/MemorySystem.ts"

const job = setup({
  types: {} as {
    context: { list: ReadonlyArray<number> }
    events:
      | { type: "Finish" }
      | { type: "Fail" }
      | { type: "Push" }
      | { type: "Charge" }
      | { type: "At"; at: unknown }
  },
  actors: {
    fail: fromPromise(async () => {
      throw new RangeError("disk full")
    }),
    charge: fromPromise(async ({ input }: { input: { amount: object } }) => String(input.amount)),
  },
}).createMachine({
  context: { list: [] },
  initial: "idle",
  states: {
    idle: {
      on: {
        Finish: "finished",
        Fail: "failing",
        Charge: "charging",
        At: { actions: [] },
        Push: {
          actions: assign(({ context }) => {
            ;(context.list as Array<number>).push(1)
            return {}
          }),
        },
      },
    },
    finished: { type: "final" },
    failing: { invoke: { src: "fail" } },
    charging: { invoke: { src: "charge", input: { amount: new (class Money {})() } } },
  },
})

const Job = defineActor({ type: "job", machine: job })
const Endless = defineActor({ type: "endless", machine: setup({}).createMachine({}) })

const born = setup({
  types: {} as { context: { at: unknown }; input: { id: string; at: Date } },
}).createMachine({ context: ({ input }) => ({ at: input.at }), on: { Go: { actions: [] } } })
const Born = defineActor({ type: "born", machine: born, input: Schema.Struct({ at: Schema.DateFromString }) })

const textOf = async (refused: Promise<unknown>): Promise<string> =>
  refused.then(
    () => "accepted",
    (error: Error) => error.message,
  )

describe("a refusal", () => {
  it("says that the machine is done", async () => {
    const { system } = await startMemory({ actors: [Job] })
    const actor = system.get(Job, "a")
    await actor.ask({ type: "Finish" })
    expect(await textOf(actor.ask({ type: "Push" }))).toBe(
      'job/a rejected Push in state "finished": NotAccepted (Push). The machine is done and takes no more events',
    )
  })

  it("says with what error the machine ended", async () => {
    const { system } = await startMemory({ actors: [Job] })
    const actor = system.get(Job, "a")
    await actor.ask({ type: "Fail" })
    await eventually(async () => (await actor.state()).state.status === "error")
    expect(await textOf(actor.ask({ type: "Push" }))).toMatch(
      /The machine ended with an error and takes no more events: disk full$/,
    )
  })

  it("names no state where the machine has none, and survives a reason of the same name without detail", async () => {
    const { system } = await startMemory({ actors: [Endless] })
    expect(await textOf(system.get(Endless, "a").ask({ type: "Go" }))).toBe(
      "endless/a rejected Go: NotAccepted (Go)",
    )
    const given = { actorType: "a", id: "b", commandType: "C", reason: "NotAccepted", state: "s", version: 1 }
    expect(new CommandRejected({ ...given, detail: undefined }).message).toBe(
      'a/b rejected C in state "s": NotAccepted',
    )
  })

  it("of a change in place says that the state is frozen", async () => {
    const { system } = await startMemory({ actors: [Job] })
    expect(await textOf(system.get(Job, "a").ask({ type: "Push" }))).toMatch(
      /The state is frozen: return a new/,
    )
  })

  it("of a call's input names the call", async () => {
    const { system } = await startMemory({ actors: [Job] })
    expect(await textOf(system.get(Job, "a").ask({ type: "Charge" }))).toMatch(
      /the input of the call "charge" cannot be stored at input\.amount: it is an instance of Money/,
    )
  })

  it.each([
    ["a date", new Date(0), "an instance of Date (give its ISO text or its milliseconds)"],
    ["a map", new Map(), "an instance of Map (give a list of its entries)"],
    ["a set", new Set(), "an instance of Set (give a list of its members)"],
    ["a bigint", 1n, "a bigint (give its text)"],
    ["a class", new (class Money {})(), "an instance of Money"],
  ])("of %s in an event says what to give", async (_kind, at, says) => {
    const { system } = await startMemory({ actors: [Job] })
    expect(await textOf(system.get(Job, "a").ask({ type: "At", at }))).toBe(
      `At for job/a is invalid: at: not plain JSON: ${says}`,
    )
  })

  it("of a birth says that no input was given, and what of it is missing", async () => {
    const { system } = await startMemory({ actors: [Born] })
    const says = "input: none was given, and the actor is not born yet; input.at: Missing key"
    expect(await textOf(system.get(Born, "a").ask({ type: "Go" }))).toBe(`Go for born/a is invalid: ${says}`)
    expect(await textOf(system.spawn(Born, "a", {} as never))).toBe(`spawn for born/a is invalid: ${says}`)
  })

  it("of input that the schema turns into something else blames the schema", async () => {
    const { system } = await startMemory({ actors: [Born] })
    const text = await textOf(system.spawn(Born, "a", { input: { at: "2020-01-01" } }))
    expect(text).toMatch(
      /input.at: the schema makes a value of it that is not plain JSON: an instance of Date/,
    )
  })

  it("of a machine in place of a definition says what to give", async () => {
    expect(await textOf(startMemory({ actors: [job as never] }))).toMatch(/Give what `define...` made/)
  })
})
