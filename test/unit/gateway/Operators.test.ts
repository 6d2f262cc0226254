/** What operators see and do over HTTP: sagas of any type, dead letters, projections, and the log of it all. */
import { Effect, Schema } from "effect"
import { describe, expect, it, onTestFinished } from "vitest"
import { assign, setup } from "xstate"
import { type GatewayOptions, makeGateway } from "../../../infra/http.ts"
import { addressOf } from "../../../runtime/address/ActorAddress.ts"
import type { ClusterEvent } from "../../../runtime/cluster/ClusterEvent.ts"
import { defineActor, defineEvent, type EventOf, reject } from "../../../runtime/define.ts"
import { defineProjection } from "../../../runtime/index.ts"
import { defineSaga } from "../../../runtime/saga.ts"
import { node, shared } from "../../fixtures/memory/ClusterNodes.ts"
import { eventually, SHARD_COUNT } from "../../fixtures/memory/MemorySystem.ts"
import { asUser, type Call, callOf, startGateway } from "./GatewayFixture.ts"

const Amount = Schema.Struct({ minor: Schema.Int })
const events = { Changed: defineEvent(Amount) }
const machine = setup({
  types: { context: {} as { balance: number }, events: {} as EventOf<typeof events> },
}).createMachine({
  context: { balance: 0 },
  initial: "open",
  states: {
    open: {
      on: {
        Changed: { actions: assign({ balance: ({ context, event }) => context.balance + event.minor }) },
      },
    },
  },
})
const Purse = defineActor({
  type: "purse",
  machine,
  events,
  commands: {
    Give: { schema: Amount, decide: ({ payload }) => ({ type: "Changed", ...payload }) },
    Take: {
      schema: Amount,
      decide: ({ payload: { minor } }) =>
        minor > 100 ? reject("TooMuch") : { type: "Changed" as const, minor: -minor },
    },
    /** Never works: a saga that must undo by it gets stuck. */
    Refund: { schema: Amount, decide: () => reject("NoRefunds") },
  },
})
const Trade = defineSaga({
  type: "trade",
  input: Schema.Struct({ from: Schema.String, to: Schema.String, minor: Schema.Int }),
  steps: (saga) =>
    saga
      .step("take", {
        request: ({ input: { from } }) => ({ actor: Purse, id: from, command: { type: "Take", minor: 1 } }),
        compensate: ({ input: { from } }) => ({
          actor: Purse,
          id: from,
          command: { type: "Refund", minor: 1 },
        }),
      })
      .step("give", {
        request: ({ input: { to, minor } }) => ({ actor: Purse, id: to, command: { type: "Take", minor } }),
      }),
})

const market = (options: GatewayOptions = {}) =>
  startGateway({ authorize: asUser("ann"), ...options }, { actors: [Purse], sagas: [Trade], directory: true })

describe("sagas", () => {
  it("are listed, shown, and operated, whatever their type", async () => {
    const { call } = await market()
    const start = (id: string, minor: number) =>
      call("POST", `/actors/trade/${id}/Start`, { input: { from: "a", to: "b", minor } })
    expect((await start("t-1", 1)).status).toBe(200)
    expect((await start("t-2", 500)).status).toBe(200)
    await eventually(async () => (await call("GET", "/sagas?state=stuck")).body.items.length === 1)
    expect((await call("GET", "/sagas?state=stuck")).body.items).toMatchObject([{ type: "trade", id: "t-2" }])
    expect((await call("GET", "/sagas/trade?state=completed")).body.items).toMatchObject([{ id: "t-1" }])
    const { body: stuck } = await call("GET", "/sagas/trade/t-2")
    expect(stuck).toMatchObject({
      state: "stuck",
      cause: { kind: "StepRejected", item: "give", reason: "TooMuch" },
      stuck: { item: "take", reason: "NoRefunds" },
      items: [
        { key: "take", status: "compensating" },
        { key: "give", status: "rejected" },
      ],
    })
    const skipped = await call("POST", "/sagas/trade/t-2/skip", {
      item: "take",
      note: "paid by hand",
      by: "eve",
    })
    expect(skipped.status).toBe(200)
    await eventually(async () => (await call("GET", "/sagas/trade/t-2")).body.state === "compensated")
    const { items } = (await call("GET", "/actors/trade/t-2/history")).body
    expect(items.find(({ type }: { type: string }) => type === "SagaSkipped")).toMatchObject({
      data: { by: "ann", note: "paid by hand" },
      user: "ann",
    })
    expect((await call("GET", "/operations")).body.items).toEqual([])
    expect((await call("GET", "/types/trade/picture")).body.mermaid).toContain("stateDiagram")
    expect((await call("GET", "/sagas/purse")).status).toBe(404)
    expect((await call("GET", "/sagas/trade/none")).status).toBe(404)
  })

  /** A saga that is stuck until an operator helps it. */
  const stuckSaga = async (call: Call) => {
    await call("POST", "/actors/trade/t-1/Start", { input: { from: "a", to: "b", minor: 500 } })
    await eventually(async () => (await call("GET", "/sagas/trade/t-1")).body.state === "stuck")
  }

  it("are signed by the known caller on the road of actors, too", async () => {
    const { call } = await market()
    await stuckSaga(call)
    const abort = { by: "eve", note: "given up" }
    const signed = { by: "ann", note: "given up" }
    expect((await call("POST", "/actors/trade/t-1/Abort/dry-run", abort)).body.events).toMatchObject([
      { type: "SagaAborted", ...signed },
    ])
    expect((await call("POST", "/actors/trade/t-1/Abort", abort)).status).toBe(200)
    const { items } = (await call("GET", "/actors/trade/t-1/history")).body
    expect(items.find(({ type }: { type: string }) => type === "SagaAborted")).toMatchObject({ data: signed })
  })

  it("are operated whatever commands are exposed, and do not exist where their type is not exposed", async () => {
    const abort = { note: "given up" }
    const { call } = await market({ expose: { trade: ["Start"] } })
    await stuckSaga(call)
    expect((await call("POST", "/actors/trade/t-1/Abort", abort)).status).toBe(404)
    expect((await call("POST", "/sagas/trade/t-1/abort", abort)).status).toBe(200)
    const { call: closed } = await market({ expose: ["purse"] })
    for (const [method, path] of [
      ["GET", "/sagas/trade"],
      ["GET", "/sagas/trade/t-1"],
      ["GET", "/types/trade/picture"],
      ["POST", "/sagas/trade/t-1/cancel"],
      ["POST", "/sagas/trade/t-1/abort"],
    ] as const) {
      const answer = await closed(method, path, method === "POST" ? abort : undefined)
      expect([path, answer.status, answer.body.type]).toEqual([
        path,
        404,
        "urn:everstate:problem:unknown-type",
      ])
    }
  })

  it("are paged over types", async () => {
    const { call } = await market()
    for (const id of ["t-1", "t-2", "t-3"]) {
      await call("POST", `/actors/trade/${id}/Start`, { input: { from: "a", to: "b", minor: 1 } })
    }
    await eventually(async () => (await call("GET", "/sagas")).body.items.length === 3)
    const first = (await call("GET", "/sagas?limit=2")).body
    expect(first.items).toMatchObject([{ id: "t-1" }, { id: "t-2" }])
    const rest = (await call("GET", `/sagas?limit=2&cursor=${encodeURIComponent(first.next)}`)).body
    expect(rest).toMatchObject({ items: [{ id: "t-3" }] })
    expect(rest.next).toBeUndefined()
    expect((await call("GET", "/sagas?cursor=nonsense")).status).toBe(400)
  })
})

describe("dead letters", () => {
  it("are listed, grouped, redriven and discarded; each verb is in the log with who, when and why", async () => {
    const { call } = await market()
    for (const id of ["a", "b"]) await call("POST", `/actors/purse/${id}/Take?via=tell`, { minor: 500 })
    await eventually(async () => (await call("GET", "/dead-letters")).body.items.length === 2)
    expect((await call("GET", "/dead-letters/groups")).body).toMatchObject({
      complete: true,
      items: [{ reason: "Rejected", count: 2, receivers: { purse: 2 } }],
    })
    const page = (await call("GET", "/dead-letters?limit=1")).body
    expect((await call("GET", `/dead-letters?cursor=${page.next}`)).body.items.length).toBe(1)
    expect(page.items).toMatchObject([{ key: "purse/a", type: "purse", id: "a" }])
    const number = page.items[0].number
    const discarded = await call("DELETE", `/dead-letters/${number}`, undefined, { "everstate-note": "spam" })
    expect([discarded.status, discarded.headers.get("everstate-operation")]).toEqual([204, "1"])
    const bulk = await call("POST", "/dead-letters/redrive", { reason: "Rejected" })
    // The message is refused again, and its new letter is not redriven.
    expect(bulk.body).toMatchObject({ complete: true, done: 1 })
    expect((await call("POST", "/cluster/members/nobody/drain")).status).toBe(404)
    const { items } = (await call("GET", "/operations")).body
    expect(items).toMatchObject([
      {
        verb: "cluster.drain",
        target: "/cluster/members/nobody/drain",
        outcome: expect.stringMatching(/^404 /),
      },
      { verb: "deadLetters.redriveAll", by: "ann", note: "", outcome: "done" },
      {
        verb: "deadLetters.discard",
        target: `/dead-letters/${number}`,
        by: "ann",
        note: "spam",
        outcome: "done",
      },
    ])
    expect(Date.parse(items[0].at)).toBeGreaterThan(Date.now() - 60_000)
    expect((await call("GET", "/operations?limit=1")).body).toMatchObject({ next: "3" })
    expect((await call("GET", "/operations?cursor=3&limit=5")).body.items.length).toBe(2)
  })
})

describe("projections and reactors", () => {
  it("are listed with their owners", async () => {
    const { call } = await market()
    const { items } = (await call("GET", "/projections")).body
    const actors = items.find(({ name }: { name: string }) => name === "everstate_actors")
    expect(actors).toMatchObject({ lag: 0, owners: [{ slot: expect.any(String) }] })
    expect((await call("GET", "/reactors")).body.items).toEqual([])
  })

  it("are rebuilt by operators, and it is in the log with who and why", async () => {
    const { call } = await market()
    await call("POST", "/actors/purse/a/Give", { minor: 1 })
    const note = { "everstate-note": "rows were changed by hand" }
    const rebuilt = await call("POST", "/projections/everstate_actors/rebuild", undefined, note)
    expect(rebuilt).toMatchObject({
      status: 200,
      body: { projection: "everstate_actors", version: 1, untold: [] },
    })
    await eventually(async () => (await call("GET", "/actors/purse")).body.items.length === 1)
    const unknown = await call("POST", "/projections/nothing/rebuild")
    expect(unknown).toMatchObject({ status: 404, body: { reason: "UnknownProjection" } })
    expect(unknown.headers.get("content-type")).toContain("application/problem+json")
    expect((await call("GET", "/operations")).body.items).toMatchObject([
      { verb: "projections.rebuild", outcome: expect.stringMatching(/^404 /) },
      { verb: "projections.rebuild", by: "ann", note: "rows were changed by hand", outcome: "done" },
    ])
  })
})

describe("a record that a projection does not get past", () => {
  const Totals = defineProjection({
    name: "totals",
    version: 1,
    from: [Purse],
    table: { name: "totals", columns: { id: "text not null" }, primaryKey: ["id"] },
    key: ({ id }) => ({ id }),
    fold: (_, { id }) => ({ id }),
  })

  it("is skipped in the name of the known operator, else in the name that the order gives", async () => {
    const on = await shared()
    const { system } = await node("one", on, { actors: [Purse], projections: [Totals] })
    const skipped: Array<ClusterEvent> = []
    system.cluster.onEvent((event) => {
      if (event.type === "RecordSkipped") skipped.push(event)
    })
    const slot = "projection.totals.v1.p0"
    /** Has the projection meet a record that nobody can read, and skips it. */
    const skip = async (user: string | undefined, order: { readonly by?: string }) => {
      const garbage = new TextEncoder().encode("{not json")
      const address = addressOf("purse", `bad-${skipped.length}`, SHARD_COUNT)
      const sequence = await Effect.runPromise(on.journal.inner.append(address, 0, garbage))
      const gateway = makeGateway(system, { authorize: () => ({ user }) })
      onTestFinished(() => gateway.close())
      const call = callOf(gateway.fetch)
      const found = async () =>
        (await system.cluster.status()).slots.find((one) => one.slot === slot)?.stopped?.sequence
      await eventually(async () => (await found()) === sequence)
      const count = skipped.length
      const answer = await call("POST", `/cluster/slots/${slot}/skip`, {
        sequence,
        note: "by hand",
        ...order,
      })
      expect(answer).toMatchObject({ status: 200, body: { deadLetters: 1, news: true } })
      await eventually(() => skipped.length > count)
      return JSON.stringify(skipped.at(-1))
    }
    expect(await skip("ann", { by: "eve" })).toContain("by ann: by hand")
    expect(await skip("ann", {})).toContain("by ann: by hand")
    expect(await skip(undefined, { by: "console" })).toContain("by console: by hand")
    expect(await skip(undefined, {})).toContain("by unknown: by hand")
  })
})
