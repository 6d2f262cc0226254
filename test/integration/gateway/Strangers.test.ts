/** A stranger's actors on real servers, exposed, listed, watched, asked and operated with no line of HTTP of their own. */
import { expect, onTestFinished, test } from "vitest"
import { READY_CHECK_MS } from "../../../infra/http/OperationRoutes.ts"
import { makeGateway } from "../../../infra/http.ts"
import { metricsHistoryOf } from "../../../infra/metrics/MetricsHistory.ts"
import { SPAN_MS } from "../../../infra/metrics/MetricsRing.ts"
import { effectFaceOf } from "../../../runtime/promise/ActorSystem.ts"
import type { ActorSystemService } from "../../../runtime/system/ActorSystem.ts"
import { callOf } from "../../unit/gateway/GatewayFixture.ts"
import { untilShares } from "../cluster/ClusterFixture.ts"
import { eventually, freshNamespace, serversOfFile, startSystem } from "../system/SystemFixture.ts"
import { Booking, Bookings, Seat } from "./Seats.ts"

const servers = serversOfFile()

const theatre = async () => {
  const namespace = freshNamespace()
  const system = await startSystem(servers(), {
    namespace,
    actors: [Seat],
    sagas: [Booking],
    projections: [Bookings],
  })
  const gateway = makeGateway(system)
  onTestFinished(() => gateway.close())
  const { url } = await gateway.listen()
  return { url, call: callOf(fetch, url), namespace }
}

test("seats are shown, held, booked, listed and watched", async () => {
  const { url, call } = await theatre()
  const { items: types } = (await call("GET", "/types")).body
  expect(types.map(({ type, kind }: { type: string; kind: string }) => [type, kind])).toEqual([
    ["seat", "actor"],
    ["booking", "saga"],
  ])
  const held = await call("POST", "/actors/seat/a-1/Hold", { guest: "김누리" }, { "idempotency-key": "h-1" })
  expect([held.status, held.body.version]).toEqual([200, 1])
  const taken = await call("POST", "/actors/seat/a-1/Hold", { guest: "Bo" })
  expect([taken.status, taken.body.reason, taken.body.facts]).toEqual([422, "Taken", { by: "김누리" }])
  expect((await call("GET", "/actors/seat/a-1/pending")).body.timers).toMatchObject([
    { at: expect.stringMatching(/^\d{4}-/) },
  ])
  const stream = await fetch(`${url}/actors/seat/a-1/watch`)
  const reader = stream.body?.getReader()
  let seen = ""
  const sees = async (text: string) => {
    while (!seen.includes(text)) seen += new TextDecoder().decode((await reader?.read())?.value)
  }
  await sees('"state":"held"')
  const dry = await call("POST", "/actors/seat/a-1/Book/dry-run", { guest: "김누리", priceMinor: 100 })
  expect(dry.body).toMatchObject({ outcome: "stored", version: 2, actor: { state: "booked" } })
  const booked = await call("POST", "/actors/seat/a-1/Book", { guest: "김누리", priceMinor: 100 })
  expect(booked.body.reply).toEqual({ ticket: "a-1/김누리" })
  await sees('"state":"booked"')
  await reader?.cancel()
  await call("POST", "/actors/seat/a-2/Hold?via=tell", { guest: "Bo" })
  // The directory follows the commits.
  const heldIds = async () =>
    (await call("GET", "/actors/seat?state=held")).body.items.map(({ id }: { readonly id: string }) => id)
  await eventually(async () => (await heldIds()).join() === "a-2")
  expect((await call("GET", "/actors/seat")).body.items).toMatchObject([
    { id: "a-1", state: "booked" },
    { id: "a-2", state: "held" },
  ])
  expect((await call("GET", "/actors/seat/a-1/at?version=1")).body.state).toBe("held")
})

test("bookings end, dead letters are redriven, and what operators do is kept", async () => {
  const { call, namespace } = await theatre()
  await call("POST", "/actors/seat/b-2/Hold", { guest: "Bo" })
  const start = (id: string, seats: ReadonlyArray<string>) =>
    call(
      "POST",
      `/actors/booking/${id}/Start`,
      { input: { guest: "Ann", seats } },
      { "x-correlation-id": id },
    )
  expect((await start("b-good", ["c-1", "c-2"])).status).toBe(200)
  expect((await start("b-bad", ["b-1", "b-2"])).status).toBe(200)
  const stateOf = async (id: string) => (await call("GET", `/sagas/booking/${id}`)).body.state
  await eventually(async () => (await stateOf("b-good")) === "completed")
  await eventually(async () => (await stateOf("b-bad")) === "compensated")
  await eventually(async () => (await call("GET", "/sagas?state=compensated")).body.items.length === 1)
  await eventually(async () => {
    const { items } = (await call("GET", "/correlations/b-good")).body
    return items.some(({ type, id }: { type: string; id: string }) => type === "seat" && id === "c-2")
  })
  await call("POST", "/actors/seat/c-1/Refund?via=tell", {})
  await eventually(async () => (await call("GET", "/dead-letters")).body.items.length === 1)
  const [letter] = (await call("GET", "/dead-letters")).body.items
  const note = { "everstate-note": "the till is old", "x-user": "ann" }
  expect((await call("DELETE", `/dead-letters/${letter.number}`, undefined, note)).status).toBe(204)
  expect((await call("POST", "/types/seat/pause", { note: "cleaning" }, { "x-user": "ann" })).status).toBe(
    204,
  )
  expect((await call("POST", "/types/seat/resume", {})).status).toBe(204)
  const rows = await servers().sql(
    "select by, verb, target, note, outcome from everstate.operations where namespace = $1 order by number",
    [namespace],
  )
  expect(rows).toEqual([
    {
      by: "ann",
      verb: "deadLetters.discard",
      target: `/dead-letters/${letter.number}`,
      note: "the till is old",
      outcome: "done",
    },
    { by: "ann", verb: "cluster.pause", target: "/types/seat/pause", note: "cleaning", outcome: "done" },
    { by: null, verb: "cluster.resume", target: "/types/seat/resume", note: "", outcome: "done" },
  ])
  await eventually(async () => {
    const { items } = (await call("GET", "/projections")).body
    return items.some(({ name, lag }: { name: string; lag: number }) => name === "bookings" && lag === 0)
  })
  expect((await call("GET", "/readyz")).status).toBe(200)
})

test("a node is not ready within a bound while Postgres is gone or does not answer, and its answer names Postgres", async () => {
  const { call } = await theatre()
  const { postgres } = servers()
  await eventually(async () => (await call("GET", "/readyz")).status === 200)
  postgres.pause()
  const asked = performance.now()
  const silent = await call("GET", "/readyz")
  expect(performance.now() - asked).toBeLessThan(READY_CHECK_MS * 2)
  expect([silent.status, silent.body]).toMatchObject([
    503,
    {
      ready: false,
      journal: { ok: true },
      postgres: { ok: false, detail: expect.stringMatching(/no answer/) },
    },
  ])
  await postgres.kill()
  const gone = await call("GET", "/readyz")
  expect([gone.status, gone.body]).toMatchObject([
    503,
    { journal: { ok: true }, postgres: { ok: false, detail: expect.stringContaining("Postgres") } },
  ])
  expect((await call("GET", "/healthz")).status).toBe(200)
  await postgres.restart()
  await eventually(async () => (await call("GET", "/readyz")).status === 200)
})

test("the last hour of metrics is that of all nodes", async () => {
  const namespace = freshNamespace()
  const definitions = { namespace, actors: [Seat], directory: false } as const
  const north = await startSystem(servers(), { ...definitions, node: { name: "north" } })
  const south = await startSystem(servers(), { ...definitions, node: { name: "south" } })
  const gateway = makeGateway(north)
  onTestFinished(() => gateway.close())
  const call = callOf(fetch, (await gateway.listen()).url)
  const history = async () => (await call("GET", "/history-of-metrics")).body
  const seen = () => history().then(({ nodes }) => nodes.map(({ name, silent }: Heard) => [name, silent]))
  await untilShares(north, { north: 32, south: 32 })
  await eventually(async () => (await seen()).sort().join() === "north,,south,")
  // What both have kept from before.
  const before = Math.floor(Date.now() / SPAN_MS) - 20
  for (const [index, system] of [north, south].entries()) {
    const { ring } = metricsHistoryOf(effectFaceOf(system)?.service as ActorSystemService) ?? {}
    ring?.record(before, {
      series: { resident: 10 ** index, members: 2 },
      latencies: [],
      projections: new Map(),
    })
  }
  await north.get(Seat, "s-1").ask({ type: "Hold", guest: "Ann" })
  await south.get(Seat, "s-2").ask({ type: "Hold", guest: "Bo" })
  await expect(south.get(Seat, "s-2").ask({ type: "Hold", guest: "Cy" })).rejects.toThrow()
  const since = await history()
  expect(Date.parse(since.since)).toBe(before * SPAN_MS)
  expect([since.series.nodes[0], since.series.resident[0], since.series.members[0]]).toEqual([2, 11, 2])
  // What both sample themselves, a few seconds later.
  await eventually(async () => {
    const { series } = await history()
    const sum = (column: ReadonlyArray<number | null>) =>
      column.reduce<number>((all, one) => all + (one ?? 0), 0)
    return sum(series.accepted) > 0 && sum(series.rejected) > 0 && series.nodes.at(-1) === 2
  })
  const { series } = await history()
  expect(series).toMatchObject({
    deadLetters: expect.arrayContaining([0]),
    members: expect.arrayContaining([2]),
  })
  expect(Math.max(...series.p99Ms)).toBeGreaterThan(0)
  await south.stop()
  await eventually(async () => (await seen()).join() === "north,")
  expect((await history()).changes).toContainEqual(expect.objectContaining({ name: "south", left: 1 }))
})

interface Heard {
  readonly name: string
  readonly silent?: string
}
