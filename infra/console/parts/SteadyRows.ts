/**
 * Rows that stay where they are: what comes anew is counted, and shown when the person asks for it.
 *
 * Owns which rows a list shows while fresher answers arrive. Values of shown rows follow the answers. Rows of a page
 * that the person has scrolled to are added at the end, because that moves nothing. The bar: NewsBar.tsx.
 */
import type { InfiniteData, UseInfiniteQueryResult } from "@tanstack/react-query"
import { useState } from "react"
import type { Page } from "../api/Documents.ts"

export interface Steady<Row> {
  readonly rows: ReadonlyArray<Row>
  /** Rows that have come and are not shown. */
  readonly newCount: number
  /** Rows that are shown and are not in the list any more. */
  readonly goneCount: number
}

interface Answer<Row> {
  readonly rows: ReadonlyArray<Row>
  /** False: the list goes on after these rows, so rows may be behind their end. */
  readonly isWhole: boolean
  /** Whether rows behind the last row that is shown are shown as well. */
  readonly isLonger: boolean
}

/** The rows to show, while `held` are shown and a fresher answer has come. */
export const steadyRows = <Row>(
  held: ReadonlyArray<Row>,
  { rows: fresh, isWhole, isLonger }: Answer<Row>,
  keyOf: (row: Row) => string,
): Steady<Row> => {
  if (held.length === 0) return { rows: fresh, newCount: 0, goneCount: 0 }
  const freshByKey = new Map(fresh.map((row) => [keyOf(row), row]))
  const heldKeys = new Set(held.map(keyOf))
  const lastKnown = held.findLastIndex((row) => freshByKey.has(keyOf(row)))
  const end = isLonger ? fresh.findLastIndex((row) => heldKeys.has(keyOf(row))) + 1 : fresh.length
  const appended = fresh.slice(end).filter((row) => !heldKeys.has(keyOf(row)))
  const gone = held.filter((row, at) => (isWhole || at <= lastKnown) && !freshByKey.has(keyOf(row)))
  return {
    rows: [...held.map((row) => freshByKey.get(keyOf(row)) ?? row), ...appended],
    newCount: fresh.filter((row) => !heldKeys.has(keyOf(row))).length - appended.length,
    goneCount: gone.length,
  }
}

/** A list as it was answered last. */
export interface AnsweredList<Row> {
  readonly rows: ReadonlyArray<Row>
  /** What the rows answer. Another question shows its rows at once. */
  readonly question: string
  readonly pageCount: number
  /** False: the list goes on after these rows. */
  readonly isWhole: boolean
  /** True while the rows are still those of the question before. */
  readonly isPlaceholder: boolean
  readonly isAsking: boolean
  readonly onRefresh: () => void
  /** Asks for the next page, if there is one. */
  readonly onEnd: () => void
}

/** The pages of a query as a list. */
export const listOf = <Row>(
  query: UseInfiniteQueryResult<InfiniteData<Page<Row>>>,
  question: string,
): AnsweredList<Row> => {
  const pages = query.data?.pages ?? []
  return {
    rows: pages.flatMap(({ items }) => items),
    question,
    pageCount: pages.length,
    isWhole: !query.hasNextPage,
    isPlaceholder: query.isPlaceholderData,
    isAsking: query.isFetching,
    onRefresh: () => void query.refetch(),
    onEnd: () => {
      if (query.hasNextPage && !query.isFetchingNextPage) void query.fetchNextPage()
    },
  }
}

export interface ShownRows<Row> extends Steady<Row> {
  /** Shows the list as it is now. */
  readonly show: () => void
}

export const useSteadyRows = <Row>(
  { rows, question, pageCount, isWhole, isPlaceholder }: AnsweredList<Row>,
  keyOf: (row: Row) => string,
): ShownRows<Row> => {
  const [held, setHeld] = useState({ question, pageCount, rows })
  const show = () => setHeld({ question, pageCount, rows })
  if (isPlaceholder) return { rows: held.rows, newCount: 0, goneCount: 0, show }
  if (held.question !== question || held.rows.length === 0) {
    if (held.question !== question || rows.length > 0) show()
    return { rows, newCount: 0, goneCount: 0, show }
  }
  const isLonger = pageCount > held.pageCount
  const steady = steadyRows(held.rows, { rows, isWhole, isLonger }, keyOf)
  if (isLonger) setHeld({ question, pageCount, rows: steady.rows })
  return { ...steady, show }
}
