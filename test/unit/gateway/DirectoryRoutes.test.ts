/** Lists of actors, dry runs and pending work over HTTP. */
import { Effect } from "effect"
import { describe, expect, it } from "vitest"
import { assign, setup } from "xstate"
import { defineActor } from "../../../runtime/index.ts"
import { ClusterMemory } from "../../fixtures/memory/ClusterMemory.ts"
import { Counter } from "../../fixtures/memory/Counter.ts"
import { JournalScripted } from "../../fixtures/memory/JournalScripted.ts"
import { eventually, SHARD_COUNT } from "../../fixtures/memory/MemorySystem.ts"
import { asUser, startGateway } from "./GatewayFixture.ts"

/** An actor with columns of each kind in the directory. */
const Parcel = defineActor({
  type: "parcel",
  machine: setup({
    types: {
      context: {} as { customer: string | null; grams: number },
      events: {} as { type: "Pack"; customer: string | null; grams: number } | { type: "Send" },
    },
  }).createMachine({
    context: { customer: null, grams: 0 },
    initial: "open",
    states: {
      open: {
        on: {
          Pack: { actions: assign(({ event: { customer, grams } }) => ({ customer, grams })) },
          Send: "sent",
        },
      },
      sent: {},
    },
  }),
  directory: {
    columns: ({ context: { customer, grams } }) => ({ customer, grams, heavy: grams > 1_000 }),
  },
})

describe("GET /actors/{type}", () => {
  it("lists actors by their columns, and says what the columns are", async () => {
    const { call } = await startGateway({}, { actors: [Parcel], directory: true })
    const pack = (id: string, customer: string | null, grams: number) =>
      call("POST", `/actors/parcel/${id}/Pack`, { customer, grams })
    await pack("a", "ann", 300)
    await pack("b", null, 2_000)
    await pack("c", "ann", 2_000)
    await call("POST", "/actors/parcel/c/Send", {})
    const ids = async (query: Record<string, string>) => {
      const { body } = await call("GET", `/actors/parcel?${new URLSearchParams(query)}`)
      return body.items.map(({ id }: { id: string }) => id)
    }
    await eventually(async () => (await ids({ state: "sent" })).length === 1)
    const { body } = await call("GET", "/actors/parcel?limit=1")
    expect(body.items).toMatchObject([{ id: "a", columns: { customer: "ann", grams: 300, heavy: false } }])
    expect(await ids({ where: '{"customer":"ann"}' })).toEqual(["a", "c"])
    expect(await ids({ where: '{"customer":"ann","heavy":true}' })).toEqual(["c"])
    expect(await ids({ where: '{"customer":null,"grams":2000}' })).toEqual(["b"])
    expect(await ids({ exceptStates: "sent" })).toEqual(["a", "b"])
    expect(await ids({ exceptStates: "sent,open" })).toEqual([])
    for (const where of ["ann", "[]", "null", '{"customer":{}}']) {
      const refused = await call("GET", `/actors/parcel?where=${encodeURIComponent(where)}`)
      expect([where, refused.status]).toEqual([where, 400])
    }
  })

  it("lists actors by state, page by page", async () => {
    const { call } = await startGateway({}, { directory: true })
    for (const id of ["a", "b", "c"]) await call("POST", `/actors/counter/${id}/Add`, { by: 1 })
    await call("POST", "/actors/counter/b/Close", {})
    await eventually(async () => (await call("GET", "/actors/counter?state=closed")).body.items.length === 1)
    const { body } = await call("GET", "/actors/counter?limit=2")
    expect(body.items).toMatchObject([
      { type: "counter", id: "a", state: "open", version: 1, done: false },
      { id: "b", state: "closed", version: 2 },
    ])
    const rest = await call("GET", `/actors/counter?limit=2&cursor=${body.next}`)
    expect(rest.body.items).toMatchObject([{ id: "c" }])
    expect(rest.body.next).toBeUndefined()
    const { items } = (await call("GET", "/types?counts=true")).body
    expect(items[0].counts).toEqual({ total: 3, byState: { open: 2, closed: 1 }, unknown: 0 })
    expect((await call("GET", "/types")).body.items[0].counts).toBeUndefined()
  })

  it("counts actors and transitions of types, or says that there is no directory", async () => {
    const { call } = await startGateway({}, { directory: true, actors: [Counter, Parcel] })
    for (const id of ["a", "b"]) await call("POST", `/actors/counter/${id}/Add`, { by: 1 })
    await call("POST", "/actors/counter/b/Close", {})
    const typesWithCounts = async () => (await call("GET", "/types?counts=true")).body.items
    await eventually(async () => (await typesWithCounts())[0].counts.byState.closed === 1)
    const [counter, parcel] = await typesWithCounts()
    expect(counter.transitions).toEqual({
      since: expect.any(String),
      items: [
        { from: "open", event: "Added", to: "open", count: 2 },
        { from: "open", event: "Closed", to: "closed", count: 1 },
      ],
      uncounted: 0,
    })
    expect(parcel.transitions.items).toEqual([])
    expect((await call("GET", "/types/counter?counts=true")).body.transitions.items).toHaveLength(2)
    expect((await call("GET", "/types/counter")).body.transitions).toBeUndefined()
    const without = await startGateway({}, { directory: false })
    const refused = await without.call("GET", "/types?counts=true")
    expect(refused).toMatchObject({ status: 404, body: { type: expect.stringContaining("directory-off") } })
  })

  it("counts the transitions of all nodes", async () => {
    const cluster = await Effect.runPromise(ClusterMemory.make)
    const journal = new JournalScripted()
    const startNode = (name: string) =>
      startGateway({}, { directory: true, actors: [Counter, Parcel], cluster, journal, node: { name } })
    const [one, two] = await Promise.all([startNode("one"), startNode("two")])
    const isSpread = async () => {
      const { slots } = await one.system.cluster.status()
      const owners = slots.flatMap(({ slot, member }) => (slot.startsWith("shard.") ? (member ?? []) : []))
      return owners.length === SHARD_COUNT && new Set(owners).size === 2
    }
    await eventually(isSpread)
    for (let index = 0; index < 20; index++)
      await one.call("POST", `/actors/counter/c${index}/Add`, { by: 1 })
    await one.call("POST", "/actors/parcel/p/Send", {})
    const seen = async ({ call }: typeof one) => {
      const { items } = (await call("GET", "/types?counts=true")).body
      return items.map(
        ({ transitions }: { transitions: { items: ReadonlyArray<object> } }) => transitions.items,
      )
    }
    const all = [
      [{ from: "open", event: "Added", to: "open", count: 20 }],
      [expect.objectContaining({ count: 1 })],
    ]
    expect(await seen(one)).toEqual(all)
    expect(await seen(two)).toEqual(all)
    const loads = await Promise.all([one, two].map(({ system }) => system.status()))
    for (const { residentCount } of loads) expect(residentCount).toBeGreaterThan(0)
  })

  it("refuses conditions that cannot be", async () => {
    const { call } = await startGateway({}, { directory: true })
    for (const query of ["limit=0", "limit=1001", "updatedBefore=yesterday", "done=maybe", "cursor=%00"]) {
      expect([query, (await call("GET", `/actors/counter?${query}`)).status]).toEqual([query, 400])
    }
    expect((await call("GET", "/actors/nothing")).status).toBe(404)
  })
})

describe("what happened lately", () => {
  it("is counted by transition, and found by correlation", async () => {
    const { call } = await startGateway({ authorize: asUser("ann") }, { directory: true })
    await call("POST", "/actors/counter/a/Add", { by: 1 }, { "x-correlation-id": "r-1" })
    await call("POST", "/actors/counter/a/Close", {}, { "x-correlation-id": "r-1" })
    const { items, spanMs } = (await call("GET", "/types/counter/transitions?minutes=1")).body
    expect(spanMs).toBe(5_000)
    const closed = items.find(({ event }: { event: string }) => event === "Closed")
    expect(closed).toMatchObject({ from: "open", to: "closed", count: 1 })
    await eventually(async () => (await call("GET", "/correlations/r-1")).body.items.length === 2)
    expect((await call("GET", "/correlations/r-1")).body.items).toMatchObject([
      { type: "counter", id: "a", events: ["Added"], versions: { first: 1, last: 1 }, user: "ann" },
      { events: ["Closed"] },
    ])
    expect((await call("GET", "/correlations/none")).body.items).toEqual([])
    expect((await call("GET", "/types/counter/transitions?minutes=0")).status).toBe(400)
  })
})

describe("POST .../{Command}/dry-run", () => {
  it("says what would be stored, and stores nothing", async () => {
    const { call } = await startGateway({}, { directory: true })
    for (const by of [1, 2]) await call("POST", "/actors/counter/a/Add", { by })
    const { status, body } = await call("POST", "/actors/counter/a/Add/dry-run", { by: 5 })
    expect([status, body]).toMatchObject([
      200,
      {
        outcome: "stored",
        fromVersion: 2,
        version: 3,
        events: [{ type: "Added", by: 5 }],
        reply: { total: 8 },
        actor: { state: "open", context: { total: 8 } },
        sends: [],
      },
    ])
    const past = await call("POST", "/actors/counter/a/Add/dry-run?version=1", { by: 5 })
    expect(past.body).toMatchObject({ fromVersion: 1, reply: { total: 6 } })
    const refused = await call("POST", "/actors/counter/a/Refuse/dry-run", {})
    expect(refused.body).toMatchObject({ outcome: "refused", problem: { status: 422, reason: "NotToday" } })
    const malformed = await call("POST", "/actors/counter/a/Add/dry-run", { by: "five" })
    expect([malformed.status, malformed.body]).toMatchObject([
      200,
      { outcome: "refused", problem: { status: 400, issues: [{ path: "by" }] } },
    ])
    expect((await call("GET", "/actors/counter/a")).body.version).toBe(2)
    expect((await call("GET", "/actors/counter/a/pending")).body).toMatchObject({ version: 2, timers: [] })
  })
})
