/**
 * The events of an actor, newest first: as many as there are, of which the page holds those in sight.
 *
 * Owns the windows that are loaded. A new event never moves what a person is looking at: the list says that it has
 * come.
 */
import { useQueries } from "@tanstack/react-query"
import { Link } from "@tanstack/react-router"
import { useMemo, useState } from "react"
import type { HistoryItem } from "../../api/Documents.ts"
import { HISTORY_WINDOW, historyWindowQuery } from "../../api/Queries.ts"
import { Moment } from "../../parts/Moment.tsx"
import { VirtualTable } from "../../parts/VirtualTable.tsx"
import { text } from "../../text/English.ts"

interface TimelineProps {
  readonly type: string
  readonly id: string
  readonly version: number
  readonly selected: number
  readonly onSelect: (version: number) => void
}

const COLUMNS =
  "56px minmax(96px, 2fr) minmax(72px, 1fr) minmax(56px, 1fr) minmax(72px, 1.4fr) minmax(72px, 1.4fr)"
const NARROW = "32px minmax(0, 1fr) 104px"
const narrow = matchMedia("(max-width: 599px)")

export const useHistoryWindows = (
  type: string,
  id: string,
  version: number,
  windows: ReadonlySet<number>,
) => {
  const wanted = [...windows].filter((window) => window * HISTORY_WINDOW < version)
  const found = useQueries({
    queries: wanted.map((window) => historyWindowQuery(type, id, window, version)),
  })
  const items = new Map<number, HistoryItem>()
  for (const { data } of found) for (const item of data?.items ?? []) items.set(item.version, item)
  return { items, birth: found.find(({ data }) => data?.birth !== undefined)?.data?.birth }
}

export const windowOf = (version: number): number => Math.floor(Math.max(0, version - 1) / HISTORY_WINDOW)

export const Timeline = ({ type, id, version, selected, onSelect }: TimelineProps) => {
  const [top, setTop] = useState(version)
  const [seen, setSeen] = useState({ first: 0, last: 30 })
  // The list follows new events while its beginning is in sight.
  const head = seen.first === 0 ? version : Math.min(top, version)
  if (head !== top) setTop(head)
  const rows = useMemo(() => Array.from({ length: head }, (_, index) => head - index), [head])
  const windows = useMemo(() => {
    const from = windowOf(head - seen.last)
    const to = windowOf(head - seen.first)
    return new Set(Array.from({ length: to - from + 1 }, (_, index) => from + index))
  }, [head, seen.first, seen.last])
  const { items, birth } = useHistoryWindows(type, id, version, windows)
  return (
    <div className="stack">
      {version > head && (
        <button type="button" className="news" onClick={() => setTop(version)}>
          {text.actor.news(version - head)}
        </button>
      )}
      <VirtualTable<number>
        label={text.actor.timeline}
        rows={rows}
        rowKey={String}
        columns={narrow.matches ? NARROW : COLUMNS}
        height="400px"
        onOpen={onSelect}
        onSight={setSeen}
        isSelected={(row) => row === selected}
        head={
          <>
            <span role="columnheader" className="end">
              {text.actor.columns.version}
            </span>
            <span role="columnheader">{text.actor.columns.event}</span>
            <span role="columnheader">{text.actor.columns.time}</span>
            <span role="columnheader" className="wide-only">
              {text.actor.columns.user}
            </span>
            <span role="columnheader" className="wide-only">
              {text.actor.columns.command}
            </span>
            <span role="columnheader" className="wide-only">
              {text.actor.columns.correlation}
            </span>
          </>
        }
        row={(row) => <Cells version={row} item={items.get(row)} onSelect={onSelect} />}
      />
      {birth !== undefined && (
        <span className="quiet">
          {text.actor.born} <Moment at={birth.at} />
        </span>
      )}
    </div>
  )
}

interface CellsProps {
  readonly version: number
  readonly item: HistoryItem | undefined
  readonly onSelect: (version: number) => void
}

const Cells = ({ version, item, onSelect }: CellsProps) => (
  <>
    <span role="cell" className="number end">
      {version}
    </span>
    <span role="cell">
      {item === undefined ? (
        <span className="quiet">{text.notice.loading}</span>
      ) : (
        <button type="button" className="link mono" onClick={() => onSelect(version)}>
          {item.type}
        </button>
      )}
    </span>
    <span role="cell">{item !== undefined && <Moment at={item.at} />}</span>
    <span role="cell" className="wide-only" title={item?.user}>
      {item?.user ?? <span className="quiet">–</span>}
    </span>
    <span role="cell" className="mono wide-only" title={item?.commandId}>
      {item?.commandId}
    </span>
    <span role="cell" className="mono wide-only">
      {item?.correlationId === undefined ? null : (
        <Link to="/correlations/$id" params={{ id: item.correlationId }} title={item.correlationId}>
          {item.correlationId}
        </Link>
      )}
    </span>
  </>
)
