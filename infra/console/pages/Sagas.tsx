/**
 * Sagas of all types: those that need an operator, those that run for long, all. One saga is an actor: Actor.tsx.
 *
 * Owns the conditions, which are part of the address.
 */
import { useInfiniteQuery, useQuery } from "@tanstack/react-query"
import { Link, useNavigate, useSearch } from "@tanstack/react-router"
import { useState } from "react"
import type { ActorFilter } from "../api/ActorFilter.ts"
import type { ListedActor } from "../api/Documents.ts"
import { LIST_LOOK_MS, sagasQuery, typesQuery } from "../api/Queries.ts"
import { Id } from "../parts/Id.tsx"
import { Moment } from "../parts/Moment.tsx"
import { Notice, Settled, Unavailable } from "../parts/Notice.tsx"
import { StateMark } from "../parts/StateMark.tsx"
import { VirtualTable } from "../parts/VirtualTable.tsx"
import type { Search } from "../shell/Search.ts"
import { text } from "../text/English.ts"

const HOUR_MS = 3_600_000

/** Conditions by their name in the address. */
const filterOf = (show: string | undefined, openedAt: number): ActorFilter => {
  switch (show) {
    case "stuck":
      return { state: "stuck" }
    case "compensating":
      return { state: "compensating" }
    case "open":
      return { done: "false" }
    case "old":
      return { done: "false", createdBefore: new Date(openedAt - HOUR_MS).toISOString() }
    default:
      return {}
  }
}

const isRunning = (show: string): boolean => show === "open" || show === "old"

const ENDED: ReadonlySet<string> = new Set(["completed", "compensated", "aborted"])

const CONDITIONS = ["all", "open", "stuck", "compensating", "old"] as const

const COLUMNS = "minmax(96px, 1fr) minmax(120px, 2fr) minmax(96px, 2fr) minmax(72px, 1fr) minmax(72px, 1fr)"
const NARROW = "minmax(0, 2fr) minmax(0, 2fr) 96px"
const narrow = matchMedia("(max-width: 599px)")

export const Sagas = () => {
  const { show = "all" } = useSearch({ strict: false }) as Search
  const [openedAt] = useState(Date.now)
  const navigate = useNavigate()
  const types = useQuery(typesQuery).data?.items ?? []
  const list = useInfiniteQuery({ ...sagasQuery(filterOf(show, openedAt)), refetchInterval: LIST_LOOK_MS })
  return (
    <div className="page">
      <header>
        <h1>{text.pages.sagas}</h1>
      </header>
      <nav className="tabs" aria-label={text.pages.sagas}>
        {CONDITIONS.map((one) => (
          <Link
            key={one}
            to="/sagas"
            search={one === "all" ? {} : { show: one }}
            aria-current={one === show ? "page" : undefined}
          >
            {text.sagas[one]}
          </Link>
        ))}
      </nav>
      <Settled query={list} missing={<Unavailable route="GET /sagas" />}>
        {({ pages }) => {
          const all = pages.flatMap(({ items }) => items)
          // A saga that has completed is not done, because its parent may have it undone.
          const rows = isRunning(show) ? all.filter(({ state }) => !ENDED.has(state ?? "")) : all
          if (rows.length === 0)
            return <Notice title={show === "all" ? text.sagas.none : text.sagas.noneFits} />
          return (
            <VirtualTable<ListedActor>
              label={text.pages.sagas}
              rows={rows}
              rowKey={({ type, id }) => `${type} ${id}`}
              columns={narrow.matches ? NARROW : COLUMNS}
              onEnd={() => {
                if (list.hasNextPage && !list.isFetchingNextPage) void list.fetchNextPage()
              }}
              onOpen={({ type, id }) => void navigate({ to: "/actors/$type/$id", params: { type, id } })}
              head={
                <>
                  <span role="columnheader" className="wide-only">
                    {text.actors.type}
                  </span>
                  <span role="columnheader">{text.actors.columns.id}</span>
                  <span role="columnheader">{text.actors.columns.state}</span>
                  <span role="columnheader">{text.actors.columns.updated}</span>
                  <span role="columnheader" className="wide-only">
                    {text.actors.columns.created}
                  </span>
                </>
              }
              row={({ type, id, state, updatedAt, createdAt }) => (
                <>
                  <span role="cell" className="mono wide-only">
                    {type}
                  </span>
                  <span role="cell">
                    <Id id={id}>
                      <Link to="/actors/$type/$id" params={{ type, id }} title={id}>
                        {id}
                      </Link>
                    </Id>
                  </span>
                  <span role="cell">
                    <StateMark state={state} chart={types.find((one) => one.type === type)?.chart} />
                  </span>
                  <span role="cell">
                    <Moment at={updatedAt} />
                  </span>
                  <span role="cell" className="wide-only">
                    <Moment at={createdAt} />
                  </span>
                </>
              )}
            />
          )
        }}
      </Settled>
    </div>
  )
}
