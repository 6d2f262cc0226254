/**
 * The metrics of a system, from its status at the moment of the question.
 *
 * Owns the names, labels and help texts. MetricsText.ts writes them for Prometheus, OpenTelemetry.ts reports
 * them to OpenTelemetry. Histograms: RequestMetrics.ts.
 */
import type { MemberStanding, SystemStatus } from "../../runtime/operations.ts"

type Sample = readonly [value: number, labels?: Readonly<Record<string, string>>]

/** One metric with all its samples. */
export interface MetricFamily {
  readonly name: string
  readonly kind: "counter" | "gauge"
  readonly help: string
  readonly samples: ReadonlyArray<Sample>
}

/** A metric. A plain number is a sample without labels. */
const familyOf =
  (kind: MetricFamily["kind"]) =>
  (name: string, help: string, samples: ReadonlyArray<number | Sample>): MetricFamily => ({
    name,
    kind,
    help,
    samples: samples.map((sample) => (typeof sample === "number" ? [sample] : sample)),
  })

const counter = familyOf("counter")
const gauge = familyOf("gauge")

const samplesOf = (label: string, values: Readonly<Record<string, number>>): ReadonlyArray<Sample> =>
  Object.entries(values).map(([text, value]) => [value, { [label]: text }])

/** Counter of each outcome. */
const outcomes = (name: string, help: string, counts: Readonly<Record<string, number>>): MetricFamily =>
  counter(name, help, samplesOf("outcome", counts))

/** One sample for each named thing. */
const ofEach =
  <A extends { readonly name: string }>(label: string, things: ReadonlyArray<A>) =>
  (value: (thing: A) => number): ReadonlyArray<Sample> =>
    things.map((thing) => [value(thing), { [label]: thing.name }])

const isStalled = ({ state }: { readonly state: string }): number => (state === "stalled" ? 1 : 0)

/** Kinds of outbox items that can be owed. Each has a sample, so that an alarm sees it rise from 0. */
const OWED_KINDS = ["tell", "answer", "timer", "cancel", "call", "publish", "letter"]

const owedCounts = (owed: SystemStatus["outbox"]["owed"]): Readonly<Record<string, number>> => {
  const counts: Record<string, number> = Object.fromEntries(OWED_KINDS.map((kind) => [kind, 0]))
  for (const { kind } of owed) counts[kind] = (counts[kind] ?? 0) + 1
  return counts
}

/** The counters and gauges of a system. */
export const statusMetrics = (status: SystemStatus): ReadonlyArray<MetricFamily> => {
  const { snapshots, messages, tells, outbox, calls } = status
  const ofProjections = ofEach("projection", status.projections)
  const ofReactors = ofEach("reactor", status.reactors)
  return [
    gauge("everstate_actors_resident", "Actors in memory", [status.residentCount]),
    gauge("everstate_commands_in_flight", "Commands and reads that wait or are being handled", [
      status.inFlightCount,
    ]),
    counter("everstate_actors_activated_total", "Actors brought into memory", [status.activatedCount]),
    counter("everstate_actors_passivated_total", "Actors removed from memory", [status.passivatedCount]),
    gauge("everstate_actors_quarantined", "Actors whose history cannot be read", [status.quarantined.length]),
    gauge("everstate_actors_halted", "Sagas in memory whose plan the code does not have", [
      status.halted.length,
    ]),
    counter("everstate_commands_answered_total", "Commands answered, with any outcome", [
      status.answeredCount,
    ]),
    counter("everstate_commits_total", "Commits stored", [status.committedCount]),
    counter("everstate_events_total", "Events stored", [status.eventCount]),
    counter("everstate_appends_unknown_total", "Appends whose outcome had to be looked up", [
      status.unknownOutcomeCount,
    ]),
    counter("everstate_actions_failed_total", "Actions after a commit that failed", [
      status.actionFailedCount,
    ]),
    outcomes("everstate_snapshots_total", "Snapshots by outcome", {
      saved: snapshots.savedCount,
      dropped: snapshots.droppedCount,
      failed: snapshots.failedCount,
      ignored: snapshots.ignoredCount,
    }),
    counter("everstate_sagas_total", "Starts and ends of sagas, and times they got stuck or went on", [
      ...status.sagas.flatMap(({ name, ...counts }) =>
        samplesOf("event", {
          started: counts.startedCount,
          completed: counts.completedCount,
          compensated: counts.compensatedCount,
          aborted: counts.abortedCount,
          stuck: counts.stuckCount,
          resumed: counts.resumedCount,
        }).map(([value, labels]): Sample => [value, { saga: name, ...labels }]),
      ),
    ]),
    gauge("everstate_projection_lag", "Journal sequences that a projection is behind", [
      ...ofProjections(({ lag }) => lag),
    ]),
    gauge("everstate_projection_offset", "Journal sequence that a projection has applied", [
      ...ofProjections(({ offset }) => offset),
    ]),
    gauge("everstate_projection_stalled", "1 while a projection needs an operator", [
      ...ofProjections(isStalled),
    ]),
    counter("everstate_projection_dead_letters_total", "Events of a projection that became dead letters", [
      ...ofProjections(({ deadLetterCount }) => deadLetterCount),
    ]),
    gauge("everstate_mailbox_open", "Messages that are being handled", [messages.openCount]),
    outcomes("everstate_mailbox_messages_total", "Messages by outcome", {
      received: messages.receivedCount,
      settled: messages.settledCount,
      retried: messages.retriedCount,
      "dead-letter": messages.deadLetterCount,
    }),
    counter("everstate_tells_total", "Tells to actors from outside, by road", [
      ...samplesOf("road", { direct: tells.directCount, mailbox: tells.mailedCount }),
    ]),
    gauge("everstate_outbox_pending", "Items of commits that are being sent", [outbox.pendingCount]),
    gauge("everstate_outbox_waiting", "Messages in the mailbox whose receivers have not taken them yet", [
      outbox.waitingInMailboxCount,
    ]),
    gauge("everstate_outbox_owed", "Items of commits that could not be sent so far, by kind", [
      ...samplesOf("kind", owedCounts(outbox.owed)),
    ]),
    counter("everstate_outbox_sent_total", "Messages, timers, calls and publications that were sent", [
      outbox.sentCount,
    ]),
    counter("everstate_outbox_direct_total", "Messages that were sent to their receiver directly", [
      outbox.directCount,
    ]),
    counter("everstate_outbox_parked_total", "Messages that were put into the mailbox", [outbox.parkedCount]),
    counter("everstate_outbox_recovered_total", "Commits whose outbox was sent from the journal", [
      outbox.recoveredCount,
    ]),
    gauge("everstate_calls_running", "Durable calls under way", [calls.runningCount]),
    outcomes("everstate_calls_total", "Durable calls by outcome", {
      started: calls.startedCount,
      failed: calls.failedCount,
      aborted: calls.abortedCount,
    }),
    counter("everstate_call_attempts_total", "Attempts of durable calls", [calls.attemptCount]),
    gauge("everstate_reactor_lag", "Journal sequences that a reactor is behind", [
      ...ofReactors(({ lag }) => lag),
    ]),
    gauge("everstate_reactor_stalled", "1 while a reactor needs an operator", [...ofReactors(isStalled)]),
    counter("everstate_reactor_sent_total", "Messages and publications of a reactor", [
      ...ofReactors(({ sentCount }) => sentCount),
    ]),
    gauge("everstate_needed_ok", "1 while a stream, bucket or consumer that is needed works", [
      ...status.needed.map(
        ({ name, kind, problem }): Sample => [problem === undefined ? 1 : 0, { name, kind }],
      ),
    ]),
    counter("everstate_reactor_dead_letters_total", "Events of a reactor that became dead letters", [
      ...ofReactors(({ failedCount }) => failedCount),
    ]),
  ]
}

const MS_PER_SECOND = 1_000

/** Standing of the node in the cluster, and counts of the cluster's events. */
export const clusterMetrics = (
  { cluster, routed, refusedRequestCount, watches }: SystemStatus,
  standing: MemberStanding,
): ReadonlyArray<MetricFamily> => [
  gauge("everstate_cluster_members", "Members that this node knows of", [
    ...samplesOf("state", standing.memberCounts),
  ]),
  gauge("everstate_cluster_slots", "Slots that this node owns, by kind", [
    ...SLOT_KINDS.map((kind): Sample => [standing.slotCounts[kind] ?? 0, { kind }]),
  ]),
  gauge("everstate_cluster_lease_valid", "1 while this node's lease is valid", [
    standing.isLeaseValid ? 1 : 0,
  ]),
  gauge("everstate_cluster_lease_age_seconds", "Time since this node renewed its lease", [
    ...(standing.leaseAgeMs === undefined ? [] : [standing.leaseAgeMs / MS_PER_SECOND]),
  ]),
  outcomes("everstate_cluster_moves_total", "Moves of this node's slots by outcome", {
    taken: cluster.takenCount,
    "handed-over": cluster.handedOverCount,
    lost: cluster.lostCount,
  }),
  counter("everstate_cluster_joins_total", "Members that this node saw join", [cluster.joinedCount]),
  counter("everstate_cluster_leaves_total", "Members that this node saw leave", [cluster.leftCount]),
  counter("everstate_cluster_evictions_total", "Times that other members evicted this node", [
    cluster.evictedCount,
  ]),
  counter("everstate_asks_routed_total", "Requests to other nodes, repeats included", [routed.sentCount]),
  counter("everstate_asks_retried_total", "Requests to other nodes that had to be tried again", [
    routed.retriedCount,
  ]),
  counter("everstate_requests_refused_total", "Requests refused because their reply subject is no inbox", [
    refusedRequestCount,
  ]),
  gauge("everstate_watchers", "Watchers that wait for a change of an actor of this node", [
    watches.waitingCount,
  ]),
  gauge("everstate_watched_actors", "Actors whose changes this node keeps for watchers", [watches.feedCount]),
  gauge("everstate_watch_changes_kept", "Changes of watched actors in memory", [watches.keptCount]),
  counter("everstate_watch_answers_total", "Answers with changes or events to watchers", [
    watches.answeredCount,
  ]),
  counter("everstate_watch_skips_total", "Times a slow watcher skipped to the newest state", [
    watches.skippedCount,
  ]),
  counter("everstate_watch_replays_total", "Replays of an actor for watchers that were behind", [
    watches.filledCount,
  ]),
]

const SLOT_KINDS = ["shard", "projection", "reactor", "singleton"] as const

/** All counters and gauges of a node. */
export const metricFamiliesOf = (
  status: SystemStatus,
  standing: MemberStanding,
): ReadonlyArray<MetricFamily> => [...statusMetrics(status), ...clusterMetrics(status, standing)]
