/** What the overview says that needs somebody, and where each link leads. */
import { expect, it } from "vitest"
import type {
  ClusterDocument,
  HistoryOfMetrics,
  ListedActor,
  Readiness,
} from "../../../infra/console/api/Documents.ts"
import { needsOf } from "../../../infra/console/pages/overview/NeedList.ts"

const NOW_MS = Date.UTC(2026, 10, 30, 12)

const ok = { ok: true }

const readiness = (more: Partial<Readiness> = {}): Readiness => ({
  ...{ ready: true, stopping: false, journal: ok, postgres: ok, cluster: ok },
  ...{ projections: [], reactors: [], problems: [] },
  ...more,
})

const cluster = (more: Partial<ClusterDocument> = {}): ClusterDocument => ({
  ...{ members: [], slots: [], pins: {}, paused: [] },
  ...more,
})

const saga = (id: string): ListedActor => ({
  ...{ type: "booking", id, state: "holding", done: false, failed: false, version: 1, sequence: 1 },
  ...{ createdAt: "2026-11-30T09:00:00.000Z", updatedAt: "2026-11-30T09:00:00.000Z" },
})

const shownOf = (known: Parameters<typeof needsOf>[0]) =>
  needsOf(known, NOW_MS).map(({ what, to, search }) => [what, to, ...(search === undefined ? [] : [search])])

it("is empty when all is well, and before anything is known", () => {
  expect(shownOf({})).toEqual([])
  expect(shownOf({ readiness: readiness(), cluster: cluster() })).toEqual([])
})

it("has sagas that run for long, a few by themselves and more by one link", () => {
  expect(shownOf({ old: [saga("b-1")] })).toEqual([
    ["booking b-1 has been running for more than an hour", "/actors/$type/$id"],
  ])
  const many = shownOf({ old: ["1", "2", "3", "4", "5", "6"].map(saga) })
  expect(many.length).toBe(6)
  expect(many.at(-1)).toEqual(["More sagas have been running for an hour", "/sagas", { show: "old" }])
  expect(shownOf({ stuck: [saga("b-2")] })).toEqual([["booking b-2 is stuck", "/actors/$type/$id"]])
})

it("has followers that stand still on any node, each once", () => {
  const stopped = { sequence: 42, reason: "no such column" }
  const known = {
    readiness: readiness({
      projections: [
        { name: "seats", ok: false, state: "stalled", lag: 3 },
        { name: "guests", ok: false, state: "stalled", lag: 3 },
      ],
    }),
    cluster: cluster({ slots: [{ slot: "projection.seats.v1.p0", epoch: 1, stopped }] }),
  }
  expect(shownOf(known)).toEqual([
    ["guests is not well", "/projections"],
    ["projection.seats.v1.p0 is stopped at record 42", "/projections"],
  ])
})

it("has members that come and go", () => {
  const changes = [
    { name: "north", joined: 1, left: 1, latest: "2026-11-30T11:00:00.000Z" },
    { name: "south", joined: 4, left: 4, latest: "2026-11-30T11:58:00.000Z" },
  ]
  const history = { nodes: [], changes } as unknown as HistoryOfMetrics
  expect(needsOf({ history }, NOW_MS)).toMatchObject([
    { what: "Member south flaps: it has left 4 times in an hour", detail: "2 min ago", to: "/cluster" },
  ])
})

it("has quarantined actors and dead letters with the reason, and paused types", () => {
  const quarantine = { reason: "UnreadableEvent", sequence: 7, detail: "no version 2", hint: "" }
  const letters = [
    { reason: "Rejected", count: 3, oldestAt: "", newestAt: "", receivers: { seat: 2, booking: 1 } },
  ]
  const known = {
    quarantined: [{ ...saga("b-3"), quarantine }],
    letters,
    cluster: cluster({ paused: ["seat"] }),
  }
  expect(needsOf(known, NOW_MS)).toMatchObject([
    { what: "booking b-3 is in quarantine", detail: "no version 2", params: { type: "booking", id: "b-3" } },
    { what: "3 dead letters: Rejected", detail: "seat, booking", search: { reason: "Rejected" } },
    { what: "seat is paused", to: "/cluster" },
  ])
})
