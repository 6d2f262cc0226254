/**
 * The last hour of the system as plots, over all nodes.
 *
 * Owns which series are on which plot. How a plot is drawn: parts/Plot.tsx. What the series are: api/History.ts.
 */
import { useQuery } from "@tanstack/react-query"
import { useMemo } from "react"
import type { HistoryOfMetrics } from "../../api/Documents.ts"
import { endOf, HOUR_MS, plottedFrom, silentNodes, timesOf } from "../../api/History.ts"
import { historyQuery } from "../../api/Queries.ts"
import { Settled, Unavailable } from "../../parts/Notice.tsx"
import { type Line, Plot } from "../../parts/Plot.tsx"
import { useTheme } from "../../shell/Theme.ts"
import { text } from "../../text/English.ts"

export const Plots = () => (
  <Settled
    query={useQuery({ ...historyQuery, retry: false })}
    missing={<Unavailable route="GET /history-of-metrics" />}
  >
    {(history) => <PlotsOf history={history} />}
  </Settled>
)

const PlotsOf = ({ history }: { readonly history: HistoryOfMetrics }) => {
  const theme = useTheme()
  const times = useMemo(() => timesOf(history), [history])
  const plots = useMemo(() => plotsOf(history), [history])
  const silent = silentNodes(history)
  const untilMs = times.length === 0 ? Date.now() : endOf(history)
  const fromMs = times.length === 0 ? untilMs - HOUR_MS : plottedFrom(history)
  return (
    <section className="stack" aria-label={text.overview.lastHour}>
      {silent.length > 0 && (
        <div className="notice warn" role="status">
          <p>▲ {text.overview.parts(history.nodes.length - silent.length, history.nodes.length)}</p>
          <ul className="plain-list">
            {silent.map(({ name, why }) => (
              <li key={name}>
                <span className="mono">{name}</span> <span className="quiet">{why}</span>
              </li>
            ))}
          </ul>
        </div>
      )}
      <div className="plots">
        {plots.map((plot) => (
          <Plot key={plot.title} times={times} fromMs={fromMs} untilMs={untilMs} theme={theme} {...plot} />
        ))}
      </div>
      <p className="quiet">{text.overview.over(history.nodes.length - silent.length)}</p>
    </section>
  )
}

interface PlotLines {
  readonly title: string
  readonly unit: string
  readonly lines: ReadonlyArray<Line>
}

const plotsOf = ({ series }: HistoryOfMetrics): ReadonlyArray<PlotLines> => {
  const { plots, perSecond } = text.overview
  return [
    {
      title: plots.commands,
      unit: perSecond,
      lines: [
        { label: plots.accepted, values: series.accepted },
        { label: plots.rejected, values: series.rejected, dash: "dashed" },
        { label: plots.failed, values: series.failed, dash: "dotted" },
      ],
    },
    {
      title: plots.latency,
      unit: "ms",
      lines: [
        { label: "p50", values: series.p50Ms },
        { label: "p99", values: series.p99Ms, dash: "dashed" },
      ],
    },
    {
      title: plots.stored,
      unit: perSecond,
      lines: [
        { label: plots.commits, values: series.commits },
        { label: plots.sent, values: series.sent, dash: "dashed" },
        { label: plots.calls, values: series.calls, dash: "dotted" },
      ],
    },
    {
      title: plots.resident,
      unit: "",
      lines: [{ label: plots.resident, values: series.resident }],
    },
    {
      title: plots.backlog,
      unit: "",
      lines: [
        { label: plots.mailbox, values: series.mailbox },
        { label: plots.outbox, values: series.outbox, dash: "dashed" },
      ],
    },
    {
      title: plots.lag,
      unit: "",
      lines: [
        { label: plots.projections, values: series.projectionLag },
        { label: plots.reactors, values: series.reactorLag, dash: "dashed" },
      ],
    },
    {
      title: plots.letters,
      unit: "",
      lines: [{ label: plots.letters, values: series.deadLetters }],
    },
    {
      title: plots.members,
      unit: "",
      lines: [
        { label: plots.known, values: series.members },
        { label: plots.seen, values: series.nodes, dash: "dashed" },
      ],
    },
  ]
}
