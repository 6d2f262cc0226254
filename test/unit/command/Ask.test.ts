/** The boundary: what may be asked, and how each thing that may not is refused. */
import { Effect, Schema } from "effect"
import { describe, expect, it } from "vitest"
import { assign, setup } from "xstate"
import { accept, defineActor, defineEvent } from "../../../runtime/index.ts"
import { Counter } from "../../fixtures/memory/Counter.ts"
import { JournalScripted } from "../../fixtures/memory/JournalScripted.ts"
import { eventually, historyOf, startMemory } from "../../fixtures/memory/MemorySystem.ts"

const add = (by: number) => ({ type: "Add", by }) as const

describe("a command", () => {
  it("FAULT 4: repeated long after is the same command, in this process and in the next", async () => {
    const { system, journal } = await startMemory()
    const first = await system.get(Counter, "a").ask(add(2), { commandId: "c" })
    for (let index = 0; index < 900; index++) await system.get(Counter, "a").ask(add(1))
    const { system: next } = await startMemory({ journal })
    expect(await next.get(Counter, "a").ask(add(2), { commandId: "c" })).toEqual({
      ...first,
      duplicate: true,
    })
  })

  it("FAULT 4: is forgotten after as many others as the definition remembers, not before", async () => {
    const Forgetful = defineActor({
      type: "forgetful",
      commandsRememberedCount: 3,
      machine: setup({ types: { events: {} as { type: "Go" } } }).createMachine({
        on: { Go: { actions: () => undefined } },
      }),
    })
    const { system } = await startMemory({ actors: [Forgetful] })
    const actor = system.get(Forgetful, "a")
    for (const commandId of ["1", "2", "3"]) await actor.ask({ type: "Go" }, { commandId })
    expect(await actor.ask({ type: "Go" }, { commandId: "1" })).toMatchObject({ version: 1, duplicate: true })
    await actor.ask({ type: "Go" }, { commandId: "4" })
    expect(await actor.ask({ type: "Go" }, { commandId: "2" })).toMatchObject({ version: 2, duplicate: true })
    expect(await actor.ask({ type: "Go" }, { commandId: "1" })).toMatchObject({
      version: 5,
      duplicate: false,
    })
  })

  it("is applied once though its actor remembers fewer commands than wait, and commits have no outcome", async () => {
    const journal = new JournalScripted()
    const Forgetful = { ...Counter, commandsRememberedCount: 2 }
    const { system } = await startMemory({ journal, actors: [Forgetful] })
    const counter = system.get(Forgetful, "a")
    await counter.ask(add(1))
    const resume = journal.hold()
    // Each of the commits is stored, and its answer is lost.
    journal.script.append = ["lostAck", "lostAck", "lostAck", "lostAck"]
    const asks = [10, 100, 1_000, 10_000, 100_000].map((by) => counter.ask(add(by)))
    resume()
    await Promise.all(asks)
    expect((await counter.state()).state.context.total).toBe(111_111)
  })

  it("FAULT 5: under a used id with another payload is CommandIdReused", async () => {
    const { system, journal } = await startMemory()
    const counter = system.get(Counter, "a")
    await counter.ask(add(2), { commandId: "c" })
    const reused = { _tag: "CommandIdReused", commandId: "c", kind: "terminal" }
    await expect(counter.ask(add(3), { commandId: "c" })).rejects.toMatchObject(reused)
    await expect(counter.ask({ type: "Close" }, { commandId: "c" })).rejects.toMatchObject(reused)
    const { system: next } = await startMemory({ journal })
    await expect(next.get(Counter, "a").ask(add(3), { commandId: "c" })).rejects.toMatchObject(reused)
    expect((await counter.state()).state.context.total).toBe(2)
  })

  it("FAULT 6: under one id to two actors applies to both", async () => {
    const { system } = await startMemory()
    for (const id of ["a", "b"]) {
      expect(await system.get(Counter, id).ask(add(1), { commandId: "c" })).toMatchObject({
        duplicate: false,
      })
    }
  })

  it.each([
    ["of no type", {}, "type"],
    ["null", null, "type"],
    ["text", "Add", "type"],
    ["of an unknown type", { type: "Explode" }, "type"],
    ["of a prototype's name", { type: "constructor" }, "type"],
    ["of the wrong shape", { type: "Add", by: "one" }, "by"],
    ["with NaN", { type: "Add", by: Number.NaN }, "by"],
    ["with a bigint", { type: "Add", by: 1n }, "by"],
    ["with a date", { type: "Add", by: new Date(0) }, "by"],
    ["with a lone surrogate", { type: "Note", text: "\ud800" }, "text"],
    ["with U+0000", { type: "Note", text: "a\0b" }, "text"],
    ["with U+0000 in a key", { type: "Note", text: "", "a\0": 1 }, ""],
    ["with __proto__", JSON.parse('{"type":"Add","by":1,"__proto__":{"admin":true}}'), "__proto__"],
  ])("FAULT 39 and FAULT 43: %s is InvalidCommand and says where", async (_, given, path) => {
    const { system, journal } = await startMemory()
    await expect(system.get(Counter, "a").ask(given as never)).rejects.toMatchObject({
      _tag: "InvalidCommand",
      issues: [{ path }],
    })
    expect(journal.counts.append).toBe(0)
  })

  it("FAULT 43: nested too deeply, or in a circle, is InvalidCommand", async () => {
    const { system } = await startMemory()
    const circle: Record<string, unknown> = { type: "Add", by: 1 }
    circle.self = circle
    let deep: unknown = 1
    for (let depth = 0; depth < 10_000; depth++) deep = [deep]
    for (const given of [circle, { type: "Add", by: 1, deep }]) {
      await expect(system.get(Counter, "a").ask(given as never)).rejects.toMatchObject({
        _tag: "InvalidCommand",
      })
    }
  })

  it("changed by its caller after it was asked is stored as it was asked", async () => {
    const Keeper = defineActor({
      type: "keeper",
      machine: setup({ types: { events: {} as { type: "Keep"; item: { name: string } } } }).createMachine({
        on: { Keep: { actions: () => undefined } },
      }),
    })
    const { system, journal } = await startMemory({ actors: [Keeper] })
    const command = { type: "Keep" as const, item: { name: "as asked" } }
    const asked = system.get(Keeper, "k").ask(command)
    command.item.name = "changed"
    await asked
    expect((await historyOf(journal.inner, Keeper, "k"))[0]?.event).toEqual({
      type: "Keep",
      item: { name: "as asked" },
    })
  })

  it.each(["xstate.stop", "xstate.init", "xstate.done.state.x", "*", ""])(
    "to a machine without commands of its own cannot be the machine's own event %j",
    async (type) => {
      const Open = defineActor({
        type: "open",
        machine: setup({ types: { events: {} as { type: "Go" } } }).createMachine({
          on: { Go: { actions: () => undefined }, "*": { actions: () => undefined } },
        }),
      })
      const { system, journal } = await startMemory({ actors: [Open] })
      const outcome = await system
        .get(Open, "a")
        .ask({ type } as never)
        .catch((error) => error._tag)
      expect(["InvalidCommand", "CommandRejected"]).toContain(outcome)
      expect(journal.counts.append).toBe(0)
      expect(await system.get(Open, "a").ask({ type: "Go" })).toMatchObject({ version: 1 })
    },
  )
})

describe("what is handed out", () => {
  const Basket = defineActor({
    type: "basket",
    machine: setup({
      types: { context: {} as { items: Array<string> }, events: {} as { type: "Put"; item: string } },
    }).createMachine({
      context: { items: [] },
      on: {
        Put: { actions: assign({ items: ({ context, event }) => [...context.items, event.item] }) },
      },
    }),
    events: { Put: defineEvent(Schema.Struct({ item: Schema.String })) },
    commands: {
      Put: {
        schema: Schema.Struct({ item: Schema.String }),
        decide: ({ command, state }) =>
          accept({ type: "Put", item: command.item }, { reply: state.context.items }),
      },
      Spoil: {
        schema: Schema.Struct({}),
        decide: ({ state }) => {
          state.context.items.push("spoilt")
          return []
        },
      },
      Later: {
        schema: Schema.Struct({}),
        decide: (_) => Promise.reject(new Error("late")) as never,
      },
    },
  })

  it("is frozen: neither a caller nor a decision can change an actor, or one that is not born yet", async () => {
    const { system } = await startMemory({ actors: [Basket] })
    const basket = system.get(Basket, "b")
    await expect(basket.ask({ type: "Spoil" })).rejects.toMatchObject({ _tag: "CommandFailed" })
    await basket.ask({ type: "Put", item: "tea" })
    const { reply } = await basket.ask({ type: "Put", item: "cup" }, { commandId: "second" })
    expect(() => reply.push("stolen")).toThrow(TypeError)
    const { state } = await basket.state()
    expect(() => state.context.items.push("stolen too")).toThrow(TypeError)
    expect((await basket.state()).state.context.items).toEqual(["tea", "cup"])
    expect((await system.get(Basket, "new").state()).state.context.items).toEqual([])
    const repeat = await basket.ask({ type: "Put", item: "cup" }, { commandId: "second" })
    expect(repeat).toMatchObject({ duplicate: true, reply: ["tea"] })
  })

  it("of a decision that is asynchronous is refused, and its later rejection ends nothing", async () => {
    const { system } = await startMemory({ actors: [Basket] })
    const later = system.get(Basket, "b").ask({ type: "Later" })
    await expect(later).rejects.toMatchObject({
      _tag: "CommandFailed",
      detail: expect.stringContaining("promise"),
    })
    await new Promise((resolve) => setImmediate(resolve))
  })
})

describe("options", () => {
  it.each([
    [{ commandId: "" }, "commandId"],
    [{ commandId: "x".repeat(257) }, "commandId"],
    [{ commandId: "a\0b" }, "commandId"],
    [{ commandId: "\udfff" }, "commandId"],
    [{ commandId: 7 as never }, "commandId"],
    [{ ifVersion: -1 }, "ifVersion"],
    [{ ifVersion: 0.5 }, "ifVersion"],
    [{ ifVersion: Number.NaN }, "ifVersion"],
    [{ deadlineMs: Number.NaN }, "deadlineMs"],
    [{ deadlineMs: -1 }, "deadlineMs"],
    [{ deadlineMs: "5" as never }, "deadlineMs"],
    [{ metadata: { tenant: "x" } as never }, "metadata.tenant"],
    [{ metadata: { user: 7 as never } }, "metadata.user"],
    [{ metadata: { user: "a\0" } }, "metadata.user"],
    [{ metadata: { trace: "x".repeat(8 * 1024 + 1) } }, "metadata"],
    [{ metadata: { user: "€".repeat(2_731) } }, "metadata"],
    [{ metadata: null as never }, "metadata"],
    [{ metadata: "user" as never }, "metadata"],
  ])("FAULT 37: %o are InvalidCommand at %s", async (options, path) => {
    const { system, journal } = await startMemory()
    await expect(system.get(Counter, "a").ask(add(1), options)).rejects.toMatchObject({
      _tag: "InvalidCommand",
      issues: [{ path }],
    })
    expect(journal.counts.last).toBe(0)
  })

  it("FAULT 37: metadata up to its bound is stored with the events", async () => {
    const { system } = await startMemory()
    const metadata = { user: "주문자", correlationId: "k-1", trace: "x".repeat(8_000) }
    await system.get(Counter, "a").ask(add(1), { metadata })
    expect((await system.get(Counter, "a").history()).events[0]).toMatchObject({ metadata })
  })
})

describe("an actor id", () => {
  it.each([
    "a.b.c",
    "a b",
    "a*b",
    ">",
    "..",
    "주문-42",
    "😀",
    "a\r\nb",
    "a/b",
    "a%2Eb",
    "__proto__",
    "é",
    "e\u0301",
  ])("FAULT 38: %j is an actor of its own", async (id) => {
    const { system, journal } = await startMemory()
    await system.get(Counter, `${id}x`).ask(add(1))
    expect(await system.get(Counter, id).ask(add(2))).toMatchObject({ version: 1, reply: { total: 2 } })
    const { system: next } = await startMemory({ journal })
    expect((await next.get(Counter, id).state()).state.context.total).toBe(2)
  })

  it.each([
    ["", "Empty"],
    ["x".repeat(257), "TooLong"],
    ["x".repeat(10_000), "TooLong"],
    ["€".repeat(100), "TooLong"],
    ["\ud800", "LoneSurrogate"],
    ["a\0", "Nul"],
  ])("FAULT 38: %j is refused as InvalidActorId (%s)", async (id, reason) => {
    const { system } = await startMemory()
    const counter = system.get(Counter, id)
    const refused = { _tag: "InvalidActorId", reason }
    await expect(counter.ask(add(1))).rejects.toMatchObject(refused)
    await expect(counter.state()).rejects.toMatchObject(refused)
    await expect(counter.history()).rejects.toMatchObject(refused)
  })

  it("of a type that the system was not given is UnknownActorType", async () => {
    const { system } = await startMemory({ actors: [] })
    await expect(system.get(Counter, "a").ask(add(1))).rejects.toMatchObject({ _tag: "UnknownActorType" })
  })
})

describe("a flood", () => {
  it("FAULT 64: beyond an actor's mailbox is Busy at once, and the rest is answered", async () => {
    const { system, journal } = await startMemory()
    const counter = system.get(Counter, "a")
    const release = journal.hold()
    const outcomes: Record<string, number> = {}
    const count = (name: string) => {
      outcomes[name] = (outcomes[name] ?? 0) + 1
    }
    const asked = Array.from({ length: 5_000 }, () =>
      counter.ask(add(1), { deadlineMs: 60_000 }).then(
        () => count("accepted"),
        (error) => count(error._tag),
      ),
    )
    await eventually(() => journal.heldCount === 1 && outcomes.Busy !== undefined)
    expect(outcomes.accepted).toBeUndefined()
    expect((await system.status()).inFlightCount).toBeLessThanOrEqual(1_024 + 1_024)
    release()
    await Promise.all(asked)
    expect(outcomes.accepted).toBeGreaterThanOrEqual(1_024)
    expect((outcomes.accepted ?? 0) + (outcomes.Busy ?? 0)).toBe(5_000)
    expect(await historyOf(journal.inner, Counter, "a")).toHaveLength(outcomes.accepted ?? 0)
    expect((await system.status()).inFlightCount).toBe(0)
  })

  it("FAULT 64: beyond what a node holds is Busy at once, and the rest is answered", async () => {
    const { system, journal } = await startMemory()
    const opened = Promise.withResolvers<void>()
    journal.onStep = () => Effect.promise(() => opened.promise)
    const refs = Array.from({ length: 200 }, (_, index) => system.get(Counter, `n${index}`))
    const outcomes: Record<string, number> = {}
    const count = (name: string) => {
      outcomes[name] = (outcomes[name] ?? 0) + 1
    }
    const read = (index: number) =>
      refs[index % refs.length]?.state({ deadlineMs: 60_000 }).then(
        () => count("answered"),
        (error) => count(`${error._tag} ${error.queue}`),
      )
    const asked = Array.from({ length: 100_050 }, (_, index) => read(index))
    await eventually(() => outcomes["Busy System"] === 50)
    opened.resolve()
    await Promise.all(asked)
    expect(outcomes).toEqual({ answered: 100_000, "Busy System": 50 })
    expect((await system.status()).inFlightCount).toBe(0)
  })

  it("FAULT 64: callers that gave up during an outage do not take the place of those who come", async () => {
    const { system, journal } = await startMemory()
    const counter = system.get(Counter, "a")
    journal.script.last.push(...Array.from({ length: 10_000 }, () => "unavailable" as const))
    const gone = Array.from({ length: 1_000 }, () =>
      counter.ask(add(1), { deadlineMs: 1 }).catch(() => undefined),
    )
    const patient = counter.ask(add(1), { deadlineMs: 60_000 })
    await Promise.all(gone)
    await eventually(async () => {
      const outcome = await counter.ask(add(1), { deadlineMs: 1 }).catch((error) => error._tag)
      return outcome === "AskTimeout"
    })
    const more = Array.from({ length: 500 }, () =>
      counter.ask(add(1), { deadlineMs: 1_500 }).catch((error) => error._tag),
    )
    expect(new Set(await Promise.all(more))).toEqual(new Set(["AskTimeout"]))
    journal.script.last.length = 0
    expect(await patient).toMatchObject({ version: 1 })
  })
})
