/**
 * The system at a glance: what needs somebody now, how it has been doing for an hour, and what operators did.
 *
 * Owns the page. Its parts: overview/Needs.tsx, overview/Plots.tsx.
 */
import { useQuery } from "@tanstack/react-query"
import { Link } from "@tanstack/react-router"
import { countedTypesQuery, operationsQuery, readinessQuery } from "../api/Queries.ts"
import { Moment } from "../parts/Moment.tsx"
import { Notice } from "../parts/Notice.tsx"
import { curlLine } from "../parts/Twin.tsx"
import { text } from "../text/English.ts"
import { Needs } from "./overview/Needs.tsx"
import { Plots } from "./overview/Plots.tsx"

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
  const { data } = useQuery(countedTypesQuery)
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
