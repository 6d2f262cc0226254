/**
 * The actors of a type: searched by id, state, tag, age and standing; listed by id, as many as there are.
 *
 * Owns the conditions, which are part of the address. One actor: Actor.tsx.
 */
import { useInfiniteQuery, useQuery } from "@tanstack/react-query"
import { Link, useNavigate, useParams, useSearch } from "@tanstack/react-router"
import { useEffect, useState } from "react"
import type { ChartState, ListedActor, TypeDocument } from "../api/Documents.ts"
import { type ActorFilter, actorsQuery, typesQuery } from "../api/Queries.ts"
import { Id } from "../parts/Id.tsx"
import { Moment } from "../parts/Moment.tsx"
import { Notice, Settled, Unavailable } from "../parts/Notice.tsx"
import { StateMark } from "../parts/StateMark.tsx"
import { curlLine } from "../parts/Twin.tsx"
import { VirtualTable } from "../parts/VirtualTable.tsx"
import type { Search } from "../shell/Search.ts"
import { text } from "../text/English.ts"

const AGES_MS: { readonly [age: string]: number } = {
  "10m": 600_000,
  "1h": 3_600_000,
  "1d": 86_400_000,
  "7d": 604_800_000,
}

/** Standing of an actor, as a condition. */
const STANDINGS: { readonly [only: string]: ActorFilter } = {
  done: { done: "true" },
  open: { done: "false" },
  failed: { failed: "true" },
  quarantined: { quarantined: "true" },
}

/** The condition as the route takes it. Ages are whole minutes, so that the question stays the same for a while. */
const filterOf = ({ id, state, tag, age, only }: Search, nowMs: number): ActorFilter => {
  const ageMs = AGES_MS[age ?? ""]
  const minute = Math.floor(nowMs / 60_000) * 60_000
  return {
    idPrefix: id,
    state,
    tag,
    updatedBefore: ageMs === undefined ? undefined : new Date(minute - ageMs).toISOString(),
    ...STANDINGS[only ?? ""],
  }
}

export const Actors = () => {
  const types = useQuery(typesQuery)
  return (
    <div className="page">
      <Settled query={types} missing={<Unavailable route="GET /types" />}>
        {({ items }) => (items.length === 0 ? <Notice title={text.types.none} /> : <OfType types={items} />)}
      </Settled>
    </div>
  )
}

const OfType = ({ types }: { readonly types: ReadonlyArray<TypeDocument> }) => {
  const { type: named } = useParams({ strict: false })
  const search = useSearch({ strict: false }) as Search
  const type = named ?? types.find(({ kind }) => kind === "actor")?.type ?? types[0]?.type ?? ""
  const document = types.find((one) => one.type === type)
  return (
    <>
      <header>
        <h1>
          {text.actors.title} <span className="crumb mono">{type}</span>
        </h1>
      </header>
      <Conditions type={type} types={types} search={search} />
      <List type={type} document={document} search={search} />
    </>
  )
}

interface ConditionsProps {
  readonly type: string
  readonly types: ReadonlyArray<TypeDocument>
  readonly search: Search
}

const Conditions = ({ type, types, search }: ConditionsProps) => {
  const navigate = useNavigate()
  const chart = types.find((one) => one.type === type)?.chart
  const set = (change: Search) =>
    void navigate({ to: "/actors/$type", params: { type }, search: { ...search, ...change }, replace: true })
  return (
    <div className="filters">
      <label className="field">
        <span>{text.actors.type}</span>
        <select
          value={type}
          onChange={({ target }) =>
            void navigate({ to: "/actors/$type", params: { type: target.value }, search: {} })
          }
        >
          {types.map((one) => (
            <option key={one.type}>{one.type}</option>
          ))}
        </select>
      </label>
      <SettledInput label={text.actors.id} value={search["id"]} onSettled={(id) => set({ id })} />
      <label className="field">
        <span>{text.actors.state}</span>
        <select value={search["state"] ?? ""} onChange={({ target }) => set({ state: target.value })}>
          <option value="">{text.state.all}</option>
          {stateNames(chart, search["state"]).map((state) => (
            <option key={state}>{state}</option>
          ))}
        </select>
      </label>
      <SettledInput label={text.actors.tag} value={search["tag"]} onSettled={(tag) => set({ tag })} />
      <label className="field">
        <span>{text.actors.age}</span>
        <select value={search["age"] ?? ""} onChange={({ target }) => set({ age: target.value })}>
          <option value="">{text.actors.ages.any}</option>
          {(["10m", "1h", "1d", "7d"] as const).map((age) => (
            <option key={age} value={age}>
              {text.actors.ages[age]}
            </option>
          ))}
        </select>
      </label>
      <label className="field">
        <span>{text.actors.only}</span>
        <select value={search["only"] ?? ""} onChange={({ target }) => set({ only: target.value })}>
          <option value="">{text.actors.all}</option>
          {(["open", "done", "failed", "quarantined"] as const).map((only) => (
            <option key={only} value={only}>
              {text.actors[only]}
            </option>
          ))}
        </select>
      </label>
    </div>
  )
}

/** Names of all states as the directory takes them; the one of the address, if the chart has it not. */
const stateNames = (chart: ChartState | undefined, given: string | undefined): ReadonlyArray<string> => {
  const names: Array<string> = []
  const visit = (state: ChartState, path: string) => {
    for (const inner of state.states) {
      if (inner.type === "history") continue
      const name = path === "" ? inner.key : `${path}.${inner.key}`
      names.push(name)
      visit(inner, name)
    }
  }
  if (chart !== undefined) visit(chart, "")
  return given === undefined || names.includes(given) ? names : [given, ...names]
}

/** Time without a letter after which a condition is taken, in milliseconds. */
const SETTLED_MS = 250

interface SettledInputProps {
  readonly label: string
  readonly value: string | undefined
  readonly onSettled: (value: string) => void
}

const SettledInput = ({ label, value = "", onSettled }: SettledInputProps) => {
  const [typed, setTyped] = useState(value)
  useEffect(() => setTyped(value), [value])
  // biome-ignore lint/correctness/useExhaustiveDependencies: only a new letter starts the time again
  useEffect(() => {
    if (typed === value) return
    const timer = setTimeout(() => onSettled(typed), SETTLED_MS)
    return () => clearTimeout(timer)
  }, [typed])
  return (
    <label className="field">
      <span>{label}</span>
      <input className="mono" value={typed} onChange={({ target }) => setTyped(target.value)} />
    </label>
  )
}

interface ListProps {
  readonly type: string
  readonly document: TypeDocument | undefined
  readonly search: Search
}

const COLUMNS = "minmax(120px, 2fr) minmax(96px, 2fr) 64px minmax(72px, 1fr) minmax(72px, 1fr)"
const NARROW_COLUMNS = "minmax(0, 2fr) minmax(0, 2fr) 96px"
const narrow = matchMedia("(max-width: 599px)")

const List = ({ type, document, search }: ListProps) => {
  const navigate = useNavigate()
  const [openedAt] = useState(Date.now)
  const list = useInfiniteQuery(actorsQuery(type, filterOf(search, openedAt)))
  const isFiltered = Object.values(search).some((value) => value !== undefined)
  return (
    <Settled query={list} missing={<Unavailable route={text.actors.noList} />}>
      {({ pages }) => {
        const rows = pages.flatMap(({ items }) => items)
        if (rows.length === 0)
          return isFiltered ? <NothingFits type={type} /> : <FirstCommand type={document} />
        return (
          <div className="stack">
            <div className="row spread">
              <span className="quiet" role="status">
                {text.actors.shown(rows.length, !list.hasNextPage)}
              </span>
              <button type="button" onClick={() => void list.refetch()} disabled={list.isFetching}>
                {text.actors.refresh}
              </button>
            </div>
            <VirtualTable<ListedActor>
              label={text.actors.title}
              rows={rows}
              rowKey={({ id }) => id}
              columns={narrow.matches ? NARROW_COLUMNS : COLUMNS}
              onEnd={() => {
                if (list.hasNextPage && !list.isFetchingNextPage) void list.fetchNextPage()
              }}
              onOpen={({ id }) => void navigate({ to: "/actors/$type/$id", params: { type, id } })}
              head={
                <>
                  <span role="columnheader">{text.actors.columns.id}</span>
                  <span role="columnheader">{text.actors.columns.state}</span>
                  <span role="columnheader" className="end wide-only">
                    {text.actors.columns.version}
                  </span>
                  <span role="columnheader">{text.actors.columns.updated}</span>
                  <span role="columnheader" className="wide-only">
                    {text.actors.columns.created}
                  </span>
                </>
              }
              row={(actor) => <Cells actor={actor} chart={document?.chart} />}
            />
          </div>
        )
      }}
    </Settled>
  )
}

const Cells = ({ actor, chart }: { readonly actor: ListedActor; readonly chart: ChartState | undefined }) => {
  const { type, id, state, version, failed, quarantine, updatedAt, createdAt } = actor
  const standing = quarantine !== undefined ? "quarantined" : failed ? "failed" : undefined
  return (
    <>
      <span role="cell">
        <Id id={id}>
          <Link to="/actors/$type/$id" params={{ type, id }} title={id}>
            {id}
          </Link>
        </Id>
      </span>
      <span role="cell" className="row">
        <StateMark state={state} chart={chart} />
        {standing !== undefined && <span className="badge bad">{text.actors[standing]}</span>}
      </span>
      <span role="cell" className="number end wide-only">
        {version}
      </span>
      <span role="cell">
        <Moment at={updatedAt} />
      </span>
      <span role="cell" className="wide-only">
        <Moment at={createdAt} />
      </span>
    </>
  )
}

const NothingFits = ({ type }: { readonly type: string }) => (
  <Notice title={text.actors.none.filtered}>
    <Link to="/actors/$type" params={{ type }} search={{}} className="button">
      {text.actors.none.clear}
    </Link>
  </Notice>
)

const FirstCommand = ({ type }: { readonly type: TypeDocument | undefined }) => {
  const command = type?.commands[0]?.name ?? "Command"
  return (
    <Notice title={text.actors.none.title}>
      <p>{text.actors.none.detail}</p>
      <pre>{curlLine("POST", ["actors", type?.type ?? "type", "my-first", command], {})}</pre>
    </Notice>
  )
}
