/**
 * Queries on the table of a folded projection, as conditions instead of SQL: every read model answers them alike.
 *
 * Owns the shape of the questions. ReadModel.ts is the port that they are part of; ReadModelMemory.ts and
 * infra/postgres/TableQueriesPostgres.ts answer them. Who asks: ../directory/.
 */
import type { Effect } from "effect"
import type { AnyRow, ProjectionDefinition } from "./Projection.ts"

/** A value of a column that a condition compares with. */
export type Comparable = string | number | boolean

/** A condition that a row must meet. A null in the column meets `null` conditions only. */
export type Condition =
  | { readonly column: string; readonly is: "=" | "<" | "<=" | ">" | ">="; readonly value: Comparable }
  /** The column has one of the values. */
  | { readonly column: string; readonly is: "in"; readonly values: ReadonlyArray<Comparable> }
  | { readonly column: string; readonly is: "not in"; readonly values: ReadonlyArray<Comparable> }
  /** Text of a column that is ordered by its bytes (`text collate "C"`). */
  | { readonly column: string; readonly is: "starts with"; readonly value: string }
  | { readonly column: string; readonly is: "null" }
  /** The object in a `jsonb` column has all these fields, with these values. */
  | { readonly column: string; readonly is: "has"; readonly fields: { readonly [name: string]: unknown } }
  /** The column is null or has another value. */
  | { readonly column: string; readonly is: "not"; readonly value: Comparable }

/** Which rows of a table are read, and in which order. */
export interface RowQuery {
  readonly where: ReadonlyArray<Condition>
  /** Column by which the rows are ordered, ascending; no two rows that meet the conditions share its value. */
  readonly orderBy: string
  /** Rows at most. */
  readonly limit: number
}

/** Number of rows that have a value in a column; the value may be null. */
export interface RowCount {
  readonly value: unknown
  readonly count: number
}

/** One change of a row outside of its projection: what the row must be still, and what it becomes. */
export interface Amendment {
  readonly key: AnyRow
  readonly expected: AnyRow
  readonly values: AnyRow
}

/**
 * The questions, which fail with `E`: `ReadModelUnavailable`, or `ProjectionFailed` unless the projection folds into a table
 * and was prepared.
 */
export interface TableQueries<E> {
  /** Rows that meet all conditions, with all columns. `bigint` columns come as numbers. */
  readonly select: (
    projection: ProjectionDefinition,
    query: RowQuery,
  ) => Effect.Effect<ReadonlyArray<AnyRow>, E>
  /**
   * Different values of a column, without null, ascending; cheap if an index starts with the columns of the
   * `=` conditions and this column.
   */
  readonly distinct: (
    projection: ProjectionDefinition,
    query: { readonly where: ReadonlyArray<Condition>; readonly column: string; readonly limit: number },
  ) => Effect.Effect<ReadonlyArray<unknown>, E>
  /** Number of rows for each value of a column. */
  readonly countBy: (
    projection: ProjectionDefinition,
    query: { readonly where: ReadonlyArray<Condition>; readonly column: string },
  ) => Effect.Effect<ReadonlyArray<RowCount>, E>
  /** Changes a row if it is still as expected. Returns whether it was. */
  readonly amend: (projection: ProjectionDefinition, amendment: Amendment) => Effect.Effect<boolean, E>
  /** Removes at most `limit` rows whose column is below a value. Returns their number. */
  readonly prune: (
    projection: ProjectionDefinition,
    range: { readonly column: string; readonly below: number; readonly limit: number },
  ) => Effect.Effect<number, E>
}
