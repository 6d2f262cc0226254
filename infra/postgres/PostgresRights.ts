/**
 * The rights on the system's tables that a node needs, and which of them the role of a pool lacks.
 *
 * Owns the list; docs/deployment/postgres has the grants, and a test runs a system with these and no others. The role
 * that migrates, or makes the tables of projections, also needs `create` on the database.
 */
import { Effect } from "effect"
import type { PostgresError } from "./PostgresErrors.ts"
import type { PostgresPoolService } from "./PostgresPool.ts"

const TABLE_RIGHTS: { readonly [table: string]: ReadonlyArray<string> } = {
  migrations: ["select"],
  journals: ["select"],
  snapshots: ["select", "insert", "update"],
  projections: ["select", "insert", "update"],
  projection_dead_letters: ["insert"],
  operations: ["select", "insert", "update"],
}

/** Rights on each table of a projection. Rebuilds also use `truncate` where they may. */
const PROJECTION_RIGHTS = ["select", "insert", "update", "delete"]

export interface PostgresRights {
  readonly role: string
  /** What the role lacks, as `insert, update on everstate.snapshots`. */
  readonly lacking: ReadonlyArray<string>
  /** True: the role may make what is missing, tables and schemas. */
  readonly mayCreate: boolean
}

/** Tables that are missing are left out: the version of the schema says so. */
const LACKING = `
with wanted as (
  select n.oid as schema, n.nspname as schema_name, c.oid as rel, c.relname as name, right_on_table.privilege
  from pg_namespace n
  join pg_class c on c.relnamespace = n.oid and c.relkind in ('r', 'p')
  join json_to_recordset($2::json) as right_on_table(name text, privilege text)
    on right_on_table.name = c.relname
  where n.nspname = $1
  union all
  select n.oid, n.nspname, c.oid, c.relname, privilege
  from pg_namespace n
  join pg_class c on c.relnamespace = n.oid and c.relkind in ('r', 'p'), unnest($3::text[]) as privilege
  where n.nspname = any($4::text[])
)
select distinct 'usage on schema ' || schema_name as lack, 0 as place from wanted
  where not has_schema_privilege(schema, 'usage')
union all
select string_agg(privilege, ', ' order by privilege) || ' on ' || schema_name || '.' || name, 1 from wanted
  where not has_table_privilege(rel, privilege)
  group by schema_name, name
order by place, lack`

const ROLE = `select current_user as role,
  has_database_privilege(current_database(), 'create') and coalesce(
    (select has_schema_privilege(oid, 'create') from pg_namespace where nspname = $1), true) as may_create`

/** `readModels` are the schemas of projections (`tables_in`). */
export const postgresRights = Effect.fnUntraced(function* (
  { query, schema }: PostgresPoolService,
  readModels: ReadonlyArray<string>,
): Effect.fn.Return<PostgresRights, PostgresError> {
  const wanted = Object.entries(TABLE_RIGHTS).flatMap(([name, privileges]) =>
    privileges.map((privilege) => ({ name, privilege })),
  )
  const lacking = yield* query({
    text: LACKING,
    values: [schema, JSON.stringify(wanted), PROJECTION_RIGHTS, readModels],
  })
  const about = yield* query({ text: ROLE, values: [schema] })
  return {
    role: String(about.rows[0]?.["role"]),
    lacking: lacking.rows.map(({ lack }) => String(lack)),
    mayCreate: about.rows[0]?.["may_create"] === true,
  }
})
