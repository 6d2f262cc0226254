/**
 * The list of actors that meet the conditions: by id, as many as there are; or the oldest of them.
 *
 * Owns the table, and what stands in its place while there are none. Which rows are shown while the list changes:
 * ../../parts/SteadyRows.ts.
 */
import { useInfiniteQuery, useQuery } from "@tanstack/react-query"
import { Link, useNavigate } from "@tanstack/react-router"
import { useState } from "react"
import type { ChartState, Json, ListedActor, TypeDocument } from "../../api/Documents.ts"
import { actorsQuery, oldestActorsQuery } from "../../api/Queries.ts"
import { Id } from "../../parts/Id.tsx"
import { Moment } from "../../parts/Moment.tsx"
import { NewsBar } from "../../parts/NewsBar.tsx"
import { Notice, Settled, Unavailable } from "../../parts/Notice.tsx"
import { StateMark } from "../../parts/StateMark.tsx"
import { useSteadyRows } from "../../parts/SteadyRows.ts"
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
  const list = isOldest ? oldest : pages
  const byId = pages.data?.pages ?? []
  const found = isOldest ? oldest.data?.items : pages.data && byId.flatMap(({ items }) => items)
  const isWhole = isOldest ? oldest.data?.isWhole === true : !pages.hasNextPage
  return (
    <>
      <Settled
        query={{ data: found, error: list.error, isPending: list.isPending, refetch: list.refetch }}
        missing={<Unavailable route={text.actors.noList} />}
      >
        {(rows) => (
          <Rows
            rows={rows}
            question={JSON.stringify([type, filter, isOldest])}
            {...{ type, document, search, isOldest, isWhole }}
            pageCount={isOldest ? 1 : byId.length}
            isPlaceholder={list.isPlaceholderData}
            isAsking={list.isFetching}
            onRefresh={() => void list.refetch()}
            onEnd={() => {
              if (!isOldest && pages.hasNextPage && !pages.isFetchingNextPage) void pages.fetchNextPage()
            }}
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

interface RowsProps extends ActorListProps {
  readonly rows: ReadonlyArray<ListedActor>
  readonly question: string
  readonly isOldest: boolean
  readonly isWhole: boolean
  readonly pageCount: number
  readonly isPlaceholder: boolean
  readonly isAsking: boolean
  readonly onRefresh: () => void
  readonly onEnd: () => void
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

const Rows = (props: RowsProps) => {
  const { type, document, search, isOldest, isWhole, isAsking, onRefresh, onEnd } = props
  const navigate = useNavigate()
  const shown = useSteadyRows({ ...props, keyOf })
  const columns = seenColumns(shown.rows).map(({ name }) => name)
  if (shown.rows.length === 0)
    return isFiltered(search) ? <NothingFits type={type} /> : <FirstCommand type={document} />
  return (
    <div className="stack">
      <NewsBar
        count={
          isOldest && !isWhole
            ? text.actors.oldest(shown.rows.length)
            : text.actors.shown(shown.rows.length, isWhole)
        }
        news={shown}
        refresh={{ ask: onRefresh, isBusy: isAsking }}
      />
      <VirtualTable<ListedActor>
        label={text.actors.title}
        rows={shown.rows}
        rowKey={keyOf}
        columns={narrow.matches ? NARROW_COLUMNS : columnsWith(columns.length)}
        {...(narrow.matches || columns.length === 0 ? {} : { leastWidth: leastWidth(columns.length) })}
        onEnd={onEnd}
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
