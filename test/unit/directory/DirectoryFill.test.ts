import { Effect } from "effect"
import { expect, test } from "vitest"
import { setup } from "xstate"
import { addressOf } from "../../../runtime/address/ActorAddress.ts"
import { encodeCommit } from "../../../runtime/commit/Commit.ts"
import { ActorsTable, defineActor } from "../../../runtime/index.ts"
import { JournalScripted } from "../../fixtures/memory/JournalScripted.ts"
import { eventually, SHARD_COUNT, startMemory } from "../../fixtures/memory/MemorySystem.ts"

const LONG = "x".repeat(1_000)

const Door = defineActor({
  type: "door",
  machine: setup({ types: {} as { events: { type: "Open" | "Remove" | "Extend" } } }).createMachine({
    initial: "closed",
    states: {
      closed: { on: { Open: "open", Extend: LONG } },
      open: { on: { Remove: "removed" } },
      removed: { type: "final" },
      [LONG]: {},
    },
  }),
})

/** Stores commits as the first release wrote them: without a name of the state. */
const storeOld = async (journal: JournalScripted, id: string, ...types: ReadonlyArray<string>) => {
  let sequence = 0
  for (const [index, t] of types.entries()) {
    const entry = { c: `${id}-${index}`, fp: "f", ev: [{ t, v: 1, d: {} }] }
    const data = encodeCommit({ first: index + 1, at: 1_000 + index, epoch: 1 }, [JSON.stringify(entry)])
    const append = journal.inner.append(addressOf("door", id, SHARD_COUNT), sequence, data)
    sequence = await Effect.runPromise(append)
  }
}

test("finds out the states of actors whose commits name none, once", async () => {
  const journal = new JournalScripted()
  await storeOld(journal, "a", "Open")
  await storeOld(journal, "b", "Open", "Remove")
  await storeOld(journal, "c", "Unheard")
  const { system } = await startMemory({ actors: [Door], directory: true, journal })
  await eventually(async () => (await system.status()).directory.filledCount === 2)
  expect((await system.actors.list({ type: Door })).actors).toEqual([
    expect.objectContaining({ id: "a", state: "open", done: false, version: 1, createdAt: 1_000 }),
    expect.objectContaining({
      id: "b",
      state: "removed",
      done: true,
      version: 2,
      createdAt: 1_000,
      updatedAt: 1_001,
    }),
    expect.not.objectContaining({ state: expect.anything() }),
  ])
  expect(await system.actors.count({ type: Door, by: "state" })).toEqual({
    total: 3,
    byState: { open: 1, removed: 1 },
    unknown: 1,
  })
})

test("keeps the state of a newer commit, and a name that is too long for commits cut", async () => {
  const { system } = await startMemory({ actors: [Door], directory: true })
  const door = system.get(Door, "a")
  await system.waitFor(ActorsTable, await door.ask({ type: "Extend" }))
  await eventually(async () => (await system.status()).directory.filledCount === 1)
  const [a] = (await system.actors.list({ type: Door })).actors
  expect(a?.state).toMatch(/^x{599}…$/)
  await system.waitFor(ActorsTable, await system.get(Door, "b").ask({ type: "Open" }))
  expect((await system.actors.list({ type: Door, state: "open" })).actors).toMatchObject([{ id: "b" }])
})

test("lists no actor that has only refused messages so far", async () => {
  const journal = new JournalScripted()
  const receipt = { c: "m-1", fp: "f", ev: [], no: true }
  const data = encodeCommit({ first: 1, at: 1, epoch: 1 }, [JSON.stringify(receipt)])
  const sequence = await Effect.runPromise(journal.inner.append(addressOf("door", "a", SHARD_COUNT), 0, data))
  const { system } = await startMemory({ actors: [Door], directory: true, journal })
  await system.waitFor(ActorsTable, sequence)
  expect((await system.actors.list({ type: Door })).actors).toEqual([])
  await system.spawn(Door, "b")
  await eventually(async () => (await system.actors.list({ type: Door })).actors.length > 0)
  expect((await system.actors.list({ type: Door })).actors).toMatchObject([
    { id: "b", version: 0, state: "closed" },
  ])
})
