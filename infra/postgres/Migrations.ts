/**
 * The tables of the system, migrated at start: steps have numbers and checksums, and one process runs them at
 * a time.
 *
 * Owns every `create table` of the system schema. A projection has its own tables (ReadModelPostgres.ts). A
 * released step is never edited; a change is a new step.
 */
import { createHash } from "node:crypto"
import { Effect, Schema } from "effect"
import type { PoolClient } from "pg"
import { errorClass } from "../../runtime/error/EverstateError.ts"
import { type PostgresError, retryPassing } from "./PostgresErrors.ts"
import { PostgresPool, Rollback } from "./PostgresPool.ts"

/** Longest wait for another process that migrates, and longest run of one step. */
const migrationTimeoutMs = 10 * 60_000
/** Settings of a query that may take that long: the driver's own time-out of a statement. */
const patience = { query_timeout: migrationTimeoutMs }

/** The tables of the database do not fit this code. Terminal. */
export class MigrationRefused extends errorClass<MigrationRefused>()(
  "MigrationRefused",
  {
    reason: Schema.Literals(["Newer", "Changed"]),
    detail: Schema.String,
    hint: Schema.String,
  },
  { kind: "terminal", retry: "never" },
) {
  override get message(): string {
    return `Migration refused (${this.reason}): ${this.detail}. ${this.hint}`
  }
}

/** One step with its number. `$schema` in its SQL stands for the quoted schema. */
export interface Migration {
  readonly number: number
  readonly name: string
  readonly sql: string
}

export const migrations: ReadonlyArray<Migration> = [
  {
    number: 1,
    name: "journals, snapshots, projections and their dead letters",
    sql: `
create table $schema.journals (
  namespace text primary key,
  created_at text not null,
  shards integer not null,
  last_sequence bigint not null
);

create table $schema.snapshots (
  namespace text not null,
  key text not null,
  version bigint not null,
  sequence bigint not null,
  codec text not null,
  state text not null,
  primary key (namespace, key)
);
create index snapshots_by_sequence on $schema.snapshots (namespace, sequence);

create table $schema.projections (
  namespace text not null,
  name text not null,
  version integer not null,
  sequence bigint not null,
  tables_in text not null,
  fingerprint text not null,
  updated_at timestamptz not null default now(),
  primary key (namespace, name, version),
  unique (tables_in)
) with (fillfactor = 50);

create table $schema.projection_dead_letters (
  namespace text not null,
  name text not null,
  version integer not null,
  sequence bigint not null,
  position integer not null,
  actor_type text not null,
  actor_id text not null,
  event text not null,
  reason text not null,
  created_at timestamptz not null default now(),
  primary key (namespace, name, version, sequence, position)
);
`,
  },
  {
    number: 2,
    name: "a row for each stream of a journal, an offset for each partition",
    sql: `
alter table $schema.journals
  add column streams integer not null default 1,
  add column partition integer not null default 0,
  drop constraint journals_pkey,
  add primary key (namespace, partition);

alter table $schema.projections
  add column partition integer not null default 0,
  drop constraint projections_pkey,
  drop constraint projections_tables_in_key,
  add primary key (namespace, name, version, partition),
  add unique (tables_in, partition);
`,
  },
  {
    number: 3,
    name: "the log of operations",
    sql: `
create table $schema.operations (
  number bigint generated always as identity primary key,
  namespace text not null,
  at bigint not null,
  by text,
  verb text not null,
  target text not null,
  note text not null,
  outcome text
);
create index operations_by_number on $schema.operations (namespace, number);
`,
  },
]

export interface MigrationReport {
  /** Steps that this call ran; 0 if the database was up to date. */
  readonly appliedCount: number
  readonly number: number
}

/** Runs the missing steps, all or none. Any number of processes may call it at once. */
export const migrate = Effect.fnUntraced(function* (
  steps: ReadonlyArray<Migration> = migrations,
): Effect.fn.Return<MigrationReport, MigrationRefused | PostgresError, PostgresPool> {
  const pool = yield* PostgresPool
  return yield* retryPassing(pool.transaction((client) => migrateIn(client, pool.schema, steps)))
})

const migrateIn = async (
  client: PoolClient,
  schema: string,
  steps: ReadonlyArray<Migration>,
): Promise<MigrationReport | Rollback<MigrationRefused>> => {
  await client.query(`set local statement_timeout = ${migrationTimeoutMs}`)
  await client.query({
    text: "select pg_advisory_xact_lock(hashtextextended($1, 0))",
    values: [`everstate migrations ${schema}`],
    ...patience,
  })
  await createRegister(client, schema)
  const applied = await client.query<{ number: number; checksum: string }>(
    `select number, checksum from "${schema}".migrations order by number`,
  )
  const refusal = refuseForeign(schema, steps, applied.rows)
  if (refusal !== undefined) return new Rollback(refusal)
  const missing = steps.slice(applied.rows.length)
  for (const step of missing) {
    await client.query({ text: step.sql.replaceAll("$schema", `"${schema}"`), ...patience })
    await client.query({
      text: `insert into "${schema}".migrations (number, name, checksum) values ($1, $2, $3)`,
      values: [step.number, step.name, checksumOf(step)],
    })
  }
  return { appliedCount: missing.length, number: steps.length }
}

/**
 * Creates only what is missing, so that a role without the right to create can run on a prepared database.
 */
const createRegister = async (client: PoolClient, schema: string): Promise<void> => {
  const { rows } = await client.query<{ schema: string | null; register: string | null }>({
    text: "select to_regnamespace($1) as schema, to_regclass($2) as register",
    values: [`"${schema}"`, `"${schema}".migrations`],
  })
  if (rows[0]?.schema === null) await client.query(`create schema "${schema}"`)
  if (rows[0]?.register !== null) return
  await client.query(
    `create table "${schema}".migrations (
       number integer primary key, name text not null, checksum text not null,
       applied_at timestamptz not null default now())`,
  )
}

const refuseForeign = (
  schema: string,
  steps: ReadonlyArray<Migration>,
  applied: ReadonlyArray<{ readonly number: number; readonly checksum: string }>,
): MigrationRefused | undefined => {
  const newest = applied.at(-1)?.number ?? 0
  if (newest > steps.length) {
    return new MigrationRefused({
      reason: "Newer",
      detail: `schema "${schema}" is at migration ${newest}, this code knows ${steps.length}`,
      hint: "Start the newer release, or give this one a schema of its own.",
    })
  }
  const changed = applied.find((row, index) => {
    const step = steps[index]
    return step === undefined || step.number !== row.number || checksumOf(step) !== row.checksum
  })
  if (changed === undefined) return undefined
  return new MigrationRefused({
    reason: "Changed",
    detail: `migration ${changed.number} of schema "${schema}" is not the one that this code knows`,
    hint: "Another program owns this schema, or a released migration was edited: use a schema of its own.",
  })
}

const checksumOf = (step: Migration): string =>
  createHash("sha256").update(`${step.number}\n${step.name}\n${step.sql}`).digest("hex")
