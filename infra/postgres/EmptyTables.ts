/**
 * Removes all rows of a projection's tables, in the transaction that sets its offset back.
 *
 * Owns how: `truncate` if the role may, because it takes no time; otherwise one `delete` over all tables, so that
 * foreign keys between them hold. ReadModelPostgres.ts runs it.
 */
import pg from "pg"
import type { ProjectionDefinition } from "../../runtime/projection/Projection.ts"

/**
 * Longest wait for readers that hold a table, in milliseconds: `truncate` makes readers that come later wait
 * behind it.
 */
const TRUNCATE_LOCK_MS = 5_000

/** Longest run of the `delete`, in milliseconds. */
const DELETE_MS = 600_000

/** Tables of a schema, and whether the role may truncate all of them. */
const SELECT_TABLES = `select c.relname as name, has_table_privilege(c.oid, 'TRUNCATE') as truncates
  from pg_class c join pg_namespace n on n.oid = c.relnamespace
  where n.nspname = $1 and c.relkind in ('r', 'p') and not c.relispartition order by c.relname`

/** Statements of `tables` that fill a table, as a list of codes; they belong to an empty projection. */
const FILLS = /^\s*insert\b/i

/** Rows that the statements in `tables` insert themselves are inserted again. */
export const emptyTables = async (
  client: pg.PoolClient,
  schema: string,
  form: ProjectionDefinition["form"],
): Promise<void> => {
  const { rows } = await client.query<{ readonly name: string; readonly truncates: boolean }>(SELECT_TABLES, [
    schema,
  ])
  const tables = rows.map(({ name }) => `${pg.escapeIdentifier(schema)}.${pg.escapeIdentifier(name)}`)
  if (tables.length === 0) return
  if (rows.every(({ truncates }) => truncates)) {
    await client.query(`set local lock_timeout = ${TRUNCATE_LOCK_MS}`)
    await client.query(`truncate ${tables.join(", ")}`)
  } else {
    await client.query(`set local statement_timeout = ${DELETE_MS}`)
    const deletes = tables.map((table, index) => `d${index} as (delete from ${table})`)
    const statement = { text: `with ${deletes.join(", ")} select 1`, query_timeout: DELETE_MS }
    await client.query(statement)
  }
  const fills = form.kind === "sql" ? form.tables.filter((statement) => FILLS.test(statement)) : []
  if (fills.length > 0) await client.query(`set local search_path to ${pg.escapeIdentifier(schema)}`)
  for (const statement of fills) await client.query(statement)
}
