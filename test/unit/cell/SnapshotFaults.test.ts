/** A snapshot is a shortcut: whatever is wrong with it or its store, the state is the journal's. */
import { Effect, Exit } from "effect"
import { describe, expect, it } from "vitest"
import { assign, setup } from "xstate"
import { addressOf } from "../../../runtime/address/ActorAddress.ts"
import { encodeCommit } from "../../../runtime/commit/Commit.ts"
import { defineActor } from "../../../runtime/index.ts"
import { makeJournalMemory } from "../../../runtime/journal/JournalMemory.ts"
import { decodeReply, encodeReply, replyOf } from "../../../runtime/router/AskWire.ts"
import type { StoredSnapshot } from "../../../runtime/snapshot/SnapshotStore.ts"
import { Counter } from "../../fixtures/memory/Counter.ts"
import { JournalScripted } from "../../fixtures/memory/JournalScripted.ts"
import {
  eventually,
  historyOf,
  type MemorySystem,
  SHARD_COUNT,
  startMemory,
} from "../../fixtures/memory/MemorySystem.ts"
import { Price, Priced } from "../../fixtures/memory/Priced.ts"

const add = (by: number) => ({ type: "Add", by }) as const

/** A counter at version 25 with a snapshot, whose system has ended. */
const withSnapshot = async (journal = new JournalScripted()): Promise<MemorySystem> => {
  const memory = await startMemory({ journal, drainMs: 5_000 })
  const counter = memory.system.get(Counter, "a")
  for (let index = 0; index < 25; index++) await counter.ask(add(1), { commandId: `c-${index}` })
  await memory.system.stop()
  expect(memory.snapshots.rows.get("counter/a")?.version).toBe(25)
  return memory
}

/** What a new system on the same stores makes of the actor; the journal reads it took. */
const recovered = async ({ journal, snapshots }: MemorySystem) => {
  const later = await startMemory({ journal, snapshots, drainMs: 5_000 })
  const readsBefore = journal.counts.read
  const { version, state } = await later.system.get(Counter, "a").state()
  return { later, version, total: state.context.total, readCount: journal.counts.read - readsBefore }
}

describe("a snapshot", () => {
  it("spares the replay", async () => {
    expect(await recovered(await withSnapshot())).toMatchObject({ version: 25, total: 25, readCount: 0 })
  })

  it("of an earlier release, which does not say of which commit it is, spares the replay as well", async () => {
    const memory = await withSnapshot()
    memory.snapshots.damage("counter/a", ({ state }) => ({
      state: JSON.stringify({ ...JSON.parse(state), commit: undefined }),
    }))
    expect(await recovered(memory)).toMatchObject({ version: 25, total: 25, readCount: 0 })
  })

  it("carries what deduplication needs", async () => {
    const { later } = await recovered(await withSnapshot())
    expect(await later.system.get(Counter, "a").ask(add(1), { commandId: "c-3" })).toEqual({
      version: 4,
      sequence: 4,
      reply: { total: 4 },
      duplicate: true,
    })
  })

  it.each([
    ["not JSON", () => ({ state: "{" })],
    ["of another shape", () => ({ state: "null" })],
    ["an empty object", () => ({ state: "{}" })],
    ["without a machine state", () => ({ state: '{"state":null,"recent":[]}' })],
    [
      "without recent commands",
      ({ state }) => ({ state: JSON.stringify({ ...JSON.parse(state), recent: undefined }) }),
    ],
    [
      "with recent commands of another shape",
      ({ state }) => ({ state: JSON.stringify({ ...JSON.parse(state), recent: [7] }) }),
    ],
    [
      "with a remembered command whose version is none",
      ({ state }) => ({
        state: JSON.stringify({ ...JSON.parse(state), recent: [["c-1", "f", null, 1]] }),
      }),
    ],
    [
      "with a timer that is none",
      ({ state }) => ({
        state: JSON.stringify({ ...JSON.parse(state), pending: { timers: [["t", null]], calls: [] } }),
      }),
    ],
    [
      "with a timer that is due at no moment",
      ({ state }) => ({
        state: JSON.stringify({
          ...JSON.parse(state),
          pending: { timers: [["t", { g: "1.0", at: 1e300, e: { type: "x" } }]], calls: [] },
        }),
      }),
    ],
    [
      "with a call that is none",
      ({ state }) => ({
        state: JSON.stringify({ ...JSON.parse(state), pending: { timers: [], calls: [["c", { g: 7 }]] } }),
      }),
    ],
    ["at a version below 0", () => ({ version: -25, sequence: -25 })],
    [
      "in a state that the machine does not have",
      ({ state }) => ({ state: state.replace('"open"', '"ajar"') }),
    ],
    [
      "of a node that reads an event which is not known here",
      ({ state }) => ({ state: JSON.stringify({ ...JSON.parse(state), events: { Future: 1 } }) }),
    ],
    ["of an older codec", () => ({ codec: "0:counter:1" })],
    ["of another definition version", () => ({ codec: "1:counter:2" })],
    ["at a version that is none", () => ({ version: 2.5 })],
    [
      "of a commit whose time is none",
      ({ state }) => ({ state: state.replace(/"commit":\[/, '"commit":["x",') }),
    ],
    ["at an earlier version than the journal's", () => ({ version: 24 })],
    ["at a later version than the journal's", () => ({ version: 26 })],
    ["at a wrong version, before the end", () => ({ version: 3, sequence: 20 })],
    [
      "in a state that does not take what follows",
      ({ state }) => ({ sequence: 20, version: 20, state: state.replace('"open"', '"closed"') }),
    ],
  ] as ReadonlyArray<readonly [string, (row: { state: string }) => object]>)(
    "FAULT 49: that is %s is ignored and the history replayed",
    async (_, damage) => {
      const memory = await withSnapshot()
      memory.snapshots.damage("counter/a", damage)
      const { later, version, total } = await recovered(memory)
      expect({ version, total }).toEqual({ version: 25, total: 25 })
      expect(await later.system.get(Counter, "a").ask(add(1))).toMatchObject({
        version: 26,
        reply: { total: 26 },
      })
      expect((await later.system.status()).quarantined).toEqual([])
    },
  )

  it("FAULT 50: that is ahead of the journal is discarded and the history replayed", async () => {
    const memory = await withSnapshot()
    memory.snapshots.damage("counter/a", () => ({ sequence: 26, version: 26 }))
    const { version, total } = await recovered(memory)
    expect({ version, total }).toEqual({ version: 25, total: 25 })
    expect(memory.snapshots.counts.discard).toBe(1)
  })

  it("FAULT 50: of an actor that the journal does not know is discarded", async () => {
    const memory = await withSnapshot()
    const { snapshots } = memory
    const row = snapshots.rows.get("counter/a")
    if (row !== undefined) snapshots.rows.set("counter/b", { ...row, key: "counter/b" })
    const later = await startMemory({ journal: memory.journal, snapshots })
    expect((await later.system.get(Counter, "b").state()).version).toBe(0)
    expect(await later.system.get(Counter, "b").ask(add(1))).toMatchObject({
      version: 1,
      reply: { total: 1 },
    })
  })
})

describe("a journal that has lost its end", () => {
  /** Other commits took the place of the lost ones, and the store did not hear that the snapshot is of a lost one. */
  const rewritten = async (moreCount: number): Promise<MemorySystem> => {
    const stored = makeJournalMemory()
    const memory = await withSnapshot(new JournalScripted(stored))
    const snapshot = memory.snapshots.rows.get("counter/a") as StoredSnapshot
    stored.truncate(24)
    memory.snapshots.rows.clear()
    const later = await startMemory({ ...memory, drainMs: 5_000 })
    for (let count = 0; count <= moreCount; count++) await later.system.get(Counter, "a").ask(add(100))
    await later.system.stop()
    memory.snapshots.rows.set("counter/a", snapshot)
    return memory
  }

  it.each([0, 1, 3])("does not take the snapshot of a lost commit, %i commits later", async (moreCount) => {
    const memory = await rewritten(moreCount)
    const { version, total } = await recovered(memory)
    expect({ version, total }).toEqual({ version: 25 + moreCount, total: 124 + 100 * moreCount })
    expect(memory.snapshots.counts.discard).toBe(1)
  })
})

describe("a snapshot store", () => {
  it("FAULT 51: that is down costs replays and nothing else, and snapshots resume when it is back", async () => {
    const memory = await withSnapshot()
    memory.snapshots.always = "down"
    const { later, version } = await recovered(memory)
    expect(version).toBe(25)
    const counter = later.system.get(Counter, "a")
    for (let index = 0; index < 30; index++) await counter.ask(add(1))
    await eventually(async () => (await later.system.status()).snapshots.failedCount > 0)
    memory.snapshots.always = "ok"
    for (let index = 0; index < 60; index++) await counter.ask(add(1))
    await eventually(() => (memory.snapshots.rows.get("counter/a")?.version ?? 0) > 55)
  })

  it("FAULT 51: that never answers a save does not hold up commands, nor stop for longer than the drain may take", async () => {
    const { system, snapshots } = await startMemory({ drainMs: 100 })
    snapshots.always = "hang"
    snapshots.script.load.push(...Array.from({ length: 301 }, () => "ok" as const))
    const counter = system.get(Counter, "a")
    for (let index = 0; index < 50; index++) await counter.ask(add(1))
    await eventually(() => snapshots.counts.save > 0)
    await Promise.all(Array.from({ length: 300 }, (_, index) => system.get(Counter, `n${index}`).ask(add(1))))
    const before = performance.now()
    await system.stop()
    expect(performance.now() - before).toBeLessThan(10_000)
  })

  it("FAULT 51: that is down lets the system stop at once, with whatever number of snapshots unsaved", async () => {
    const { system, snapshots } = await startMemory({ drainMs: 10_000 })
    await Promise.all(
      Array.from({ length: 3_000 }, (_, index) => system.get(Counter, `n${index}`).ask(add(1))),
    )
    snapshots.always = "down"
    const savesBefore = snapshots.counts.save
    await system.stop()
    // Each try may take seconds on a real database.
    expect(snapshots.counts.save - savesBefore).toBeLessThan(5)
  })

  it("gets no snapshot of a state that would come back as another, and those of other actors all the same", async () => {
    const { system, snapshots, journal } = await startMemory({ actors: [Priced, Counter], drainMs: 5_000 })
    const entry = { c: "old", fp: "", ev: [{ t: "Go", v: 1, d: {} }] }
    const commit = encodeCommit({ first: 1, at: 1, epoch: 1 }, [JSON.stringify(entry)])
    await Effect.runPromise(journal.inner.append(addressOf("priced", "d", SHARD_COUNT), 0, commit))
    await system.get(Priced, "d").ask({ type: "Go" })
    await expect(system.get(Priced, "new").ask({ type: "Go" })).rejects.toMatchObject({
      reason: "NotStorable",
    })
    await system.get(Counter, "c").ask({ type: "Many", count: 20 })
    await eventually(() => snapshots.rows.has("counter/c"))
    await eventually(async () => (await system.status()).snapshots.failedCount > 0)
    await system.get(Counter, "d").ask({ type: "Many", count: 20 })
    await eventually(() => snapshots.rows.has("counter/d"))
    await system.stop()
    expect(snapshots.rows.has("priced/d")).toBe(false)
    const later = await startMemory({ actors: [Priced, Counter], journal, snapshots })
    expect((await later.system.get(Priced, "d").state()).state.context).toEqual({
      price: new Price(),
      count: 2,
    })
  })
})

it("FAULT 72: a state with U+0000, from a journal of an earlier release, is kept in a snapshot and lives on", async () => {
  const Note = defineActor({
    type: "note",
    snapshotEveryEvents: 1,
    machine: setup({
      types: { context: {} as { text: string }, events: {} as { type: "Put"; text: string } },
    }).createMachine({
      context: { text: "" },
      on: { Put: { actions: assign({ text: ({ context, event }) => context.text + event.text }) } },
    }),
  })
  const first = await startMemory({ actors: [Note] })
  const address = addressOf("note", "n", SHARD_COUNT)
  const entry = { c: "old", fp: "", ev: [{ t: "Put", v: 1, d: { text: "a\0" } }] }
  const commit = encodeCommit({ first: 1, at: 1, epoch: 1 }, [JSON.stringify(entry)])
  await Effect.runPromise(first.journal.inner.append(address, 0, commit))
  const note = first.system.get(Note, "n")
  await note.ask({ type: "Put", text: "b" })
  await eventually(() => first.snapshots.rows.get("note/n")?.version === 2)
  await first.crash()
  const later = await startMemory({ ...first, actors: [Note] })
  const readsBefore = first.journal.counts.read
  const { state } = await later.system.get(Note, "n").state()
  expect(state.context.text).toBe("a\0b")
  expect(first.journal.counts.read).toBe(readsBefore)
  // Asked for by another node, it travels.
  const wired = replyOf(Note, Exit.succeed({ version: 2, sequence: 2, isBorn: true, state }))
  const arrived = decodeReply(Note, "n", encodeReply(wired))
  expect(arrived !== undefined && Exit.isSuccess(arrived) && arrived.value).toMatchObject({
    state: { context: { text: "a\0b" } },
  })
})

describe("restored machines", () => {
  const Nested = defineActor({
    type: "nested",
    snapshotEveryEvents: 1,
    machine: setup({
      types: { context: {} as { seen: number }, events: {} as { type: "Step" | "Leave" | "Back" | "Ring" } },
      guards: { fewRings: ({ context }) => context.seen < 3 },
    }).createMachine({
      type: "parallel",
      context: { seen: 0 },
      states: {
        work: {
          initial: "steps",
          states: {
            steps: {
              initial: "one",
              states: {
                one: { on: { Step: "two" } },
                two: { on: { Step: "three" } },
                three: { type: "final" },
                past: { type: "history", history: "deep" },
              },
              on: { Leave: "away" },
            },
            away: { on: { Back: "steps.past" } },
          },
        },
        bell: {
          initial: "quiet",
          states: {
            quiet: {
              on: {
                Ring: {
                  guard: "fewRings",
                  target: "loud",
                  actions: assign(({ context }) => ({ seen: context.seen + 1 })),
                },
              },
            },
            loud: { always: "quiet" },
          },
        },
      },
    }),
  })

  it("are where they were: parallel regions, nested states, history, guards", async () => {
    const { system, journal, snapshots } = await startMemory({ actors: [Nested], drainMs: 5_000 })
    const actor = system.get(Nested, "n")
    for (const type of ["Step", "Ring", "Leave"] as const) await actor.ask({ type })
    const before = await actor.state()
    expect(before.state.value).toEqual({ work: "away", bell: "quiet" })
    await system.stop()
    expect(snapshots.rows.get("nested/n")?.version).toBe(3)

    const later = await startMemory({ actors: [Nested], journal, snapshots, drainMs: 5_000 })
    const again = later.system.get(Nested, "n")
    expect((await again.state()).state.value).toEqual(before.state.value)
    await again.ask({ type: "Back" })
    expect((await again.state()).state.value).toEqual({ work: { steps: "two" }, bell: "quiet" })
    await again.ask({ type: "Ring" })
    await again.ask({ type: "Ring" })
    await expect(again.ask({ type: "Ring" })).rejects.toMatchObject({
      _tag: "CommandRejected",
      reason: "NotAccepted",
    })
    await later.system.stop()

    const replayed = await startMemory({ actors: [Nested], journal })
    const full = await replayed.system.get(Nested, "n").state()
    const snapshot = await startMemory({ actors: [Nested], journal, snapshots })
    const short = await snapshot.system.get(Nested, "n").state()
    expect(JSON.parse(JSON.stringify(short.state))).toEqual(JSON.parse(JSON.stringify(full.state)))
    expect(await historyOf(journal.inner, Nested, "n")).toHaveLength(6)
  })

  it.each([
    ["a region is missing", (text: string) => text.replace(',"bell":"quiet"', "")],
    ["a region is unknown", (text: string) => text.replace('"bell":"quiet"', '"bell":"quiet","horn":"off"')],
    ["a nested state is unknown", (text: string) => text.replace('"work":"away"', '"work":"gone"')],
    ["a leaf stands for a branch", (text: string) => text.replace('"work":"away"', '"work":"steps"')],
    ["the value is text", (text: string) => text.replace(/"value":\{[^}]*\}/, '"value":"work"')],
    ["the status is unknown", (text: string) => text.replace('"status":"active"', '"status":"sleeping"')],
    ["the machine was stopped", (text: string) => text.replace('"status":"active"', '"status":"stopped"')],
    ["the context is missing", (text: string) => text.replace(/"context":\{[^}]*\},?/, "")],
    [
      "a child is named",
      (text: string) => text.replace('"children":{}', '"children":{"x":{"src":"x","snapshot":{}}}'),
    ],
  ])("FAULT 49: where %s, the history is replayed", async (_, damage) => {
    const { system, journal, snapshots } = await startMemory({ actors: [Nested], drainMs: 5_000 })
    const actor = system.get(Nested, "n")
    for (const type of ["Step", "Ring", "Leave"] as const) await actor.ask({ type })
    await system.stop()
    snapshots.damage("nested/n", ({ state }) => {
      expect(damage(state)).not.toBe(state)
      return { state: damage(state) }
    })
    const later = await startMemory({ actors: [Nested], journal, snapshots })
    const again = later.system.get(Nested, "n")
    await again.ask({ type: "Back" })
    expect((await again.state()).state.value).toEqual({ work: { steps: "two" }, bell: "quiet" })
    expect((await again.state()).state.context).toEqual({ seen: 1 })
  })
})
