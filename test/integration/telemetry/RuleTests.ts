/**
 * Series for `promtool test rules`: what each rule reads, once in a system in order and once in a system in trouble.
 *
 * A text of values is in promtool's notation: `0+2x60` begins with 0 and grows by 2 in each of 60 minutes.
 */
import { readFileSync } from "node:fs"
import { rulesFile } from "./Prometheus.ts"

/** Minutes that pass before promtool looks. */
const MINUTES = 60

const still = (value: number) => `${value}x${MINUTES}`
const growing = (by: number) => `0+${by}x${MINUTES}`

interface RuleSeries {
  readonly series: string
  readonly inOrder: string
  readonly inTrouble: string
}

const seriesOf = (
  series: string,
  inOrder: string,
  inTrouble: string,
  { job = "everstate", instance = "one" } = {},
): RuleSeries => ({
  series: series.replace(/\}?$/, (end) => `${end === "" ? "{" : ","}job="${job}",instance="${instance}"}`),
  inOrder,
  inTrouble,
})

/** A counter that grows only in a system in trouble. */
const counter = (series: string) => seriesOf(series, still(7), growing(1))

/** Durations below the bound of `le` in order, and above it in trouble. */
const durations = (name: string, le: string) => [
  seriesOf(`${name}_bucket{le="0.01"}`, growing(100), growing(90)),
  seriesOf(`${name}_bucket{le="${le}"}`, growing(100), growing(90)),
  seriesOf(`${name}_bucket{le="10"}`, growing(100), growing(100)),
  seriesOf(`${name}_bucket{le="+Inf"}`, growing(100), growing(100)),
]

const ALL: ReadonlyArray<RuleSeries> = [
  seriesOf("up", still(1), still(0)),
  seriesOf("probe_success", still(1), still(0), { job: "everstate-ready" }),
  seriesOf('everstate_needed_ok{kind="stream",name="s"}', still(1), still(0)),
  seriesOf("everstate_cluster_lease_valid", still(1), still(0)),
  counter("everstate_cluster_evictions_total"),
  // Slots move for a quarter of an hour when a release is deployed.
  seriesOf('everstate_cluster_moves_total{outcome="taken"}', "0x40 0+4x15 60x5", growing(4)),
  seriesOf('everstate_cluster_members{state="up"}', still(2), still(2)),
  seriesOf('everstate_cluster_members{state="up"}', still(2), still(1), { instance: "two" }),
  seriesOf("everstate_actors_quarantined", still(0), still(1)),
  seriesOf("everstate_actors_halted", still(0), still(1)),
  counter('everstate_sagas_total{saga="s",event="stuck"}'),
  seriesOf('everstate_projection_stalled{projection="p"}', still(0), still(1)),
  seriesOf('everstate_reactor_stalled{reactor="r"}', still(0), still(1)),
  seriesOf('everstate_projection_lag{projection="p"}', still(5), growing(5)),
  seriesOf('everstate_reactor_lag{reactor="r"}', still(5), still(5)),
  counter('everstate_mailbox_messages_total{outcome="dead-letter"}'),
  counter('everstate_mailbox_messages_total{outcome="retried"}'),
  counter('everstate_projection_dead_letters_total{projection="p"}'),
  counter('everstate_reactor_dead_letters_total{reactor="r"}'),
  seriesOf('everstate_outbox_owed{kind="tell"}', still(0), still(1)),
  seriesOf("everstate_outbox_pending", "0 3 0 3 0 3 0 3x2 0 3x40 0x20", still(3)),
  seriesOf("everstate_outbox_waiting", still(9), growing(1)),
  counter("everstate_requests_refused_total"),
  counter("everstate_appends_unknown_total"),
  ...durations("everstate_ask_duration_seconds", "1"),
  ...durations("everstate_http_request_duration_seconds", "2.5"),
]

/** Names of all rules. */
const ruleNames = (): ReadonlyArray<string> =>
  Array.from(readFileSync(rulesFile, "utf8").matchAll(/- alert: (\w+)/g), ([, name = ""]) => name)

const testOf = (state: "inOrder" | "inTrouble", firing: ReadonlyArray<string>) => ({
  interval: "1m",
  input_series: ALL.map((each) => ({ series: each.series, values: each[state] })),
  promql_expr_test: [
    {
      expr: 'group by (alertname) (ALERTS{alertstate="firing"})',
      eval_time: `${MINUTES}m`,
      exp_samples: firing.map((alertname) => ({ labels: `{alertname="${alertname}"}`, value: 1 })),
    },
  ],
})

/** The file for promtool: no rule fires in order, every rule fires in trouble. YAML includes JSON. */
export const ruleTests = (): string =>
  JSON.stringify({
    rule_files: [rulesFile],
    evaluation_interval: "1m",
    tests: [testOf("inOrder", []), testOf("inTrouble", ruleNames())],
  })
