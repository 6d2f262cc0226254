/**
 * The list of actors that meet the conditions: by id, as many as there are; or the oldest of them.
 *
 * Owns the table, and what stands in its place while there are none. Which rows are shown while the list changes:
 * ../../parts/SteadyRows.ts.
 */
import { type UseQueryResult, useInfiniteQuery, useQuery } from "@tanstack/react-query"
import { Link, useNavigate } from "@tanstack/react-router"
import { useState } from "react"
import type { ChartState, Json, ListedActor, TypeDocument } from "../../api/Documents.ts"
import type { Slice } from "../../api/OldestFirst.ts"
import { actorsQuery, oldestActorsQuery } from "../../api/Queries.ts"
import { Id } from "../../parts/Id.tsx"
import { Moment } from "../../parts/Moment.tsx"
import { NewsBar } from "../../parts/NewsBar.tsx"
import { Notice, Settled, Unavailable } from "../../parts/Notice.tsx"
import { StateMark } from "../../parts/StateMark.tsx"
import { type AnsweredList, listOf, useSteadyRows } from "../../parts/SteadyRows.ts"
import { curlLine, Twins } from "../../parts/Twin.tsx"
import { VirtualTable } from "../../parts/VirtualTable.tsx"
import type { Search } from "../../shell/Search.ts"
import { text } from "../../text/English.ts"
import { filterOf, isFiltered, listCommand, seenColumns } from "./ActorConditions.ts"
import { FirstCommand } from "./FirstCommand.tsx"

interface ActorListProps {
  readonly type: string
  readonly document: TypeDocument | undefined
  readonly search: Search
}

export const ActorList = ({ type, document, search }: ActorListProps) => {
  const [openedAt] = useState(Date.now)
  const filter = filterOf(search, openedAt)
  const isOldest = search["order"] === "oldest"
  const pages = useInfiniteQuery({ ...actorsQuery(type, filter), enabled: !isOldest })
  const oldest = useQuery({ ...oldestActorsQuery(type, filter), enabled: isOldest })
  const asked = isOldest ? oldest : pages
  const question = JSON.stringify([type, filter, isOldest])
  return (
    <>
      <Settled
        query={{ data: asked.data, error: asked.error, isPending: asked.isPending, refetch: asked.refetch }}
        missing={<Unavailable route={text.actors.noList} />}
      >
        {() => (
          <Rows
            list={isOldest ? oldestList(oldest, question) : listOf(pages, question)}
            {...{ type, document, search, isOldest }}
          />
        )}
      </Settled>
      <Twins
        command={listCommand(type, search)}
        curl={curlLine("GET", ["actors", type], undefined, filter)}
      />
    </>
  )
}

/** The oldest actors as a list, which does not go on. */
const oldestList = (
  query: UseQueryResult<Slice<ListedActor>>,
  question: string,
): AnsweredList<ListedActor> => ({
  rows: query.data?.items ?? [],
  question,
  pageCount: 1,
  isWhole: query.data?.isWhole === true,
  isPlaceholder: query.isPlaceholderData,
  isAsking: query.isFetching,
  onRefresh: () => void query.refetch(),
  onEnd: () => undefined,
})

interface RowsProps extends ActorListProps {
  readonly list: AnsweredList<ListedActor>
  readonly isOldest: boolean
}

const keyOf = ({ id }: ListedActor): string => id

const narrow = matchMedia("(max-width: 599px)")
const NARROW_COLUMNS = "minmax(0, 2fr) minmax(0, 2fr) 96px"
/** Widths of the id, the state, each directory column, the version and the two times. */
const columnsWith = (count: number): string =>
  [
    "minmax(120px, 2fr) minmax(96px, 2fr)",
    ...Array.from({ length: count }, () => "minmax(96px, 1fr)"),
    "64px minmax(88px, 1fr) minmax(88px, 1fr)",
  ].join(" ")
/** Width below which the table scrolls sideways, in pixels, for this number of directory columns. */
const leastWidth = (count: number): number => 560 + 112 * count

const Rows = ({ list, type, document, search, isOldest }: RowsProps) => {
  const navigate = useNavigate()
  const shown = useSteadyRows(list, keyOf)
  const columns = seenColumns(shown.rows).map(({ name }) => name)
  if (shown.rows.length === 0)
    return isFiltered(search) ? <NothingFits type={type} /> : <FirstCommand type={document} />
  return (
    <div className="stack">
      <NewsBar
        count={
          isOldest && !list.isWhole
            ? text.actors.oldest(shown.rows.length)
            : text.actors.shown(shown.rows.length, list.isWhole)
        }
        news={shown}
        list={list}
      />
      <VirtualTable<ListedActor>
        label={text.actors.title}
        rows={shown.rows}
        rowKey={keyOf}
        columns={narrow.matches ? NARROW_COLUMNS : columnsWith(columns.length)}
        {...(narrow.matches || columns.length === 0 ? {} : { leastWidth: leastWidth(columns.length) })}
        onEnd={list.onEnd}
        onOpen={({ id }) => void navigate({ to: "/actors/$type/$id", params: { type, id } })}
        head={
          <>
            <span role="columnheader">{text.actors.columns.id}</span>
            <span role="columnheader">{text.actors.columns.state}</span>
            {columns.map((name) => (
              <span key={name} role="columnheader" className="mono wide-only" title={name}>
                {name}
              </span>
            ))}
            <span role="columnheader" className="end wide-only">
              {text.actors.columns.version}
            </span>
            <span role="columnheader">{text.actors.columns.updated}</span>
            <span role="columnheader" className="wide-only">
              {text.actors.columns.created}
            </span>
          </>
        }
        row={(actor) => <Cells actor={actor} chart={document?.chart} columns={columns} />}
      />
    </div>
  )
}

interface CellsProps {
  readonly actor: ListedActor
  readonly chart: ChartState | undefined
  readonly columns: ReadonlyArray<string>
}

const Cells = ({ actor, chart, columns }: CellsProps) => {
  const { type, id, state, version, failed, quarantine, updatedAt, createdAt, columns: values = {} } = actor
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
      {columns.map((name) => (
        <span key={name} role="cell" className="wide-only" title={valueText(values[name])}>
          {valueText(values[name])}
        </span>
      ))}
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

const valueText = (value: Json | undefined): string => {
  if (value === undefined || value === null) return "–"
  if (typeof value === "boolean") return value ? text.actors.flags.yes : text.actors.flags.no
  return String(value)
}

const NothingFits = ({ type }: { readonly type: string }) => (
  <Notice title={text.actors.none.filtered}>
    <Link to="/actors/$type" params={{ type }} search={{}} className="button">
      {text.actors.none.clear}
    </Link>
  </Notice>
)
