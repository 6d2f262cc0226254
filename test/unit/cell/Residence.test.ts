/** How actors come into memory, leave it, and what keeps them out. */
import { Effect, Fiber, Schema } from "effect"
import { TestClock } from "effect/testing"
import { describe, expect, it } from "vitest"
import { assign, setup } from "xstate"
import { addressOf } from "../../../runtime/address/ActorAddress.ts"
import { encodeCommit } from "../../../runtime/commit/Commit.ts"
import { defineActor, defineEvent } from "../../../runtime/index.ts"
import { Counter } from "../../fixtures/memory/Counter.ts"
import { JournalScripted, journalInMemory } from "../../fixtures/memory/JournalScripted.ts"
import { eventually, SHARD_COUNT, startMemory, virtually } from "../../fixtures/memory/MemorySystem.ts"

const add = (by: number) => ({ type: "Add", by }) as const
const encoder = new TextEncoder()

describe("passivation", () => {
  it("by the cap takes the least recently used, with a snapshot", async () => {
    const { system, snapshots } = await startMemory({ residentMax: 3 })
    for (const id of ["a", "b", "c"]) await system.get(Counter, id).ask(add(1))
    await system.get(Counter, "a").ask(add(1))
    await system.get(Counter, "d").ask(add(1))
    const status = await system.status()
    expect(status).toMatchObject({ residentCount: 3, passivatedCount: 1 })
    await eventually(() => snapshots.rows.has("counter/b"))
    expect(await system.get(Counter, "b").ask(add(1))).toMatchObject({ version: 2, reply: { total: 2 } })
  })

  it("comes back under the cap after a crowd that could not be turned away", async () => {
    const { system, journal } = await startMemory({ residentMax: 10 })
    const release = journal.hold()
    const crowd = Array.from({ length: 200 }, (_, index) => system.get(Counter, `n${index}`).ask(add(1)))
    await eventually(() => journal.heldCount === 200)
    release()
    await Promise.all(crowd)
    for (let index = 0; index < 40; index++) await system.get(Counter, `later${index}`).ask(add(1))
    expect((await system.status()).residentCount).toBeLessThanOrEqual(10)
  })

  it("by idle time takes what is not used, and nothing that is", () =>
    virtually({ idleMs: 1_000 }, ({ system, snapshots }) =>
      Effect.gen(function* () {
        const ask = (id: string) =>
          Effect.gen(function* () {
            const fiber = yield* Effect.forkChild(system.get(Counter, id).ask(add(1)))
            yield* TestClock.adjust(1)
            return yield* Fiber.join(fiber)
          })
        yield* ask("idle")
        yield* ask("busy")
        for (let turn = 0; turn < 4; turn++) {
          yield* TestClock.adjust(400)
          yield* ask("busy")
        }
        expect(yield* system.status).toMatchObject({ residentCount: 1, passivatedCount: 1 })
        yield* TestClock.adjust(300)
        expect(snapshots.rows.has("counter/idle")).toBe(true)
        expect(yield* ask("idle")).toMatchObject({ version: 2 })
      }),
    ))

  it("never takes an actor whose append is in flight", () =>
    virtually({ idleMs: 100, residentMax: 1, askDeadlineMs: 60_000 }, ({ system, journal }) =>
      Effect.gen(function* () {
        const release = journal.hold()
        const asked = yield* Effect.forkChild(system.get(Counter, "a").ask(add(1)))
        yield* TestClock.adjust(1_000)
        const other = yield* Effect.forkChild(system.get(Counter, "b").ask(add(1)))
        yield* TestClock.adjust(1_000)
        expect(yield* system.status).toMatchObject({ residentCount: 2, passivatedCount: 0 })
        release()
        expect(yield* Fiber.join(asked)).toMatchObject({ version: 1 })
        yield* Fiber.join(other)
      }),
    ))
})

const v1 = Schema.Struct({ by: Schema.Number })
const v2 = Schema.Struct({ by: Schema.Number, unit: Schema.String })

const ledgerMachine = setup({
  types: {
    context: {} as { total: number },
    events: {} as { type: "Added"; by: number } | { type: "Reset" },
  },
}).createMachine({
  context: { total: 0 },
  on: { Added: { actions: assign(({ context, event: { by } }) => ({ total: context.total + by })) } },
})

const ledger = (events: object) =>
  defineActor({
    type: "ledger",
    machine: ledgerMachine,
    events: events as { Added: ReturnType<typeof defineEvent<typeof v1>> },
    commands: {
      Add: { schema: v1, decide: ({ command: { by } }) => ({ type: "Added" as const, by }) },
    },
  })

const Old = ledger({ Added: defineEvent(v1) })
const New = ledger({
  Added: defineEvent({ version: 2, schema: v2, upcast: { 1: (e) => ({ ...e, unit: "won" }) } }),
})
const Throwing = ledger({
  Added: defineEvent({
    version: 2,
    schema: v2,
    upcast: {
      1: () => {
        throw new Error("cannot")
      },
    },
  }),
})
const Wrong = ledger({ Added: defineEvent({ version: 2, schema: v2, upcast: { 1: (e) => e } }) })
const Without = ledger({})

describe("quarantine", () => {
  const withHistory = async () => {
    const journal = new JournalScripted()
    const { system } = await startMemory({ journal, actors: [Old] })
    for (const id of ["a", "b"]) await system.get(Old, id).ask({ type: "Add", by: 1 })
    await system.stop()
    return journal
  }

  it.each([
    ["FAULT 45: an event that the definition does not have", Without],
    ["FAULT 46: an upcaster that throws", Throwing],
    ["FAULT 46: an upcaster whose result the schema refuses", Wrong],
  ])("%s stops the actor, shows in status, and stores nothing", async (_, Actor) => {
    const journal = await withHistory()
    const { system } = await startMemory({ journal, actors: [Actor, Counter] })
    const actor = system.get(Actor, "a")
    const quarantined = { _tag: "ActorQuarantined", reason: "EventUnreadable", sequence: 1, kind: "defect" }
    const appendsBefore = journal.counts.append
    await expect(actor.ask({ type: "Add", by: 1 })).rejects.toMatchObject(quarantined)
    await expect(actor.state()).rejects.toMatchObject(quarantined)
    await expect(actor.history()).rejects.toMatchObject(quarantined)
    expect((await system.status()).quarantined).toMatchObject([{ id: "a", reason: "EventUnreadable" }])
    expect(journal.counts.append).toBe(appendsBefore)
    expect(await system.get(Counter, "a").ask(add(1))).toMatchObject({ version: 1 })
  })

  it("FAULT 45 and FAULT 65: an event of a newer version stops the actor, and a newer release goes on", async () => {
    const journal = new JournalScripted()
    const New2 = ledger({ Added: defineEvent({ version: 2, schema: v1, upcast: { 1: (e) => e } }) })
    const newer = await startMemory({ journal, actors: [New2] })
    await newer.system.get(New2, "a").ask({ type: "Add", by: 4 })
    const older = await startMemory({ journal, actors: [Old] })
    await expect(older.system.get(Old, "a").ask({ type: "Add", by: 1 })).rejects.toMatchObject({
      _tag: "ActorQuarantined",
      detail: expect.stringContaining("NewerVersion"),
    })
    expect(await newer.system.get(New2, "a").ask({ type: "Add", by: 1 })).toMatchObject({ version: 2 })
  })

  it("reads old events through upcasters", async () => {
    const journal = await withHistory()
    const { system } = await startMemory({ journal, actors: [New] })
    expect((await system.get(New, "a").history()).events[0]?.event).toEqual({
      type: "Added",
      by: 1,
      unit: "won",
    })
  })

  const foreign: ReadonlyArray<readonly [string, string, Uint8Array]> = [
    ["FAULT 23: a gap in versions", "VersionGap", encodeCommit({ first: 3, at: 0, epoch: 1 }, [])],
    ["FAULT 23: a repeated version", "VersionGap", encodeCommit({ first: 1, at: 0, epoch: 1 }, [])],
    [
      "FAULT 45: a commit of a newer format",
      "CommitUnreadable",
      encoder.encode('{"v":4,"first":2,"at":0,"epoch":1,"entries":[]}'),
    ],
    ["a message that is no commit", "CommitUnreadable", encoder.encode("hello")],
    ["a message that is empty", "CommitUnreadable", new Uint8Array()],
    ["a message that is no UTF-8", "CommitUnreadable", Uint8Array.of(0xff, 0xfe)],
    [
      "a commit with a hole",
      "CommitUnreadable",
      encodeCommit({ first: 2, at: 0, epoch: 1 }, ['{"c":"x","fp":"","ev":[null]}']),
    ],
    ["a commit without entries", "CommitUnreadable", encoder.encode('{"v":1,"first":2,"at":0,"epoch":1}')],
    [
      "an event that the machine no longer accepts",
      "EventNotAccepted",
      encodeCommit({ first: 2, at: 0, epoch: 1 }, [
        '{"c":"x","fp":"","ev":[{"t":"Closed","v":1,"d":{}}]}',
        '{"c":"y","fp":"","ev":[{"t":"Closed","v":1,"d":{}}]}',
      ]),
    ],
  ]
  it.each(foreign)(
    "%s quarantines the actor as %s, in memory or not, and no other",
    async (_, reason, data) => {
      const journal = new JournalScripted()
      const resident = await startMemory({ journal })
      await resident.system.get(Counter, "a").ask(add(1))
      await Effect.runPromise(journal.inner.append(addressOf("counter", "a", SHARD_COUNT), 1, data))
      const fresh = await startMemory({ journal })
      for (const { system } of [resident, fresh]) {
        await expect(system.get(Counter, "a").ask(add(1))).rejects.toMatchObject({
          _tag: "ActorQuarantined",
          reason,
        })
        expect((await system.status()).quarantined).toHaveLength(1)
        await system.get(Counter, "b").ask(add(1))
      }
    },
  )

  it("is answered from memory, then looked at again, and lifted once the history can be read", () => {
    let isBroken = true
    const Fixable = ledger({
      Added: defineEvent({
        version: 2,
        schema: v1,
        upcast: {
          1: (e) => {
            if (isBroken) throw new Error("not yet")
            return e
          },
        },
      }),
    })
    const journal = new JournalScripted(journalInMemory())
    const stored = encodeCommit({ first: 1, at: 0, epoch: 1 }, [
      '{"c":"x","fp":"","ev":[{"t":"Added","v":1,"d":{"by":2}}]}',
    ])
    return virtually({ journal, actors: [Fixable] }, ({ system }) =>
      Effect.gen(function* () {
        yield* journal.inner.append(addressOf("ledger", "a", SHARD_COUNT), 0, stored)
        const ask = Effect.exit(system.get(Fixable, "a").ask({ type: "Add", by: 1 }))
        expect(yield* ask).toMatchObject({ _tag: "Failure" })
        const looksBefore = journal.counts.last
        yield* ask
        expect(journal.counts.last).toBe(looksBefore)
        isBroken = false
        yield* TestClock.adjust("6 seconds")
        expect(yield* ask).toMatchObject({ _tag: "Success", value: { version: 2 } })
        expect((yield* system.status).quarantined).toEqual([])
      }),
    )
  })
})

describe("a journal that is replaced under a live actor", () => {
  it("FAULT 22: is refused, not written to", async () => {
    const { system, journal } = await startMemory()
    const counter = system.get(Counter, "a")
    await counter.ask(add(1))
    const appendsBefore = journal.counts.append
    journal.script.append.push("unavailable")
    journal.script.last.push("replaced")
    await expect(counter.ask(add(1))).rejects.toMatchObject({
      _tag: "Unavailable",
      detail: expect.stringContaining("Replaced"),
    })
    expect(journal.counts.append).toBe(appendsBefore + 1)
  })

  it("FAULT 22: and that is shorter now is noticed by the actor itself", async () => {
    const { system, journal } = await startMemory()
    const counter = system.get(Counter, "a")
    for (let index = 0; index < 5; index++) await counter.ask(add(1))
    const empty = journalInMemory()
    Object.assign(journal, { inner: empty })
    await expect(counter.ask(add(1))).rejects.toMatchObject({
      _tag: "Unavailable",
      detail: expect.stringContaining("Replaced"),
    })
    expect(await Effect.runPromise(empty.lastSequence(0))).toBe(0)
  })
})
