/** User code that throws, or gives back, values that throw when they are looked at. */
import { Schema } from "effect"
import { describe, expect, it } from "vitest"
import { assign, setup } from "xstate"
import { accept, defineActor, defineCall, defineEvent, reject } from "../../../runtime/index.ts"
import { counterEvents, counterMachine } from "../../fixtures/memory/Counter.ts"
import { eventually, startMemory } from "../../fixtures/memory/MemorySystem.ts"

const nothing = Schema.Struct({})

const broken = (): never => {
  throw new Error("broken")
}

/** Values that throw when they are looked at, or cannot be turned to text. */
const hostile: ReadonlyArray<readonly [string, () => unknown]> = [
  ["an object without a prototype", () => Object.create(null)],
  [
    "a proxy that refuses everything",
    () => new Proxy({}, { get: broken, getPrototypeOf: broken, has: broken, ownKeys: broken }),
  ],
  [
    "an error whose message throws",
    () =>
      Object.defineProperty(new Error("x"), "message", {
        get: broken,
      }),
  ],
  ["an error whose message is no text", () => Object.assign(new Error("x"), { message: Symbol("m") })],
  [
    "what throws on its way to text",
    () => ({
      toString: broken,
    }),
  ],
]

/** A schema of any vendor. */
const schemaOf = (validate: (value: unknown) => unknown) => ({
  "~standard": { version: 1 as const, vendor: "hostile", validate: validate as never },
})

const actorOf = (decide: () => unknown, apply: () => void = () => undefined) =>
  defineActor({
    type: "hostile",
    machine: setup({
      types: { context: {} as { n: number }, events: {} as { type: "Added"; by: number } },
    }).createMachine({
      context: { n: 0 },
      on: {
        Added: {
          actions: assign(({ context, event: { by } }) => {
            if (by === 0) apply()
            return { n: context.n + by }
          }),
        },
      },
    }),
    events: { Added: counterEvents.Added },
    commands: {
      Go: { schema: nothing, decide: decide as () => { type: "Added"; by: number } },
      Fine: { schema: nothing, decide: () => ({ type: "Added" as const, by: 1 }) },
    },
  })

const throwing = (make: () => unknown) => () => {
  throw make()
}

describe("a hostile value", () => {
  it.each(hostile)("that decide throws fails its command alone: %s", async (_, make) => {
    const actor = actorOf(throwing(make))
    const { system } = await startMemory({ actors: [actor] })
    const ref = system.get(actor, "a")
    const [before, failed, after] = await Promise.allSettled([
      ref.ask({ type: "Fine" }),
      ref.ask({ type: "Go" }),
      ref.ask({ type: "Fine" }),
    ])
    expect(before).toMatchObject({ value: { version: 1 } })
    expect(failed).toMatchObject({ reason: { _tag: "CommandFailed", reason: "DecideThrew" } })
    expect(after).toMatchObject({ value: { version: 2 } })
  })

  it.each(hostile)("that an assign throws fails its command alone: %s", async (_, make) => {
    const actor = actorOf(() => ({ type: "Added", by: 0 }), throwing(make))
    const { system } = await startMemory({ actors: [actor] })
    const ref = system.get(actor, "a")
    await expect(ref.ask({ type: "Go" })).rejects.toMatchObject({
      _tag: "CommandFailed",
      reason: "MachineThrew",
    })
    expect(await ref.ask({ type: "Fine" })).toMatchObject({ version: 1 })
  })

  it.each([
    ["a proxy", () => new Proxy({}, { get: broken, getPrototypeOf: broken, ownKeys: broken })],
    ["a list of proxies", () => [new Proxy({}, { get: broken })]],
    [
      "an event with a getter that throws",
      () => ({
        type: "Added",
        get by() {
          return broken()
        },
      }),
    ],
    ["an event whose keys throw", () => new Proxy({ type: "Added", by: 1 }, { ownKeys: broken })],
    [
      "a reply that throws",
      () =>
        accept(
          { type: "Added", by: 1 },
          {
            reply: {
              get total() {
                return broken()
              },
            },
          },
        ),
    ],
    [
      "a reply that throws, and nothing to store",
      () =>
        accept([], {
          reply: {
            get total() {
              return broken()
            },
          },
        }),
    ],
    [
      "a getter for what it is",
      () => ({
        get _tag() {
          return broken()
        },
      }),
    ],
  ])("that decide gives back fails its command alone: %s", async (_, make) => {
    const actor = actorOf(make)
    const { system } = await startMemory({ actors: [actor] })
    const ref = system.get(actor, "a")
    await expect(ref.ask({ type: "Go" })).rejects.toMatchObject({ _tag: "CommandFailed" })
    expect(await ref.ask({ type: "Fine" })).toMatchObject({ version: 1 })
  })

  it.each([
    [
      "a getter that throws",
      () => ({
        get left() {
          return broken()
        },
      }),
    ],
    ["a bigint", () => ({ left: 1n })],
  ])("in the detail of a rejection rejects all the same: %s", async (_, make) => {
    const actor = actorOf(() => reject("TooPoor", make()))
    const { system } = await startMemory({ actors: [actor] })
    const failure = await system
      .get(actor, "a")
      .ask({ type: "Go" })
      .catch((error) => error)
    expect(failure).toMatchObject({ _tag: "CommandRejected", reason: "TooPoor" })
    expect(JSON.stringify(failure.detail)).toContain("no detail")
  })

  it("in a decided event counts as it was when it was stored", async () => {
    let reads = 0
    const actor = actorOf(() => ({
      type: "Added",
      get by() {
        return ++reads
      },
    }))
    const { system, journal } = await startMemory({ actors: [actor] })
    await system.get(actor, "a").ask({ type: "Go" })
    const live = (await system.get(actor, "a").state()).state.context
    const { system: next } = await startMemory({ actors: [actor], journal })
    expect((await next.get(actor, "a").state()).state.context).toEqual(live)
  })

  it.each(hostile)("that a durable call throws is how the call ends: %s", async (_, make) => {
    const Caller = defineActor({
      type: "caller",
      machine: setup({
        types: { context: {} as { why: string }, events: {} as { type: "Go" } },
        actors: { fetch: defineCall(throwing(make), { attemptsMax: 1 }) },
      }).createMachine({
        context: { why: "" },
        initial: "idle",
        states: {
          idle: { on: { Go: "busy" } },
          busy: { invoke: { src: "fetch", input: {}, onDone: "idle", onError: "failed" } },
          failed: {},
        },
      }),
    })
    const { system } = await startMemory({ actors: [Caller] })
    const caller = system.get(Caller, "c")
    await caller.ask({ type: "Go" })
    await eventually(async () => (await caller.state()).state.matches("failed"))
  })

  it.each(hostile)("that a schema throws refuses the command: %s", async (_, make) => {
    const Odd = defineActor({
      type: "odd",
      machine: counterMachine,
      events: counterEvents,
      commands: {
        Go: { schema: schemaOf(throwing(make)), decide: () => ({ type: "Added" as const, by: 1 }) },
      },
    })
    const { system } = await startMemory({ actors: [Odd] })
    await expect(system.get(Odd, "a").ask({ type: "Go" })).rejects.toMatchObject({ _tag: "InvalidCommand" })
  })
})

describe("a schema whose output is no object", () => {
  const outputs: ReadonlyArray<readonly [string, unknown]> = [
    ["text", "abc"],
    ["a number", 7],
    ["nothing", undefined],
    ["null", null],
    ["a list", [1, 2]],
    ["a date", new Date(0)],
    ["a map", new Map([["a", 1]])],
  ]

  it.each(outputs)("refuses the command: %s", async (_, value) => {
    const Odd = defineActor({
      type: "odd",
      machine: counterMachine,
      events: counterEvents,
      commands: {
        Go: { schema: schemaOf(() => ({ value })), decide: () => ({ type: "Added" as const, by: 1 }) },
      },
    })
    const { system, journal } = await startMemory({ actors: [Odd] })
    await expect(system.get(Odd, "a").ask({ type: "Go" })).rejects.toMatchObject({
      _tag: "InvalidCommand",
      issues: [{ message: expect.stringContaining("no object with fields") }],
    })
    expect(journal.counts.append).toBe(0)
  })

  it.each(outputs)("fails the command that decided the event: %s", async (_, value) => {
    const Odd = defineActor({
      type: "odd",
      machine: counterMachine,
      events: { ...counterEvents, Noted: defineEvent(schemaOf(() => ({ value })) as never) },
      commands: { Go: { schema: nothing, decide: () => ({ type: "Noted" }) as never } },
    })
    const { system, journal } = await startMemory({ actors: [Odd] })
    await expect(system.get(Odd, "a").ask({ type: "Go" })).rejects.toMatchObject({
      _tag: "CommandFailed",
      reason: "EventInvalid",
    })
    expect(journal.counts.append).toBe(0)
  })
})

describe("a hostile caller", () => {
  const getters = (field: string) =>
    Object.defineProperty({ type: "Fine" }, field, { enumerable: true, get: broken })

  it.each([
    ["a field", getters("by")],
    ["the type", getters("type")],
    ["its keys", new Proxy({ type: "Fine" }, { ownKeys: broken })],
    ["everything", new Proxy({}, { get: broken, getPrototypeOf: broken, ownKeys: broken })],
  ])("whose command throws when %s is read gets InvalidCommand from every verb", async (_, command) => {
    const actor = actorOf(() => [])
    const { system } = await startMemory({ actors: [actor] })
    const ref = system.get(actor, "a")
    for (const asked of [
      ref.ask(command as never),
      ref.tell(command as never),
      ref.schedule("s", command as never, { afterMs: 1 }),
    ]) {
      await expect(asked).rejects.toMatchObject({ _tag: "InvalidCommand" })
    }
    expect(await ref.ask({ type: "Fine" })).toMatchObject({ version: 1 })
  })

  it("whose options throw, or are none, gets InvalidCommand from every verb", async () => {
    const actor = actorOf(() => [])
    const { system } = await startMemory({ actors: [actor] })
    const ref = system.get(actor, "a")
    const fine = { type: "Fine" } as const
    for (const field of ["commandId", "metadata", "deadlineMs"]) {
      const options = Object.defineProperty({}, field, { enumerable: true, get: broken })
      await expect(ref.ask(fine, options)).rejects.toMatchObject({ _tag: "InvalidCommand" })
      await expect(ref.tell(fine, options)).rejects.toMatchObject({ _tag: "InvalidCommand" })
    }
    const metadata = Object.defineProperty({}, "user", { enumerable: true, get: broken })
    await expect(ref.ask(fine, { metadata })).rejects.toMatchObject({ _tag: "InvalidCommand" })
    await expect(ref.ask(fine, null as never)).rejects.toMatchObject({ _tag: "InvalidCommand" })
    const when = Object.defineProperty({}, "afterMs", { enumerable: true, get: broken })
    await expect(ref.schedule("s", fine, when)).rejects.toMatchObject({ _tag: "InvalidCommand" })
    await expect(ref.schedule("s", fine, null as never)).rejects.toMatchObject({ _tag: "InvalidCommand" })
  })

  it("whose getter changes is taken at its first word", async () => {
    const seen: Array<unknown> = []
    const Keeper = defineActor({
      type: "keeper",
      machine: setup({ types: { events: {} as { type: "Keep"; n: number } } }).createMachine({
        on: { Keep: { actions: ({ event }) => void seen.push(event.n) } },
      }),
    })
    let reads = 0
    const command = {
      type: "Keep" as const,
      get n() {
        return ++reads
      },
    }
    const { system } = await startMemory({ actors: [Keeper] })
    await system.get(Keeper, "k").ask(command)
    expect({ reads, seen }).toEqual({ reads: 1, seen: [1] })
  })
})

it("an assign that spoils what cannot be frozen, and throws, leaves the state as the journal has it", async () => {
  const Ledger = defineActor({
    type: "ledger",
    machine: setup({
      types: { context: {} as { sums: Map<string, number> }, events: {} as { type: "Added"; by: number } },
    }).createMachine({
      context: { sums: new Map() },
      on: {
        Added: {
          actions: assign(({ context: { sums }, event: { by } }) => {
            if (by === 0) {
              sums.set("spoilt", 1)
              broken()
            }
            return { sums: new Map(sums).set("all", (sums.get("all") ?? 0) + by) }
          }),
        },
      },
    }),
    events: { Added: counterEvents.Added },
    commands: {
      Add: {
        schema: counterEvents.Added.schema,
        decide: ({ command: { by } }) => ({ type: "Added" as const, by }),
      },
    },
  })
  const { system, journal } = await startMemory({ actors: [Ledger] })
  const ledger = system.get(Ledger, "a")
  const add = (by: number) => ledger.ask({ type: "Add", by })
  const sums = async () => [...(await ledger.state()).state.context.sums]
  await add(1)
  await expect(add(0)).rejects.toMatchObject({ reason: "MachineThrew" })
  expect(await sums()).toEqual([["all", 1]])
  // Behind a command of the same round that is stored.
  const release = journal.hold()
  const first = add(1)
  await eventually(() => journal.heldCount === 1)
  const round = Promise.allSettled([add(1), add(0)])
  release()
  await first
  expect(await round).toMatchObject([{ value: { version: 3 } }, { reason: { reason: "MachineThrew" } }])
  expect(await sums()).toEqual([["all", 3]])
})
