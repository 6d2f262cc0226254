/**
 * The route of the last hour of metrics, over all nodes.
 *
 * Owns the route and the form of its answer. What it does: HistoryRoutes.ts. What the series mean:
 * infra/metrics/MetricsRing.ts.
 */
import { Schema } from "effect"
import { HttpApiEndpoint, HttpApiGroup, OpenApi } from "effect/http-api"
import { about, wholeNumber } from "../http/CommandEndpoint.ts"
import { READ_PROBLEMS } from "../http/Problem.ts"
import { HISTORY_MINUTES_MAX } from "../metrics/MetricsRing.ts"
import { moment } from "./GatewayEndpoint.ts"

const Column = Schema.Array(Schema.NullOr(Schema.Finite))

const column = (description: string) => Column.annotate({ description })

const HistoryOfMetrics = Schema.Struct({
  spanMs: Schema.Int.annotate({ description: "Length of a span, in milliseconds" }),
  since: moment("Begin of the first span, by the clock of the node that answers"),
  nodes: Schema.Array(
    Schema.Struct({
      id: Schema.String.annotate({ description: "Id of the member" }),
      name: Schema.String,
      self: Schema.Boolean.annotate({ description: "The node that answers" }),
      silent: Schema.optionalKey(
        Schema.String.annotate({ description: "Why the part of this node is missing" }),
      ),
    }),
  ).annotate({ description: "Nodes of the cluster; a silent one has no part in the series" }),
  series: Schema.Struct({
    nodes: Schema.Array(Schema.Int).annotate({ description: "Nodes that have a part in the span" }),
    accepted: column("Commands per second that were asked through a node and accepted"),
    rejected: column("Commands per second that were rejected, or found another version"),
    failed: column("Commands per second that failed for other reasons, as without an answer in time"),
    commits: column("Commits per second, by commands of any caller, messages and timers"),
    sent: column("Messages, timers, calls and publications per second that were sent"),
    calls: column("Attempts of durable calls per second"),
    p50Ms: column("Median of the time from a command to its answer, in milliseconds"),
    p99Ms: column("The time to an answer that 99 of 100 commands did not exceed, in milliseconds"),
    resident: column("Actors in memory"),
    mailbox: column("Messages in the mailbox that their receivers have not taken yet"),
    outbox: column("Items of commits that are being sent"),
    projectionLag: column("Journal sequences that the slowest projection is behind"),
    reactorLag: column("Journal sequences that the slowest reactor is behind"),
    deadLetters: column("Dead letters that are stored"),
    members: column("Members of the cluster"),
  }).annotate({
    identifier: "MetricSeries",
    description: "One value for each span, the oldest first; null if no node has a sample of the span",
  }),
  projections: Schema.Record(Schema.String, Column).annotate({
    description: "Journal sequences that each projection is behind",
  }),
  changes: Schema.Array(
    Schema.Struct({
      name: Schema.String.annotate({ description: "Name of the node" }),
      joined: Schema.Int,
      left: Schema.Int,
      latest: moment("Time of the newest change"),
    }),
  ).annotate({
    description: "How often nodes joined and left in the last hour, as the node says that saw the most",
  }),
}).annotate({ identifier: "HistoryOfMetrics" })
export type HistoryOfMetrics = typeof HistoryOfMetrics.Type

export const HistoryEndpoints = HttpApiGroup.make("history")
  .add(
    HttpApiEndpoint.get("metrics", "/history-of-metrics", {
      query: {
        minutes: Schema.optionalKey(
          wholeNumber(1, HISTORY_MINUTES_MAX).annotate({
            description: `1 to ${HISTORY_MINUTES_MAX}, default ${HISTORY_MINUTES_MAX}`,
          }),
        ),
      },
      success: HistoryOfMetrics,
      error: READ_PROBLEMS,
    }).annotateMerge(
      about(
        "The last hour of metrics over all nodes, in spans of 5 seconds",
        "Each node keeps its own hour in memory, from its start on. Rates, actors and backlogs are sums over the nodes, lags, dead letters and members are the largest value, and times to answer are of all commands together. A node that does not answer within 1.5 seconds is named as silent.",
      ),
    ),
  )
  .annotateMerge(OpenApi.annotations({ title: "History of metrics" }))
