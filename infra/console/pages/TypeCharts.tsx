/**
 * The types of the system: each as its statechart, with the number of actors in every state. A click on a state
 * lists its actors, oldest first.
 *
 * Owns the choice of the type, which is part of the address.
 */
import { useQuery } from "@tanstack/react-query"
import { Link, useNavigate, useParams } from "@tanstack/react-router"
import { useMemo } from "react"
import type { TypeDocument } from "../api/Documents.ts"
import { countedTypesQuery, transitionsQuery } from "../api/Queries.ts"
import { ChartPanel } from "../drawing/ChartPanel.tsx"
import { Notice, Settled, Unavailable } from "../parts/Notice.tsx"
import { statePaths } from "../parts/StateLook.ts"
import { StateMark } from "../parts/StateMark.tsx"
import { trafficOf } from "../parts/Traffic.ts"
import { curlLine, Twins } from "../parts/Twin.tsx"
import { UnknownType } from "../parts/UnknownType.tsx"
import type { Search } from "../shell/Search.ts"
import { text } from "../text/English.ts"

export const TypeCharts = () => {
  const types = useQuery(countedTypesQuery)
  const { type: named } = useParams({ strict: false })
  return (
    <div className="page">
      <header>
        <h1>
          {text.pages.types} {named !== undefined && <span className="crumb mono">{named}</span>}
        </h1>
      </header>
      <Settled query={types} missing={<Unavailable route="GET /types" />}>
        {({ items }) => {
          if (items.length === 0) return <Notice title={text.types.none} />
          const shown = items.find(({ type }) => type === named) ?? items[0]
          return (
            <>
              <nav className="tabs" aria-label={text.pages.types}>
                {items.map(({ type, kind, counts }) => (
                  <Link
                    key={type}
                    to="/types/$type"
                    params={{ type }}
                    aria-current={type === shown?.type ? "page" : undefined}
                  >
                    <span className="mono">{type}</span>
                    <span className="quiet">
                      <span className="wide-only">{text.types.kind[kind]}</span>
                      {counts !== undefined && (
                        <>
                          <span className="wide-only"> · </span>
                          {text.types.actors(counts.total)}
                        </>
                      )}
                    </span>
                  </Link>
                ))}
              </nav>
              {named !== undefined && shown?.type !== named ? (
                <UnknownType type={named} />
              ) : (
                shown !== undefined && <OneType key={shown.type} document={shown} />
              )}
            </>
          )
        }}
      </Settled>
    </div>
  )
}

/** Counts by path of the innermost states; an actor in two regions counts in both. */
const countsByPath = (byState: { readonly [state: string]: number }): Record<string, number> => {
  const counts: Record<string, number> = {}
  for (const [state, count] of Object.entries(byState)) {
    for (const path of statePaths(state)) counts[path] = (counts[path] ?? 0) + count
  }
  return counts
}

/** The list of the actors in a state. The oldest come first, because they may be the ones that hang. */
const oldestIn = (state: string): Search => ({ state, order: "oldest" })

const OneType = ({ document }: { readonly document: TypeDocument }) => {
  const { type, kind, chart, counts, commands, events, warnings } = document
  const navigate = useNavigate()
  const lately = useQuery(transitionsQuery(type)).data?.items
  const counted = useMemo(() => (counts === undefined ? undefined : countsByPath(counts.byState)), [counts])
  const traffic = useMemo(
    () => (lately === undefined ? undefined : trafficOf(chart, lately)),
    [chart, lately],
  )
  const open = (state: string) =>
    void navigate({ to: "/actors/$type", params: { type }, search: oldestIn(state) })
  return (
    <div className="type-grid">
      <section className="panel chart-panel">
        <p className="quiet chart-hint">{text.types.statesHint}</p>
        <ChartPanel chart={chart} counts={counted} traffic={traffic} onState={open} height={640} />
      </section>
      <div className="stack gap">
        <section className="panel">
          <div className="row spread">
            <h2>{text.types.inState}</h2>
            <Link to="/actors/$type" params={{ type }}>
              {text.types.list}
            </Link>
          </div>
          {counts === undefined ? (
            <p className="quiet">{text.types.noCounts}</p>
          ) : (
            <ul className="state-list">
              {Object.entries(counts.byState)
                .toSorted(([, left], [, right]) => right - left)
                .map(([state, count]) => (
                  <li key={state}>
                    <Link to="/actors/$type" params={{ type }} search={oldestIn(state)}>
                      <StateMark state={state} chart={chart} />
                    </Link>
                    <span className="number">{count.toLocaleString("en")}</span>
                    <span
                      className="share"
                      style={{ width: `${(100 * count) / Math.max(1, counts.total)}%` }}
                    />
                  </li>
                ))}
              {counts.unknown > 0 && <li className="quiet">{text.types.unknown(counts.unknown)}</li>}
            </ul>
          )}
        </section>
        {warnings.length > 0 && (
          <section className="panel">
            <h2>{text.types.warnings}</h2>
            <ul>
              {warnings.map((warning) => (
                <li key={warning}>{warning}</li>
              ))}
            </ul>
          </section>
        )}
        <section className="panel">
          <h2>{text.types.commands}</h2>
          <p className="mono words">{commands.map(({ name }) => name).join("  ")}</p>
          {events.length > 0 && (
            <>
              <h2>{text.types.events}</h2>
              <p className="mono words">
                {events.map(({ name, version }) => `${name} v${version}`).join("  ")}
              </p>
            </>
          )}
        </section>
        <Twins
          command={[kind === "saga" ? "sagas" : "actors", "list", type]}
          curl={curlLine("GET", [kind === "saga" ? "sagas" : "actors", type])}
          lines={[curlLine("GET", ["types", type], undefined, { counts: true })]}
        />
      </div>
    </div>
  )
}
