/** Each metric says what its name says: every number of a status is a different one here. */
import { expect, it } from "vitest"
import { textOf } from "../../../infra/telemetry/MetricsText.ts"
import { clusterMetrics, statusMetrics } from "../../../infra/telemetry/StatusMetrics.ts"
import type { MemberStanding, SystemStatus } from "../../../runtime/index.ts"
import { startMemory } from "../../fixtures/memory/MemorySystem.ts"

/** The same with a number of its own in the place of every number, and where each of them is. */
const numbered = <A>(given: A): { readonly value: A; readonly at: ReadonlyMap<string, number> } => {
  const at = new Map<string, number>()
  const walk = (value: unknown, path: string): unknown => {
    if (typeof value === "number") {
      at.set(path, 1_001 + at.size)
      return at.get(path)
    }
    if (Array.isArray(value)) return value.map((item, index) => walk(item, `${path}.${index}`))
    if (typeof value !== "object" || value === null) return value
    return Object.fromEntries(
      Object.entries(value).map(([key, item]) => [key, walk(item, path === "" ? key : `${path}.${key}`)]),
    )
  }
  return { value: walk(given, "") as A, at }
}

/** Samples by name and labels. */
const samplesOf = (text: string): ReadonlyMap<string, number> =>
  new Map(
    text
      .split("\n")
      .filter((line) => !line.startsWith("#"))
      .map((line) => [line.slice(0, line.lastIndexOf(" ")), Number(line.slice(line.lastIndexOf(" ") + 1))]),
  )

const follower = { state: "running", lag: 0, deadLetterCount: 0, offset: 0, sentCount: 0, failedCount: 0 }

const status = async (): Promise<SystemStatus> => {
  const { system } = await startMemory()
  const projections = [
    { ...follower, name: "fine" },
    { ...follower, name: 'odd "\\\n', state: "stalled" },
  ]
  const reactors = [
    { ...follower, name: "r", state: "stalled" },
    { ...follower, name: "s" },
  ]
  return { ...(await system.status()), projections, reactors } as unknown as SystemStatus
}

const totals = {
  everstate_actors_resident: "residentCount",
  everstate_commands_in_flight: "inFlightCount",
  everstate_actors_activated_total: "activatedCount",
  everstate_actors_passivated_total: "passivatedCount",
  everstate_commands_answered_total: "answeredCount",
  everstate_commits_total: "committedCount",
  everstate_events_total: "eventCount",
  everstate_appends_unknown_total: "unknownOutcomeCount",
  everstate_actions_failed_total: "actionFailedCount",
  'everstate_snapshots_total{outcome="saved"}': "snapshots.savedCount",
  'everstate_snapshots_total{outcome="dropped"}': "snapshots.droppedCount",
  'everstate_snapshots_total{outcome="failed"}': "snapshots.failedCount",
  'everstate_snapshots_total{outcome="ignored"}': "snapshots.ignoredCount",
  'everstate_projection_lag{projection="fine"}': "projections.0.lag",
  'everstate_projection_lag{projection="odd \\"\\\\\\n"}': "projections.1.lag",
  'everstate_projection_offset{projection="fine"}': "projections.0.offset",
  'everstate_projection_dead_letters_total{projection="fine"}': "projections.0.deadLetterCount",
  everstate_mailbox_open: "messages.openCount",
  'everstate_mailbox_messages_total{outcome="received"}': "messages.receivedCount",
  'everstate_mailbox_messages_total{outcome="settled"}': "messages.settledCount",
  'everstate_mailbox_messages_total{outcome="retried"}': "messages.retriedCount",
  'everstate_mailbox_messages_total{outcome="dead-letter"}': "messages.deadLetterCount",
  'everstate_tells_total{road="direct"}': "tells.directCount",
  'everstate_tells_total{road="mailbox"}': "tells.mailedCount",
  everstate_outbox_pending: "outbox.pendingCount",
  everstate_outbox_waiting: "outbox.waitingInMailboxCount",
  everstate_outbox_sent_total: "outbox.sentCount",
  everstate_outbox_direct_total: "outbox.directCount",
  everstate_outbox_parked_total: "outbox.parkedCount",
  everstate_outbox_recovered_total: "outbox.recoveredCount",
  everstate_calls_running: "calls.runningCount",
  'everstate_calls_total{outcome="started"}': "calls.startedCount",
  'everstate_calls_total{outcome="failed"}': "calls.failedCount",
  'everstate_calls_total{outcome="aborted"}': "calls.abortedCount",
  everstate_call_attempts_total: "calls.attemptCount",
  'everstate_reactor_lag{reactor="r"}': "reactors.0.lag",
  'everstate_reactor_sent_total{reactor="s"}': "reactors.1.sentCount",
  'everstate_reactor_dead_letters_total{reactor="r"}': "reactors.0.failedCount",
}

it("of a system is the number of the status that it names", async () => {
  const { value, at } = numbered(await status())
  const samples = samplesOf(textOf(statusMetrics(value)))
  for (const [name, path] of Object.entries(totals)) {
    expect([name, samples.get(name)]).toEqual([name, at.get(path) ?? path])
  }
  expect(samples.get('everstate_projection_stalled{projection="fine"}')).toBe(0)
  expect(samples.get('everstate_projection_stalled{projection="odd \\"\\\\\\n"}')).toBe(1)
  expect(samples.get('everstate_reactor_stalled{reactor="r"}')).toBe(1)
  expect(samples.get('everstate_reactor_stalled{reactor="s"}')).toBe(0)
})

it("of what is owed is how many items of each kind there are, and 0 of the others", async () => {
  const item = { id: "x", to: "clerk/c", from: "desk/d", sequence: 5, index: 0, reason: "full", sinceMs: 7 }
  const owed = ["publish", "tell", "publish"].map((kind) => ({ ...item, kind }))
  const { outbox, ...rest } = await status()
  const samples = samplesOf(textOf(statusMetrics({ ...rest, outbox: { ...outbox, owed } })))
  const countOf = (kind: string) => samples.get(`everstate_outbox_owed{kind="${kind}"}`)
  expect(["publish", "tell", "call"].map(countOf)).toEqual([2, 1, 0])
})

it("of the cluster is the number that it names, durations in seconds", async () => {
  const { value, at } = numbered(await status())
  const standing: MemberStanding = {
    id: "m",
    name: "node",
    state: "up",
    isLeaseValid: true,
    leaseAgeMs: 1_500,
    slotCounts: { shard: 7, reactor: 3 },
    memberCounts: { up: 2, drained: 1, leaving: 0 },
  }
  const samples = samplesOf(textOf(clusterMetrics(value, standing)))
  const counts = {
    'everstate_cluster_moves_total{outcome="taken"}': "cluster.takenCount",
    'everstate_cluster_moves_total{outcome="handed-over"}': "cluster.handedOverCount",
    'everstate_cluster_moves_total{outcome="lost"}': "cluster.lostCount",
    everstate_cluster_joins_total: "cluster.joinedCount",
    everstate_cluster_leaves_total: "cluster.leftCount",
    everstate_cluster_evictions_total: "cluster.evictedCount",
    everstate_asks_routed_total: "routed.sentCount",
    everstate_asks_retried_total: "routed.retriedCount",
    everstate_watchers: "watches.waitingCount",
    everstate_watched_actors: "watches.feedCount",
    everstate_watch_answers_total: "watches.answeredCount",
    everstate_watch_skips_total: "watches.skippedCount",
    everstate_watch_replays_total: "watches.filledCount",
  }
  for (const [name, path] of Object.entries(counts)) {
    expect([name, samples.get(name)]).toEqual([name, at.get(path) ?? path])
  }
  expect(samples.get("everstate_cluster_lease_age_seconds")).toBe(1.5)
  expect(samples.get("everstate_cluster_lease_valid")).toBe(1)
  expect(samples.get('everstate_cluster_members{state="up"}')).toBe(2)
  expect(samples.get('everstate_cluster_members{state="drained"}')).toBe(1)
  expect(samples.get('everstate_cluster_slots{kind="shard"}')).toBe(7)
  expect(samples.get('everstate_cluster_slots{kind="reactor"}')).toBe(3)
  expect(samples.get('everstate_cluster_slots{kind="singleton"}')).toBe(0)
  const cutOff = samplesOf(textOf(clusterMetrics(value, { ...standing, isLeaseValid: false })))
  expect(cutOff.get("everstate_cluster_lease_valid")).toBe(0)
})

it("has one line of help and of type for each name, and no two samples of the same labels", async () => {
  const text = textOf(statusMetrics(await status()))
  const names = text.split("\n").flatMap((line) => /^# TYPE (\S+) (?:counter|gauge)$/.exec(line)?.[1] ?? [])
  expect(new Set(names).size).toBe(names.length)
  const samples = text.split("\n").filter((line) => !line.startsWith("#"))
  expect(samplesOf(text).size).toBe(samples.length)
  for (const name of names.filter((one) => one.endsWith("_total"))) {
    expect(text).toContain(`# TYPE ${name} counter`)
  }
})
