/**
 * Sagas of all types: those that run, that need an operator, that run for long, all. One saga is an actor: Actor.tsx.
 *
 * Owns the conditions, which are part of the address.
 */
import { useInfiniteQuery, useQuery } from "@tanstack/react-query"
import { Link, useNavigate, useSearch } from "@tanstack/react-router"
import { useState } from "react"
import { ENDED_STATES } from "../api/ActorFilter.ts"
import type { ListedActor, TypeDocument } from "../api/Documents.ts"
import { sagasQuery, typesQuery } from "../api/Queries.ts"
import { spanText, useNow } from "../parts/Clock.ts"
import { Id } from "../parts/Id.tsx"
import { Moment } from "../parts/Moment.tsx"
import { NewsBar } from "../parts/NewsBar.tsx"
import { Notice, Settled, Unavailable } from "../parts/Notice.tsx"
import { SettledInput } from "../parts/SettledInput.tsx"
import { StateMark } from "../parts/StateMark.tsx"
import { type AnsweredList, listOf, useSteadyRows } from "../parts/SteadyRows.ts"
import { commandLine, curlLine, Twins } from "../parts/Twin.tsx"
import { VirtualTable } from "../parts/VirtualTable.tsx"
import type { Search } from "../shell/Search.ts"
import { text } from "../text/English.ts"
import { SAGA_CONDITIONS, sagaFilter, sagaListCommand } from "./sagas/SagaConditions.ts"

export const Sagas = () => {
  const search = useSearch({ strict: false }) as Search
  const { show = "all", type, id } = search
  const [openedAt] = useState(Date.now)
  const navigate = useNavigate()
  const types = useQuery(typesQuery).data?.items ?? []
  const filter = sagaFilter(show, id, openedAt)
  const list = useInfiniteQuery(sagasQuery(filter, type))
  const set = (change: Search) =>
    void navigate({ to: "/sagas", search: { ...search, ...change }, replace: true })
  return (
    <div className="page">
      <header>
        <h1>{text.pages.sagas}</h1>
      </header>
      <nav className="tabs" aria-label={text.pages.sagas}>
        {SAGA_CONDITIONS.map((one) => (
          <Link
            key={one}
            to="/sagas"
            search={{ ...search, show: one === "all" ? undefined : one }}
            aria-current={one === show ? "page" : undefined}
          >
            {text.sagas[one]}
          </Link>
        ))}
      </nav>
      <div className="filters">
        <label className="field">
          <span>{text.actors.type}</span>
          <select value={type ?? ""} onChange={({ target }) => set({ type: target.value })}>
            <option value="">{text.sagas.anyType}</option>
            {types
              .filter(({ kind }) => kind === "saga")
              .map((one) => (
                <option key={one.type}>{one.type}</option>
              ))}
          </select>
        </label>
        <SettledInput label={text.actors.id} value={id} onSettled={(given) => set({ id: given })} />
      </div>
      <Settled query={list} missing={<Unavailable route="GET /sagas" />}>
        {() => (
          <Rows
            list={listOf(list, JSON.stringify([filter, type]))}
            isAll={show === "all" && type === undefined && id === undefined}
            types={types}
          />
        )}
      </Settled>
      <Twins
        command={sagaListCommand(show, type, id)}
        curl={curlLine("GET", type === undefined ? ["sagas"] : ["sagas", type], undefined, filter)}
      />
    </div>
  )
}

interface RowsProps {
  readonly list: AnsweredList<ListedActor>
  /** Whether the list has no condition. */
  readonly isAll: boolean
  readonly types: ReadonlyArray<TypeDocument>
}

const keyOf = ({ type, id }: ListedActor): string => `${type} ${id}`

const COLUMNS =
  "minmax(96px, 1fr) minmax(120px, 2fr) minmax(96px, 2fr) minmax(72px, 1fr) minmax(72px, 1fr) minmax(72px, 1fr)"
const NARROW = "minmax(0, 2fr) minmax(0, 2fr) 88px"
const narrow = matchMedia("(max-width: 599px)")

const Rows = ({ list, isAll, types }: RowsProps) => {
  const navigate = useNavigate()
  const shown = useSteadyRows(list, keyOf)
  if (shown.rows.length === 0)
    return isAll ? <FirstSaga types={types} /> : <Notice title={text.sagas.noneFits} />
  return (
    <div className="stack">
      <NewsBar count={text.sagas.shown(shown.rows.length, list.isWhole)} news={shown} list={list} />
      <VirtualTable<ListedActor>
        label={text.pages.sagas}
        rows={shown.rows}
        rowKey={keyOf}
        columns={narrow.matches ? NARROW : COLUMNS}
        onEnd={list.onEnd}
        onOpen={({ type, id }) => void navigate({ to: "/actors/$type/$id", params: { type, id } })}
        head={
          <>
            <span role="columnheader" className="wide-only">
              {text.actors.type}
            </span>
            <span role="columnheader">{text.actors.columns.id}</span>
            <span role="columnheader">{text.actors.columns.state}</span>
            <span role="columnheader">{text.sagas.took}</span>
            <span role="columnheader" className="wide-only">
              {text.actors.columns.updated}
            </span>
            <span role="columnheader" className="wide-only">
              {text.actors.columns.created}
            </span>
          </>
        }
        row={(saga) => <Cells saga={saga} types={types} />}
      />
    </div>
  )
}

const Cells = ({ saga, types }: { saga: ListedActor; types: ReadonlyArray<TypeDocument> }) => {
  const { type, id, state, updatedAt, createdAt } = saga
  return (
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
      <span role="cell" className="number">
        <Took saga={saga} />
      </span>
      <span role="cell" className="wide-only">
        <Moment at={updatedAt} />
      </span>
      <span role="cell" className="wide-only">
        <Moment at={createdAt} />
      </span>
    </>
  )
}

/** Time from the start of a saga to its end, or until now. */
const Took = ({ saga: { state, createdAt, updatedAt } }: { readonly saga: ListedActor }) => {
  const now = useNow()
  const end = ENDED_STATES.includes(state ?? "") ? Date.parse(updatedAt) : now
  return spanText(Math.max(0, end - Date.parse(createdAt)))
}

const FirstSaga = ({ types }: { readonly types: ReadonlyArray<TypeDocument> }) => {
  const type = types.find(({ kind }) => kind === "saga")?.type
  return (
    <Notice title={text.sagas.none}>
      {type !== undefined && (
        <>
          <p>{text.sagas.howToStart}</p>
          <pre>{commandLine("actors", "ask", type, "my-first", "Start", '{"input":{}}')}</pre>
        </>
      )}
    </Notice>
  )
}
