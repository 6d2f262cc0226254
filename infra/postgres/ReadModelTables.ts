/**
 * The names of a projection's tables: every version has its own schema, so a rebuild never touches the live
 * tables.
 *
 * Owns names and `create table`. ReadModelPostgres.ts runs the statements. Readers use {@link
 * readModelTable}.
 */
import { createHash } from "node:crypto"
import pg from "pg"
import type { FoldForm } from "../../runtime/projection/FoldBatch.ts"
import type { ProjectionDefinition } from "../../runtime/projection/Projection.ts"
import { POSTGRES_SCHEMA_DEFAULT } from "./PostgresPool.ts"

/** The system of a read model: its Postgres schema (default `everstate`) and its namespace. */
export interface ReadModelPlace {
  readonly schema?: string
  readonly namespace: string
}

/** Longest identifier that Postgres does not cut, in bytes. */
const identifierBytesMax = 63
const digestLength = 8

const quote = (name: string): string => pg.escapeIdentifier(name)

const digest = (text: string): string => createHash("sha256").update(text).digest("hex")

/**
 * Schema of one version of a projection, unquoted: `everstate_<namespace>_<name>_v<version>`, cut if it is
 * too long.
 */
export const readModelSchema = (place: ReadModelPlace, projection: ProjectionIdentity): string => {
  const { schema = POSTGRES_SCHEMA_DEFAULT, namespace } = place
  const suffix = `_v${projection.version}`
  const whole = `${schema}_${namespace}_${projection.name}${suffix}`
  if (/^[a-z0-9]+$/.test(namespace) && whole.length <= identifierBytesMax) return whole
  // Characters of some namespaces are replaced here; the digest keeps such namespaces apart.
  const mark = `_${digest(JSON.stringify([schema, namespace, projection.name])).slice(0, digestLength)}${suffix}`
  const readable = `${schema}_${namespace}_${projection.name}`.toLowerCase().replace(/[^a-z0-9_]/g, "_")
  return readable.slice(0, identifierBytesMax - mark.length) + mark
}

type ProjectionIdentity = Pick<ProjectionDefinition, "name" | "version">

/**
 * The quoted, qualified name of a projection's table, for queries of the read side.
 *
 * @example `select * from ${readModelTable({ namespace: "shop" }, OrderSummary, "order_summary")}`
 */
export const readModelTable = (
  place: ReadModelPlace,
  projection: ProjectionIdentity,
  table: string,
): string => `${quote(readModelSchema(place, projection))}.${quote(table)}`

/**
 * The statements that create the projection's tables, unqualified: run them with the schema as search path.
 */
export const createTables = (form: ProjectionDefinition["form"]): ReadonlyArray<string> => {
  if (form.kind === "sql") return form.tables
  const { name, columns, primaryKey, indexes = [] } = form.table
  const lines = Object.entries(columns).map(([column, type]) => `${quote(column)} ${type}`)
  return [
    `create table ${quote(name)} (${lines.join(", ")}, primary key (${primaryKey.map(quote).join(", ")}))`,
    ...indexes.map((index) =>
      /^using\s/i.test(index)
        ? `create index on ${quote(name)} ${index}`
        : `create index on ${quote(name)} (${index})`,
    ),
  ]
}

/** Digest of the tables. If it changes, the projection's version has to be raised. */
export const tablesFingerprint = (form: ProjectionDefinition["form"]): string =>
  digest(JSON.stringify(createTables(form)))

/** A statement with a name, so that each connection parses it once. */
export interface NamedStatement {
  readonly name: string
  readonly text: string
}

const named = (text: string): NamedStatement => ({ name: `everstate-${digest(text).slice(0, 32)}`, text })

/**
 * The three statements of a folded table. All take their keys or rows as one JSON text, which was measured to
 * be fastest.
 */
export interface FoldStatements {
  readonly columns: ReadonlyArray<string>
  readonly select: NamedStatement
  readonly upsert: NamedStatement
  readonly remove: NamedStatement
}

export const foldStatements = (
  place: ReadModelPlace,
  projection: ProjectionIdentity,
  { table }: FoldForm,
): FoldStatements => {
  const target = readModelTable(place, projection, table.name)
  const columns = Object.keys(table.columns)
  const keys = table.primaryKey
  const typed = (names: ReadonlyArray<string>) =>
    names.map((name) => `${quote(name)} ${String(table.columns[name]).replace(" not null", "")}`).join(", ")
  const list = (names: ReadonlyArray<string>) => names.map(quote).join(", ")
  const onKey = keys.map((name) => `stored.${quote(name)} = k.${quote(name)}`).join(" and ")
  const others = columns.filter((name) => !keys.includes(name))
  const onConflict =
    others.length === 0
      ? "do nothing"
      : `do update set ${others.map((name) => `${quote(name)} = excluded.${quote(name)}`).join(", ")}`
  return {
    columns,
    select: named(
      `select ${columns.map((name) => `stored.${quote(name)}`).join(", ")} from json_to_recordset($1::json) as k(${typed(keys)}) join ${target} as stored on ${onKey}`,
    ),
    upsert: named(
      `insert into ${target} (${list(columns)}) select ${list(columns)} from json_to_recordset($1::json) as r(${typed(columns)}) on conflict (${list(keys)}) ${onConflict}`,
    ),
    remove: named(
      `delete from ${target} as stored using json_to_recordset($1::json) as k(${typed(keys)}) where ${onKey}`,
    ),
  }
}
