/** FAULT 73: what the runtime gives to callers and decisions is theirs to read; no change of it reaches the actor. */
import { Schema } from "effect"
import { describe, expect, it } from "vitest"
import { assign, setup } from "xstate"
import { accept, defineActor, defineEvent } from "../../../runtime/index.ts"
import { startMemory } from "../../fixtures/memory/MemorySystem.ts"

const nothing = Schema.Struct({})
const events = {
  Unlocked: defineEvent(nothing),
  Opened: defineEvent(Schema.Struct({ by: Schema.Array(Schema.String) })),
}

interface Context {
  when: Date
  seats: Map<string, number>
  list: Array<string>
  failure: Error
}

/** What a careless reader or decision does to a state; set by a test. */
let spoil: (state: Record<string, never>) => void = () => undefined

const Safe = defineActor({
  type: "safe",
  machine: setup({
    types: {
      context: {} as Context,
      events: {} as { type: "Unlocked" } | { type: "Opened"; by: ReadonlyArray<string> },
    },
  }).createMachine({
    context: () => ({ when: new Date(0), seats: new Map(), list: [], failure: new Error("ann") }),
    initial: "locked",
    states: {
      locked: {
        tags: ["shut"],
        initial: "first",
        states: { first: {} },
        on: { Unlocked: "unlocked" },
      },
      unlocked: {
        on: { Opened: { target: "open", actions: assign({ list: ({ event }) => [...event.by] }) } },
      },
      open: { type: "final" },
    },
  }),
  events,
  commands: {
    Unlock: { schema: nothing, decide: () => ({ type: "Unlocked" as const }) },
    Open: {
      schema: Schema.Struct({ by: Schema.Array(Schema.String) }),
      decide: ({ command }) => ({ type: "Opened" as const, by: command.by }),
    },
    Spoil: {
      schema: nothing,
      decide: ({ state }) => {
        spoil(state as never)
        return accept([], { reply: {} })
      },
    },
  },
})

/** Stores its lines, by way of code that a test gives. */
const lineActor = (code: {
  readonly decide?: (command: { by: Array<string> }, metadata: object) => unknown
  readonly apply?: (by: Array<string>) => unknown
}) =>
  defineActor({
    type: "line",
    machine: setup({
      types: { context: {} as { n: number }, events: {} as { type: "Added"; by: ReadonlyArray<string> } },
    }).createMachine({
      context: { n: 0 },
      on: {
        Added: {
          actions: assign(({ context, event: { by } }) => {
            code.apply?.(by as Array<string>)
            return { n: context.n + by.length }
          }),
        },
      },
    }),
    events: { Added: defineEvent(Schema.Struct({ by: Schema.Array(Schema.String) })) },
    commands: {
      Add: {
        schema: Schema.Struct({ by: Schema.Array(Schema.String) }),
        decide: ({ command, metadata }) => {
          code.decide?.(command as never, metadata)
          return { type: "Added" as const, by: command.by }
        },
      },
    },
  })

type Spoiled = { [key: string]: Spoiled } & { [key: string]: (...given: Array<unknown>) => unknown }

const slips: ReadonlyArray<readonly [string, (state: Spoiled) => void]> = [
  ["its value", (state) => Object.assign(state, { value: "unlocked" })],
  ["a part of its value", (state) => Object.assign(state["value"] as object, { locked: "second" })],
  ["its status", (state) => Object.assign(state, { status: "done" })],
  ["its context as a whole", (state) => Object.assign(state, { context: {} })],
  ["its list", (state) => state["context"]?.["list"]?.["push"]?.("x")],
  ["its date", (state) => state["context"]?.["when"]?.["setTime"]?.(99)],
  ["its map", (state) => state["context"]?.["seats"]?.["set"]?.("a", 1)],
  ["its error", (state) => Object.assign(state["context"]?.["failure"] as object, { message: "bob" })],
  ["its tags", (state) => state["tags"]?.["clear"]?.()],
  ["its state nodes", (state) => state["_nodes"]?.["pop"]?.()],
  ["its history", (state) => Object.assign(state["historyValue"] as object, { a: [] })],
  ["its children", (state) => Object.assign(state["children"] as object, { a: {} })],
]

/** All that a reader can see of it. */
const seen = (state: { hasTag: (tag: never) => boolean }) => {
  const { value, status, context, children, historyValue, _nodes } = state as never as Record<string, unknown>
  return structuredClone({
    value,
    status,
    context,
    children,
    historyValue,
    nodeCount: (_nodes as ReadonlyArray<unknown>).length,
    isShut: state.hasTag("shut" as never),
  })
}

const attempt = (slip: (state: Spoiled) => void, state: unknown): void => {
  try {
    slip(state as Spoiled)
  } catch {
    // What is frozen says so; what is a copy may be changed.
  }
}

describe("FAULT 73: a state", () => {
  it.each(slips)("that a caller was given does not change the actor through %s", async (_, slip) => {
    const { system } = await startMemory({ actors: [Safe] })
    const safe = system.get(Safe, "s")
    const before = seen((await safe.state()).state)
    attempt(slip, (await safe.state()).state)
    attempt(slip, (await safe.stateAt({ version: 0 })).state)
    expect(seen((await safe.state()).state)).toEqual(before)
    await expect(safe.ask({ type: "Open", by: [] })).rejects.toMatchObject({ reason: "NotAccepted" })
  })

  it.each(slips)("that a decision was given does not change the actor through %s", async (_, slip) => {
    const { system } = await startMemory({ actors: [Safe] })
    const safe = system.get(Safe, "s")
    const before = seen((await safe.state()).state)
    spoil = (state) => attempt(slip, state)
    await safe.ask({ type: "Spoil" })
    expect(seen((await safe.state()).state)).toEqual(before)
    await expect(safe.ask({ type: "Open", by: [] })).rejects.toMatchObject({ reason: "NotAccepted" })
  })

  it("of an actor that is done is as safe as any", async () => {
    const { system } = await startMemory({ actors: [Safe] })
    const safe = system.get(Safe, "s")
    await safe.ask({ type: "Unlock" })
    await safe.ask({ type: "Open", by: ["ann"] })
    const { state } = await safe.state()
    expect(() => Object.assign(state, { status: "active" })).toThrow(TypeError)
    expect(() => (state.context.list as Array<string>).push("bob")).toThrow(TypeError)
    expect((await safe.state()).state.context.list).toEqual(["ann"])
  })
})

describe("FAULT 73: an input of user code", () => {
  it("that a decision changes stays as its caller gave it: the command fails", async () => {
    const line = lineActor({ decide: (command) => command.by.push("decide") })
    const { system } = await startMemory({ actors: [line] })
    const asked = system.get(line, "l").ask({ type: "Add", by: ["a"] })
    await expect(asked).rejects.toMatchObject({ reason: "DecideThrew" })
  })

  it("that an action changes is not stored changed: the command fails", async () => {
    const line = lineActor({ apply: (by) => by.push("assign") })
    const { system } = await startMemory({ actors: [line] })
    const asked = system.get(line, "l").ask({ type: "Add", by: ["a"] })
    await expect(asked).rejects.toMatchObject({ reason: "MachineThrew" })
    expect((await system.get(line, "l").state()).version).toBe(0)
  })

  it("of no metadata is not shared with other actors' decisions", async () => {
    const seen: Array<unknown> = []
    const line = lineActor({
      decide: (_, metadata) => {
        seen.push({ ...metadata })
        attempt(() => Object.assign(metadata, { user: "eve" }), undefined)
      },
    })
    const { system } = await startMemory({ actors: [line] })
    for (const id of ["a", "b"]) await system.get(line, id).ask({ type: "Add", by: [] })
    expect(seen).toEqual([{}, {}])
  })
})
