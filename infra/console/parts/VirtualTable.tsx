/**
 * A table of any length: only the rows in sight are in the page.
 *
 * Owns the scrolling, the keys (up, down, page, home, end, enter), and asking for more rows near the end.
 */
import { useVirtualizer } from "@tanstack/react-virtual"
import { type KeyboardEvent, type ReactNode, useEffect, useRef, useState } from "react"

/** Height of a row, in pixels. */
const ROW_PX = 33
/** Rows beyond the edges that are in the page, too. */
const OVERSCAN = 12
/** Height of a table that is not told another, as CSS. */
const HEIGHT = "calc(100vh - 240px)"

interface VirtualTableProps<Row> {
  readonly label: string
  readonly rows: ReadonlyArray<Row>
  readonly rowKey: (row: Row) => string
  readonly head: ReactNode
  /** Widths of the columns: `grid-template-columns`. */
  readonly columns: string
  readonly row: (row: Row, index: number) => ReactNode
  readonly onOpen?: (row: Row) => void
  readonly isSelected?: (row: Row) => boolean
  /** Called when the end comes into sight. */
  readonly onEnd?: () => void
  /** Told which rows are in sight. */
  readonly onSight?: (sight: Sight) => void
  readonly height?: string
  /** Index of a row that comes into sight when it changes. */
  readonly inSight?: number | undefined
  /** Width in pixels below which the table scrolls sideways. */
  readonly leastWidth?: number
}

export interface Sight {
  readonly first: number
  readonly last: number
}

export const VirtualTable = <Row,>(props: VirtualTableProps<Row>) => {
  const {
    label,
    rows,
    rowKey,
    head,
    columns,
    row,
    onOpen,
    isSelected,
    onEnd,
    onSight,
    height = HEIGHT,
    inSight,
    leastWidth,
  } = props
  const scroller = useRef<HTMLDivElement>(null)
  const [at, setAt] = useState(0)
  const virtual = useVirtualizer({
    count: rows.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => ROW_PX,
    overscan: OVERSCAN,
    getItemKey: (index) => {
      const found = rows[index]
      return found === undefined ? index : rowKey(found)
    },
  })
  // biome-ignore lint/correctness/useExhaustiveDependencies: only another row moves the list
  useEffect(() => {
    if (inSight === undefined) return
    setAt(inSight)
    virtual.scrollToIndex(inSight)
  }, [inSight])
  const shown = virtual.getVirtualItems()
  const { startIndex: firstInSight, endIndex: lastInSight } = virtual.range ?? { startIndex: 0, endIndex: 0 }
  useEffect(() => onSight?.({ first: firstInSight, last: lastInSight }), [firstInSight, lastInSight, onSight])
  const last = shown.at(-1)?.index ?? 0
  useEffect(() => {
    if (rows.length > 0 && last >= rows.length - 1) onEnd?.()
  }, [last, rows.length, onEnd])

  const onKey = (event: KeyboardEvent) => {
    const page = Math.max(1, Math.floor((scroller.current?.clientHeight ?? 0) / ROW_PX) - 1)
    const steps: Record<string, number> = {
      ArrowDown: at + 1,
      ArrowUp: at - 1,
      PageDown: at + page,
      PageUp: at - page,
      Home: 0,
      End: rows.length - 1,
    }
    const next = steps[event.key]
    const current = rows[at]
    if (next !== undefined) {
      event.preventDefault()
      const to = Math.max(0, Math.min(rows.length - 1, next))
      setAt(to)
      virtual.scrollToIndex(to)
    } else if (event.key === "Enter" && event.target === event.currentTarget && current !== undefined) {
      onOpen?.(current)
    }
  }
  const template = { gridTemplateColumns: columns }
  return (
    <div className="table">
      <div
        ref={scroller}
        className="table-scroll"
        style={{ maxHeight: height }}
        tabIndex={0}
        onKeyDown={onKey}
        role="table"
        aria-label={label}
        aria-rowcount={rows.length}
      >
        <div className="table-head" style={{ ...template, minWidth: leastWidth }} role="row">
          {head}
        </div>
        <div
          style={{ height: virtual.getTotalSize(), minWidth: leastWidth, position: "relative" }}
          role="rowgroup"
        >
          {shown.map(({ key, index, start }) => {
            const found = rows[index]
            return found === undefined ? null : (
              <div
                key={key}
                role="row"
                aria-rowindex={index + 1}
                className={index === at ? "table-row at" : "table-row"}
                data-selected={isSelected?.(found) ?? false}
                style={{ ...template, position: "absolute", insetInline: 0, top: start, height: ROW_PX }}
              >
                {row(found, index)}
              </div>
            )
          })}
        </div>
      </div>
    </div>
  )
}
