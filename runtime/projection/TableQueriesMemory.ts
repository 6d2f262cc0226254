/**
 * Queries on rows in memory: the meaning of every condition, in a few lines each.
 *
 * Owns the comparison of values. ReadModelMemory.ts keeps the rows. The SQL of the same questions:
 * infra/postgres/TableQueriesPostgres.ts.
 */
import type { AnyRow } from "./Projection.ts"
import type { Amendment, Comparable, Condition, RowCount, RowQuery } from "./TableQueries.ts"

/** Order of text by the bytes of its UTF-8, as of `collate "C"`; order of other values by `<`. */
const compare = (left: unknown, right: unknown): number => {
  if (typeof left !== "string" || typeof right !== "string") {
    return (left as number) < (right as number) ? -1 : left === right ? 0 : 1
  }
  const ours = Array.from(left)
  const theirs = Array.from(right)
  for (let index = 0; index < ours.length && index < theirs.length; index++) {
    const difference = (ours[index]?.codePointAt(0) ?? 0) - (theirs[index]?.codePointAt(0) ?? 0)
    if (difference !== 0) return difference
  }
  return ours.length - theirs.length
}

const COMPARES: { readonly [is: string]: (order: number) => boolean } = {
  "=": (order) => order === 0,
  "<": (order) => order < 0,
  "<=": (order) => order <= 0,
  ">": (order) => order > 0,
  ">=": (order) => order >= 0,
}

const meets = (row: AnyRow, condition: Condition): boolean => {
  const value = row[condition.column] ?? null
  switch (condition.is) {
    case "null":
      return value === null
    case "not":
      return value !== condition.value
    case "in":
      return condition.values.includes(value as Comparable)
    case "not in":
      return value !== null && !condition.values.includes(value as Comparable)
    case "starts with":
      return typeof value === "string" && value.startsWith(condition.value)
    case "has":
      return has(value, condition.fields)
    default:
      return value !== null && COMPARES[condition.is]?.(compare(value, condition.value)) === true
  }
}

const has = (value: unknown, fields: { readonly [name: string]: unknown }): boolean =>
  typeof value === "object" &&
  value !== null &&
  Object.entries(fields).every(([name, wanted]) => (value as AnyRow)[name] === wanted)

const meeting = (rows: Iterable<AnyRow>, where: ReadonlyArray<Condition>): ReadonlyArray<AnyRow> =>
  Array.from(rows).filter((row) => where.every((condition) => meets(row, condition)))

export const selectRows = (
  rows: Iterable<AnyRow>,
  { where, orderBy, limit }: RowQuery,
): ReadonlyArray<AnyRow> =>
  meeting(rows, where)
    .toSorted((left, right) => compare(left[orderBy], right[orderBy]))
    .slice(0, limit)

export const distinctValues = (
  rows: Iterable<AnyRow>,
  where: ReadonlyArray<Condition>,
  column: string,
): ReadonlyArray<unknown> => {
  const values = new Set(meeting(rows, where).map((row) => row[column] ?? null))
  values.delete(null)
  return [...values].toSorted(compare)
}

export const countRows = (
  rows: Iterable<AnyRow>,
  where: ReadonlyArray<Condition>,
  column: string,
): ReadonlyArray<RowCount> => {
  const counts = new Map<unknown, number>()
  for (const row of meeting(rows, where)) {
    const value = row[column] ?? null
    counts.set(value, (counts.get(value) ?? 0) + 1)
  }
  return Array.from(counts, ([value, count]) => ({ value, count }))
}

/** The row after the amendment; `undefined` if it is not as expected. */
export const amendedRow = (row: AnyRow | undefined, { expected, values }: Amendment): AnyRow | undefined => {
  if (row === undefined) return undefined
  const isExpected = Object.entries(expected).every(([column, value]) => (row[column] ?? null) === value)
  return isExpected ? { ...row, ...values } : undefined
}
