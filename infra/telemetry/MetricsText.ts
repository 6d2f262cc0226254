/**
 * What a system says of itself, in Prometheus' text format (version 0.0.4).
 *
 * Owns the metric names. Counters and gauges come from `SystemStatus` at the moment of asking; histograms from
 * Effect's registry (RequestMetrics.ts).
 */
import { Effect } from "effect"
import { PrometheusMetrics } from "effect/observability"
import type { MemberStanding, SystemStatus } from "../effect.ts"

/** Content type of the text. */
export const METRICS_CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"

type Kind = "counter" | "gauge"
type Sample = readonly [value: number, labels?: Readonly<Record<string, string>>]

const escaped = (value: string): string =>
  value.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n")

const line = (name: string, [value, labels = {}]: Sample): string => {
  const pairs = Object.entries(labels).map(([key, text]) => `${key}="${escaped(text)}"`)
  return `${name}${pairs.length === 0 ? "" : `{${pairs.join(",")}}`} ${value}`
}

const family = (name: string, kind: Kind, help: string, samples: ReadonlyArray<Sample>): string =>
  [`# HELP ${name} ${help}`, `# TYPE ${name} ${kind}`, ...samples.map((sample) => line(name, sample))].join(
    "\n",
  )

/** The counters and gauges of a system. */
export const statusText = (status: SystemStatus): string => {
  const { snapshots, projections, reactors, messages, outbox, calls } = status
  const ofProjections = (value: (projection: (typeof projections)[number]) => number) =>
    projections.map((projection): Sample => [value(projection), { projection: projection.name }])
  const ofReactors = (value: (reactor: (typeof reactors)[number]) => number) =>
    reactors.map((reactor): Sample => [value(reactor), { reactor: reactor.name }])
  return [
    family("everstate_actors_resident", "gauge", "Actors in memory", [[status.residentCount]]),
    family("everstate_commands_in_flight", "gauge", "Commands and reads waiting or in work", [
      [status.inFlightCount],
    ]),
    family("everstate_actors_activated_total", "counter", "Actors brought into memory", [
      [status.activatedCount],
    ]),
    family("everstate_actors_passivated_total", "counter", "Actors let go", [[status.passivatedCount]]),
    family("everstate_actors_quarantined", "gauge", "Actors whose history cannot be read", [
      [status.quarantined.length],
    ]),
    family("everstate_commands_answered_total", "counter", "Commands answered, whatever the answer", [
      [status.answeredCount],
    ]),
    family("everstate_commits_total", "counter", "Commits stored", [[status.committedCount]]),
    family("everstate_events_total", "counter", "Events stored", [[status.eventCount]]),
    family("everstate_appends_unknown_total", "counter", "Appends whose outcome had to be looked up", [
      [status.unknownOutcomeCount],
    ]),
    family("everstate_actions_failed_total", "counter", "Actions after a commit that failed", [
      [status.actionFailedCount],
    ]),
    family("everstate_snapshots_total", "counter", "Snapshots by what became of them", [
      [snapshots.savedCount, { outcome: "saved" }],
      [snapshots.droppedCount, { outcome: "dropped" }],
      [snapshots.failedCount, { outcome: "failed" }],
    ]),
    family("everstate_projection_lag", "gauge", "Journal sequences that a projection is behind", [
      ...ofProjections(({ lag }) => lag),
    ]),
    family("everstate_projection_offset", "gauge", "Journal sequence that a projection has applied", [
      ...ofProjections(({ offset }) => offset),
    ]),
    family("everstate_projection_stalled", "gauge", "1 where a projection needs somebody", [
      ...ofProjections(({ state }) => (state === "stalled" ? 1 : 0)),
    ]),
    family("everstate_projection_dead_letters_total", "counter", "Events that a projection put aside", [
      ...ofProjections(({ deadLetterCount }) => deadLetterCount),
    ]),
    family("everstate_mailbox_open", "gauge", "Messages in work", [[messages.openCount]]),
    family("everstate_mailbox_messages_total", "counter", "Messages by what became of them", [
      [messages.receivedCount, { outcome: "received" }],
      [messages.settledCount, { outcome: "settled" }],
      [messages.retriedCount, { outcome: "retried" }],
      [messages.deadLetterCount, { outcome: "dead-letter" }],
    ]),
    family("everstate_outbox_pending", "gauge", "Commits whose outbox is being sent", [
      [outbox.pendingCount],
    ]),
    family("everstate_outbox_sent_total", "counter", "Messages, timers, calls and publications that left", [
      [outbox.sentCount],
    ]),
    family("everstate_outbox_recovered_total", "counter", "Commits whose outbox was sent from the journal", [
      [outbox.recoveredCount],
    ]),
    family("everstate_calls_running", "gauge", "Durable calls under way", [[calls.runningCount]]),
    family("everstate_calls_total", "counter", "Durable calls by what became of them", [
      [calls.startedCount, { outcome: "started" }],
      [calls.failedCount, { outcome: "failed" }],
      [calls.abortedCount, { outcome: "aborted" }],
    ]),
    family("everstate_call_attempts_total", "counter", "Attempts of durable calls", [[calls.attemptCount]]),
    family("everstate_reactor_lag", "gauge", "Journal sequences that a reactor is behind", [
      ...ofReactors(({ lag }) => lag),
    ]),
    family("everstate_reactor_stalled", "gauge", "1 where a reactor needs somebody", [
      ...ofReactors(({ state }) => (state === "stalled" ? 1 : 0)),
    ]),
    family("everstate_reactor_sent_total", "counter", "Messages and publications of a reactor", [
      ...ofReactors(({ sentCount }) => sentCount),
    ]),
    family("everstate_reactor_dead_letters_total", "counter", "Events that a reactor gave up on", [
      ...ofReactors(({ failedCount }) => failedCount),
    ]),
  ].join("\n")
}

const MS_PER_SECOND = 1_000

/** How the node stands in the cluster, and what happened there. */
export const clusterText = ({ cluster, routed }: SystemStatus, standing: MemberStanding): string =>
  [
    family("everstate_cluster_members", "gauge", "Members that this node knows of", [
      ...Object.entries(standing.memberCounts).map(([state, count]): Sample => [count, { state }]),
    ]),
    family("everstate_cluster_slots", "gauge", "Slots that this node has, by kind", [
      ...SLOT_KINDS.map((kind): Sample => [standing.slotCounts[kind] ?? 0, { kind }]),
    ]),
    family("everstate_cluster_lease_valid", "gauge", "1 while this node may use what it has", [
      [standing.isLeaseValid ? 1 : 0],
    ]),
    family("everstate_cluster_lease_age_seconds", "gauge", "Time since this node renewed its lease", [
      ...(standing.leaseAgeMs === undefined ? [] : [[standing.leaseAgeMs / MS_PER_SECOND] as const]),
    ]),
    family("everstate_cluster_moves_total", "counter", "Slots of this node by what became of them", [
      [cluster.takenCount, { outcome: "taken" }],
      [cluster.handedOverCount, { outcome: "handed-over" }],
      [cluster.lostCount, { outcome: "lost" }],
    ]),
    family("everstate_cluster_joins_total", "counter", "Members that this node saw come", [
      [cluster.joinedCount],
    ]),
    family("everstate_cluster_leaves_total", "counter", "Members that this node saw go", [
      [cluster.leftCount],
    ]),
    family("everstate_cluster_evictions_total", "counter", "Times that this node was taken for dead", [
      [cluster.evictedCount],
    ]),
    family("everstate_asks_routed_total", "counter", "Requests to other nodes, repeats included", [
      [routed.sentCount],
    ]),
    family("everstate_asks_retried_total", "counter", "Requests to other nodes that had to be tried again", [
      [routed.retriedCount],
    ]),
  ].join("\n")

const SLOT_KINDS = ["shard", "projection", "reactor", "singleton"] as const

/** Everything there is to scrape. */
export const metricsText = (status: SystemStatus, standing: MemberStanding): Effect.Effect<string> =>
  Effect.map(PrometheusMetrics.format(), (histograms) =>
    [statusText(status), clusterText(status, standing), histograms].join("\n"),
  )
