/**
 * The system at a glance: what needs somebody now, and how it has been doing since the console was opened.
 *
 * Owns the list of what needs somebody. Where the samples come from: parts/Metrics.ts.
 */
import { useQuery } from "@tanstack/react-query"
import { Link } from "@tanstack/react-router"
import { useEffect, useMemo, useState } from "react"
import { call, RequestFailed, urlOf } from "../api/Client.ts"
import type { ListedActor, Page, Readiness, TypeDocument } from "../api/Documents.ts"
import {
  clusterQuery,
  LIST_LOOK_MS,
  letterGroupsQuery,
  metricsQuery,
  operationsQuery,
  readinessQuery,
  typesQuery,
} from "../api/Queries.ts"
import { byLabel, metricsOf, quantilesOf, ratesOf, type Sample, sumOf, withSample } from "../parts/Metrics.ts"
import { Moment } from "../parts/Moment.tsx"
import { Failure, Loading, Notice, Unavailable } from "../parts/Notice.tsx"
import { Plot } from "../parts/Plot.tsx"
import { curlLine } from "../parts/Twin.tsx"
import { useTheme } from "../shell/Theme.ts"
import { text } from "../text/English.ts"

export const Overview = () => (
  <div className="page">
    <header>
      <h1>{text.pages.overview}</h1>
      <Ready />
    </header>
    <First />
    <Needs />
    <Plots />
    <Operations />
  </div>
)

/** What operators did lately, with who, when and why. */
const Operations = () => {
  const { data } = useQuery({ ...operationsQuery, retry: false })
  if (data === undefined || data.items.length === 0) return null
  return (
    <section className="panel stack">
      <h2>{text.overview.operations}</h2>
      <ul className="plain-list">
        {data.items.map(({ number, at, by, verb, target, note, outcome }) => (
          <li key={number} className="need">
            <Moment at={at} />
            <span>{by ?? text.overview.somebody}</span>
            <span className="mono">{verb}</span>
            <span className="mono quiet">{target}</span>
            <span>{note}</span>
            <span className={outcome === "done" ? "good" : "warn"}>
              {outcome ?? text.overview.unfinished}
            </span>
          </li>
        ))}
      </ul>
    </section>
  )
}

const Ready = () => {
  const { data } = useQuery(readinessQuery)
  if (data === undefined) return null
  return data.ready ? (
    <span className="badge">
      <span aria-hidden="true" className="good">
        ●
      </span>{" "}
      {text.overview.ready}
    </span>
  ) : (
    <span className="badge bad">▲ {text.overview.notReady}</span>
  )
}

/** A first start, without actors: how the first command is sent. */
const First = () => {
  const { data } = useQuery({
    queryKey: ["types", "counted"],
    queryFn: ({ signal }) => call<Page<TypeDocument>>(urlOf(["types"], { counts: true }), { signal }),
    refetchInterval: LIST_LOOK_MS,
  })
  const items = data?.items ?? []
  const first = items.find(({ kind, commands }) => kind === "actor" && commands.length > 0)
  const isEmpty = items.length > 0 && items.every(({ counts }) => counts?.total === 0)
  if (!isEmpty || first === undefined) return null
  return (
    <Notice title={text.actors.none.title}>
      <p>{text.actors.none.detail}</p>
      <pre>{curlLine("POST", ["actors", first.type, "my-first", first.commands[0]?.name ?? ""], {})}</pre>
      <Link to="/actors/$type/$id" params={{ type: first.type, id: "my-first" }}>
        {text.overview.orHere}
      </Link>
    </Notice>
  )
}

interface Need {
  readonly key: string
  readonly what: string
  readonly detail?: string | undefined
  readonly to: string
  readonly params?: Record<string, string>
  readonly search?: Record<string, string>
}

const useNeeds = (): {
  readonly needs: ReadonlyArray<Need>
  readonly isPending: boolean
  readonly error: unknown
} => {
  const readiness = useQuery(readinessQuery)
  const letters = useQuery({ ...letterGroupsQuery, retry: false })
  const cluster = useQuery({ ...clusterQuery, retry: false })
  const types = useQuery(typesQuery)
  const stuck = useQuery({
    queryKey: ["sagas", "stuck", "overview"],
    queryFn: ({ signal }) =>
      call<Page<ListedActor>>(urlOf(["sagas"], { state: "stuck", limit: 20 }), { signal }),
    refetchInterval: LIST_LOOK_MS,
    retry: false,
  })
  const names = (types.data?.items ?? []).map(({ type }) => type)
  const quarantined = useQuery({
    queryKey: ["quarantined", names],
    queryFn: async ({ signal }) => {
      const pages = await Promise.all(
        names.map((type) =>
          call<Page<ListedActor>>(urlOf(["actors", type], { quarantined: true, limit: 20 }), { signal }),
        ),
      )
      return pages.flatMap(({ items }) => items)
    },
    enabled: names.length > 0,
    refetchInterval: LIST_LOOK_MS,
    retry: false,
  })
  const actorNeed =
    (words: (id: string) => string) =>
    ({ type, id, quarantine }: ListedActor): Need => ({
      key: `${type} ${id}`,
      what: words(`${type} ${id}`),
      detail: quarantine?.detail,
      to: "/actors/$type/$id",
      params: { type, id },
    })
  const needs = [
    ...readinessNeeds(readiness.data),
    ...(quarantined.data ?? []).map(actorNeed(text.overview.quarantined)),
    ...(stuck.data?.items ?? []).map(actorNeed(text.overview.stuck)),
    ...(letters.data?.items ?? []).map(
      ({ reason, count, receivers }): Need => ({
        key: `letters ${reason}`,
        what: text.overview.letters(count, reason),
        detail: Object.keys(receivers).join(", "),
        to: "/dead-letters",
        search: { reason },
      }),
    ),
    ...(cluster.data?.members ?? [])
      .filter(({ state, load }) => state !== "up" || load === undefined)
      .map(
        ({ id, name, state, load }): Need => ({
          key: `member ${id}`,
          what: text.overview.member(name, load === undefined ? "silent" : state),
          to: "/cluster",
        }),
      ),
    ...(cluster.data?.paused ?? []).map(
      (type): Need => ({ key: `paused ${type}`, what: text.overview.paused(type), to: "/cluster" }),
    ),
  ]
  return {
    needs,
    isPending: readiness.isPending,
    error: readiness.data === undefined ? readiness.error : null,
  }
}

const readinessNeeds = (readiness: Readiness | undefined): ReadonlyArray<Need> => {
  if (readiness === undefined) return []
  const { journal, postgres, cluster, projections, reactors, problems } = readiness
  const checks = [
    { name: text.overview.journal, check: journal, to: "/cluster" },
    { name: text.overview.postgres, check: postgres, to: "/cluster" },
    { name: text.overview.membership, check: cluster, to: "/cluster" },
    ...[...projections, ...reactors].map((check) => ({ name: check.name, check, to: "/projections" })),
    ...problems.map((check) => ({
      name: String(check["name"] ?? text.overview.store),
      check,
      to: "/cluster",
    })),
  ]
  return checks
    .filter(({ check }) => !check.ok)
    .map(({ name, check, to }) => ({
      key: `check ${name}`,
      what: text.overview.down(name),
      detail: check.detail,
      to,
    }))
}

const Needs = () => {
  const { needs, isPending, error } = useNeeds()
  if (isPending) return <Loading />
  if (error !== null) return <Failure error={error} />
  return (
    <section className="panel stack" aria-live="polite">
      <h2>{text.overview.needs}</h2>
      {needs.length === 0 ? (
        <p className="good">✓ {text.overview.nothing}</p>
      ) : (
        <ul className="plain-list">
          {needs.map(({ key, what, detail, to, params, search }) => (
            <li key={key} className="need">
              <span className="bad" aria-hidden="true">
                ▲
              </span>
              <Link to={to} params={params as never} search={(search ?? {}) as never}>
                {what}
              </Link>
              {detail !== undefined && <span className="quiet mono">{detail}</span>}
            </li>
          ))}
        </ul>
      )}
    </section>
  )
}

/** Samples outlive the page: they begin when the console is opened. */
let kept: ReadonlyArray<Sample> = []

const Plots = () => {
  const metrics = useQuery({ ...metricsQuery, retry: false })
  const theme = useTheme()
  const [samples, setSamples] = useState(kept)
  const { data } = metrics
  useEffect(() => {
    if (data === undefined) return
    kept = withSample(kept, { at: data.at, values: metricsOf(data.text) })
    setSamples(kept)
  }, [data])
  const lines = useMemo(() => linesOf(samples), [samples])
  if (metrics.isError && data === undefined) {
    const isMissing = metrics.error instanceof RequestFailed && metrics.error.status === 404
    return isMissing ? <Unavailable route="GET /metrics" /> : <Failure error={metrics.error} />
  }
  const times = samples.map(({ at }) => at)
  return (
    <>
      <div className="plots">
        {lines.map((plot) => (
          <Plot key={plot.title} times={times} theme={theme} {...plot} />
        ))}
      </div>
      <p className="quiet">{text.overview.since}</p>
    </>
  )
}

const linesOf = (samples: ReadonlyArray<Sample>) => {
  const gauge = (metric: string) => samples.map((sample) => sumOf(sample, metric))
  const most = (metric: string, label: string) =>
    samples.map((sample) => Math.max(0, ...byLabel(sample, metric, label).values()))
  const inMs = (seconds: ReadonlyArray<number | null>) =>
    seconds.map((one) => (one === null ? null : one * 1_000))
  const asks = "everstate_ask_duration_seconds"
  const { plots } = text.overview
  return [
    {
      title: plots.commands,
      unit: text.overview.perSecond,
      lines: [
        { label: plots.answered, values: ratesOf(samples, "everstate_commands_answered_total") },
        { label: plots.commits, values: ratesOf(samples, "everstate_commits_total"), isDashed: true },
      ],
    },
    {
      title: plots.latency,
      unit: "ms",
      lines: [
        { label: "p50", values: inMs(quantilesOf(samples, asks, 0.5)) },
        { label: "p99", values: inMs(quantilesOf(samples, asks, 0.99)), isDashed: true },
      ],
    },
    {
      title: plots.resident,
      unit: "",
      lines: [{ label: plots.resident, values: gauge("everstate_actors_resident") }],
    },
    {
      title: plots.backlog,
      unit: "",
      lines: [
        { label: plots.mailbox, values: gauge("everstate_outbox_waiting") },
        { label: plots.outbox, values: gauge("everstate_outbox_pending"), isDashed: true },
      ],
    },
    {
      title: plots.lag,
      unit: "",
      lines: [
        { label: plots.projections, values: most("everstate_projection_lag", "projection") },
        { label: plots.reactors, values: most("everstate_reactor_lag", "reactor"), isDashed: true },
      ],
    },
    {
      title: plots.messages,
      unit: text.overview.perSecond,
      lines: [
        { label: plots.sent, values: ratesOf(samples, "everstate_outbox_sent_total") },
        { label: plots.calls, values: ratesOf(samples, "everstate_call_attempts_total"), isDashed: true },
      ],
    },
  ]
}
