import { Effect } from "effect"
import { expect, test } from "vitest"
import { setup } from "xstate"
import { addressOf } from "../../../runtime/address/ActorAddress.ts"
import { encodeCommit } from "../../../runtime/commit/Commit.ts"
import { ActorsTable, defineActor } from "../../../runtime/index.ts"
import { Counter } from "../../fixtures/memory/Counter.ts"
import { type MemoryOptions, SHARD_COUNT, startMemory } from "../../fixtures/memory/MemorySystem.ts"

const Parcel = defineActor({
  type: "parcel",
  machine: setup({ types: {} as { events: { type: "Pack" | "Send" | "Lose" | "Arrive" } } }).createMachine({
    initial: "ordered",
    states: {
      ordered: { on: { Pack: "moving" } },
      moving: {
        tags: "open",
        initial: "packed",
        states: { packed: { on: { Send: "sent" } }, sent: { tags: "far" } },
        on: { Arrive: "arrived", Lose: "lost" },
      },
      lost: { tags: "open" },
      arrived: { type: "final" },
    },
  }),
})

const start = (options: MemoryOptions = {}) =>
  startMemory({ actors: [Counter, Parcel], directory: true, ...options })

type Step = "Pack" | "Send" | "Lose" | "Arrive"

/** Parcels that have taken these steps, once the directory has read them. */
const withParcels = async (parcels: { readonly [id: string]: ReadonlyArray<Step> }) => {
  const { system, ...world } = await start()
  for (const [id, steps] of Object.entries(parcels)) {
    for (const type of steps) {
      await system.waitFor(ActorsTable, await system.get(Parcel, id).ask({ type }))
    }
  }
  const idsOf = async (options: Partial<Parameters<typeof system.actors.list>[0]>) =>
    (await system.actors.list({ type: Parcel, ...options })).actors.map(({ id }) => id)
  return { system, idsOf, ...world }
}

const FLEET = {
  a: ["Pack"],
  b: ["Pack", "Send"],
  c: ["Pack", "Lose"],
  d: ["Pack", "Send", "Arrive"],
} as const

test("lists the actors of a type with their states, versions and times", async () => {
  const { system } = await withParcels(FLEET)
  const { actors, next } = await system.actors.list({ type: Parcel })
  expect(next).toBeUndefined()
  expect(actors).toEqual([
    expect.objectContaining({ type: "parcel", id: "a", state: "{moving:packed}", version: 1, done: false }),
    expect.objectContaining({ id: "b", state: "{moving:sent}", version: 2 }),
    expect.objectContaining({ id: "c", state: "lost", version: 2, failed: false }),
    expect.objectContaining({ id: "d", state: "arrived", version: 3, done: true }),
  ])
  for (const { createdAt, updatedAt } of actors) expect(updatedAt).toBeGreaterThanOrEqual(createdAt)
})

test("finds actors by state, part of a state, tag, prefix, end and age", async () => {
  const { idsOf } = await withParcels({ ...FLEET, "a/1": ["Pack"], 한글: ["Pack"] })
  expect(await idsOf({ state: "lost" })).toEqual(["c"])
  expect(await idsOf({ state: "moving" })).toEqual(["a", "a/1", "b", "한글"])
  expect(await idsOf({ state: "moving.sent" })).toEqual(["b"])
  expect(await idsOf({ tag: "open" })).toEqual(["a", "a/1", "b", "c", "한글"])
  expect(await idsOf({ tag: "open", state: "lost" })).toEqual(["c"])
  expect(await idsOf({ tag: "far" })).toEqual(["b"])
  expect(await idsOf({ exceptStates: ["moving", "lost"] })).toEqual(["d"])
  expect(await idsOf({ exceptStates: ["moving.packed"], tag: "open" })).toEqual(["b", "c"])
  expect(await idsOf({ exceptStates: [] })).toHaveLength(6)
  expect(await idsOf({ tag: "none" })).toEqual([])
  expect(await idsOf({ idPrefix: "a" })).toEqual(["a", "a/1"])
  expect(await idsOf({ idPrefix: "한" })).toEqual(["한글"])
  expect(await idsOf({ done: true })).toEqual(["d"])
  expect(await idsOf({ updatedBefore: Date.now() + 1_000, state: "lost" })).toEqual(["c"])
  expect(await idsOf({ updatedBefore: new Date(0) })).toEqual([])
  expect(await idsOf({ createdBefore: 1 })).toEqual([])
  const born = { exceptStates: ["moving", "lost"], createdBefore: Date.now() + 1_000 }
  expect(await idsOf(born)).toEqual(["d"])
  expect(await idsOf({ ...born, createdBefore: 1 })).toEqual([])
})

test("gives every actor on exactly one page", async () => {
  const { system } = await withParcels(FLEET)
  const seen: Array<string> = []
  let cursor: string | undefined
  do {
    const page = await system.actors.list({ type: "parcel", limit: 3, ...(cursor && { cursor }) })
    seen.push(...page.actors.map(({ id }) => id))
    cursor = page.next
  } while (cursor !== undefined)
  expect(seen).toEqual(["a", "b", "c", "d"])
})

test("counts by state", async () => {
  const { system } = await withParcels({ ...FLEET, e: ["Pack", "Lose"] })
  expect(await system.actors.count({ type: Parcel, by: "state" })).toEqual({
    total: 5,
    byState: { "{moving:packed}": 1, "{moving:sent}": 1, lost: 2, arrived: 1 },
    unknown: 0,
  })
  expect(await system.actors.count({ type: "unheard", by: "state" })).toMatchObject({ total: 0 })
})

test("refuses what cannot be listed, and says what to give instead", async () => {
  const { system } = await start()
  const refused = (options: object) => expect(system.actors.list({ type: Parcel, ...options })).rejects
  await refused({ limit: 0 }).toMatchObject({ _tag: "InvalidListing", option: "limit" })
  await refused({ limit: 1_001 }).toMatchObject({ _tag: "InvalidListing", option: "limit" })
  await refused({ type: undefined }).toMatchObject({ _tag: "InvalidListing", option: "type" })
  await refused({ updatedBefore: new Date("?") }).toMatchObject({ option: "updatedBefore" })
  await refused({ idPrefix: "a\0" }).toMatchObject({ option: "idPrefix" })
  await refused({ state: 3 }).toMatchObject({ option: "state" })
  await refused({ exceptStates: "lost" }).toMatchObject({ option: "exceptStates" })
  await refused({ type: "unheard", tag: "open" }).toMatchObject({ option: "tag" })
  await expect(system.actors.count({ type: Parcel, by: "tag" as "state" })).rejects.toMatchObject({
    option: "by",
  })
})

test("answers that it is off where the system was started without it", async () => {
  const { system } = await start({ directory: false })
  await expect(system.actors.list({ type: Parcel })).rejects.toMatchObject({ _tag: "DirectoryOff" })
  await expect(system.actors.count({ type: Parcel, by: "state" })).rejects.toMatchObject({
    _tag: "DirectoryOff",
  })
  expect((await system.status()).projections).toEqual([])
})

test("names the actors in quarantine, with the reason", async () => {
  const { system, journal } = await withParcels(FLEET)
  await system.cluster.passivate(Parcel, "b")
  const [b] = (await system.actors.list({ type: Parcel, idPrefix: "b" })).actors
  const gap = encodeCommit({ first: 9, at: Date.now(), epoch: 1 }, [])
  await Effect.runPromise(journal.inner.append(addressOf("parcel", "b", SHARD_COUNT), b?.sequence ?? 0, gap))
  await expect(system.get(Parcel, "b").state()).rejects.toMatchObject({ _tag: "ActorQuarantined" })
  expect(await system.actors.quarantined()).toMatchObject([
    { type: "parcel", id: "b", reason: "VersionGap", node: expect.any(String) },
  ])
  const held = await system.actors.list({ type: Parcel, quarantined: true })
  expect(held.actors).toMatchObject([{ id: "b", quarantine: { reason: "VersionGap" } }])
  const others = await system.actors.list({ type: Parcel, quarantined: false })
  expect(others.actors.map(({ id }) => id)).toEqual(["a", "c", "d"])
})
