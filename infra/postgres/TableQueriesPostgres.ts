/**
 * Queries on the tables of folded projections, as SQL.
 *
 * Owns the SQL of every condition. All values are parameters; names of columns come from the projection. What the
 * conditions mean: runtime/projection/TableQueries.ts.
 */
import { Effect } from "effect"
import pg from "pg"
import type { AnyRow, ProjectionDefinition } from "../../runtime/projection/Projection.ts"
import { ProjectionFailed, ReadModelUnavailable } from "../../runtime/projection/ReadModel.ts"
import type { Condition, TableQueries } from "../../runtime/projection/TableQueries.ts"
import { retryPassing } from "./PostgresErrors.ts"
import type { PostgresPoolService } from "./PostgresPool.ts"
import { type ReadModelPlace, readModelTable } from "./ReadModelTables.ts"

const quote = (name: string): string => pg.escapeIdentifier(name)

const int8 = 20

/** `bigint` as a number. Counts and journal numbers are far below 2^53. */
const types: pg.CustomTypesConfig = {
  getTypeParser: (oid: number, format?: "text" | "binary") =>
    oid === int8 ? Number : pg.types.getTypeParser(oid, format),
}

/** The parameters of one statement. */
class Parameters {
  readonly values: Array<unknown> = []

  add(value: unknown): string {
    this.values.push(value)
    return `$${this.values.length}`
  }
}

/** One character behind every text that starts with `text`, in the order of bytes; `undefined` if there is none. */
const behind = (text: string): string | undefined => {
  const characters = Array.from(text)
  while (characters.length > 0) {
    const last = characters.pop()?.codePointAt(0) ?? 0
    // The surrogates are no characters: what follows U+D7FF is U+E000.
    const next = last === 0xd7ff ? 0xe000 : last + 1
    if (next <= 0x10ffff) return characters.join("") + String.fromCodePoint(next)
  }
  return undefined
}

const sqlOf = (condition: Condition, parameters: Parameters): string => {
  const column = quote(condition.column)
  switch (condition.is) {
    case "null":
      return `${column} is null`
    case "not":
      return `${column} is distinct from ${parameters.add(condition.value)}`
    case "in":
      return `${column} = any(${parameters.add(condition.values)})`
    case "not in":
      return `${column} <> all(${parameters.add(condition.values)})`
    case "has":
      return `${column} @> ${parameters.add(JSON.stringify(condition.fields))}::jsonb`
    case "starts with": {
      const end = behind(condition.value)
      const from = `${column} >= ${parameters.add(condition.value)}`
      return end === undefined ? from : `${from} and ${column} < ${parameters.add(end)}`
    }
    default:
      return `${column} ${condition.is} ${parameters.add(condition.value)}`
  }
}

const whereOf = (where: ReadonlyArray<Condition>, parameters: Parameters): string =>
  where.length === 0 ? "true" : where.map((condition) => sqlOf(condition, parameters)).join(" and ")

/** Assignments or comparisons of columns, joined. */
const pairs = (row: AnyRow, between: string, joint: string, parameters: Parameters): string =>
  Object.entries(row)
    .map(([name, value]) => `${quote(name)} ${between} ${parameters.add(parameterOf(value))}`)
    .join(joint)

/** Objects are JSON. The driver would send a list as an array of Postgres. */
const parameterOf = (value: unknown): unknown =>
  typeof value === "object" && value !== null ? JSON.stringify(value) : value

export const tableQueriesPostgres = (
  pool: PostgresPoolService,
  place: ReadModelPlace,
): TableQueries<ReadModelUnavailable | ProjectionFailed> => {
  const run = (projection: ProjectionDefinition, textOf: (table: string, parameters: Parameters) => string) =>
    Effect.suspend(() => {
      const { form, name } = projection
      if (form.kind === "sql") {
        const detail = "it is written in SQL; conditions are for tables that it folds"
        return Effect.fail(new ProjectionFailed({ projection: name, sequence: 0, detail }))
      }
      const parameters = new Parameters()
      const text = textOf(readModelTable(place, projection, form.table.name), parameters)
      return pool.query({ text, values: parameters.values, types }).pipe(
        retryPassing,
        Effect.mapError((error) =>
          error._tag === "PostgresUnavailable"
            ? new ReadModelUnavailable({ detail: error.message })
            : new ProjectionFailed({ projection: name, sequence: 0, detail: error.message }),
        ),
      )
    })
  return {
    select: (projection, { where, orderBy, limit }) =>
      Effect.map(
        run(
          projection,
          (table, parameters) =>
            `select * from ${table} where ${whereOf(where, parameters)} order by ${quote(orderBy)} limit ${parameters.add(limit)}`,
        ),
        ({ rows }) => rows,
      ),
    // Each step is one look into the index for the next value, so it costs by values, not by rows.
    distinct: (projection, { where, column, limit }) =>
      Effect.map(
        run(projection, (table, parameters) => {
          const name = quote(column)
          const given = whereOf(where, parameters)
          return `with recursive found (value) as (
              (select ${name} from ${table} where ${given} and ${name} is not null order by ${name} limit 1)
            union all
              select (select ${name} from ${table} where ${given} and ${name} > found.value order by ${name} limit 1)
              from found where found.value is not null)
            select value from found where value is not null limit ${parameters.add(limit)}`
        }),
        ({ rows }) => rows.map(({ value }) => value),
      ),
    countBy: (projection, { where, column }) =>
      Effect.map(
        run(
          projection,
          (table, parameters) =>
            `select ${quote(column)} as value, count(*) as count from ${table}
              where ${whereOf(where, parameters)} group by ${quote(column)}`,
        ),
        ({ rows }) => rows.map(({ value, count }) => ({ value, count: Number(count) })),
      ),
    amend: (projection, { key, expected, values }) =>
      Effect.map(
        run(projection, (table, parameters) => {
          const set = pairs(values, "=", ", ", parameters)
          const isIt = pairs(key, "=", " and ", parameters)
          const isMet = pairs(expected, "is not distinct from", " and ", parameters)
          return `update ${table} set ${set} where ${isIt} and ${isMet === "" ? "true" : isMet}`
        }),
        ({ rowCount }) => rowCount === 1,
      ),
    prune: (projection, { column, below, limit }) =>
      Effect.map(
        run(
          projection,
          (table, parameters) =>
            `delete from ${table} where ctid = any(array(
              select ctid from ${table} where ${quote(column)} < ${parameters.add(below)} limit ${parameters.add(limit)}))`,
        ),
        ({ rowCount }) => rowCount ?? 0,
      ),
  }
}
