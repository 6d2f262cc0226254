import { Effect, Layer } from "effect"
import { expect, test } from "vitest"
import { makeJournalRegisterPostgres } from "../../../infra/postgres/JournalRegisterPostgres.ts"
import { migrate, migrations } from "../../../infra/postgres/Migrations.ts"
import { type PostgresOptions, PostgresPool } from "../../../infra/postgres/PostgresPool.ts"
import { makeReadModelPostgres } from "../../../infra/postgres/ReadModelPostgres.ts"
import { readModelSchema, tablesFingerprint } from "../../../infra/postgres/ReadModelTables.ts"
import { ledgerTotals } from "../../unit/projection/Ledger.ts"
import { postgresForFile } from "./PostgresFixture.ts"

const postgres = postgresForFile()

const onPool = <A, E>(
  options: Partial<PostgresOptions>,
  effect: Effect.Effect<A, E, PostgresPool>,
): Promise<A> =>
  Effect.runPromise(
    effect.pipe(
      Effect.provide(
        Layer.unwrap(Effect.sync(() => PostgresPool.layer({ url: postgres.server.url, ...options }))),
      ),
    ),
  )

const another = {
  number: migrations.length + 1,
  name: "a later release",
  sql: "create table $schema.later (id text)",
}

test("creates the tables once, and finds nothing to do the second time", async () => {
  const schema = postgres.freshSchema()
  expect(await onPool({ schema }, migrate())).toEqual({
    appliedCount: migrations.length,
    number: migrations.length,
  })
  expect(await onPool({ schema }, migrate())).toEqual({ appliedCount: 0, number: migrations.length })
})

test("runs only what a later release added", async () => {
  const schema = postgres.freshSchema()
  await onPool({ schema }, migrate())
  expect(await onPool({ schema }, migrate([...migrations, another]))).toEqual({
    appliedCount: 1,
    number: another.number,
  })
})

test("reads what an older release wrote as a journal of one stream and offsets of one partition", async () => {
  const schema = postgres.freshSchema()
  await onPool({ schema }, migrate(migrations.slice(0, 1)))
  await onPool(
    { schema },
    Effect.gen(function* () {
      const pool = yield* PostgresPool
      yield* pool.query({
        text: `insert into ${pool.table("journals")} (namespace, created_at, shards, last_sequence)
          values ('shop', '2026-01-02T03:04:05Z', 64, 5)`,
      })
      const totals = ledgerTotals()
      const place = { schema, namespace: "shop" }
      yield* pool.query({
        text: `insert into ${pool.table("projections")} (namespace, name, version, sequence, tables_in, fingerprint)
          values ('shop', $1, 1, 17, $2, $3)`,
        values: [totals.name, readModelSchema(place, totals), tablesFingerprint(totals.form)],
      })
      yield* migrate()
      expect(yield* (yield* makeJournalRegisterPostgres).load("shop")).toEqual({
        namespace: "shop",
        shards: 64,
        streams: [{ streamId: "2026-01-02T03:04:05Z", lastSequence: 17 }],
      })
      const readModel = yield* makeReadModelPostgres({ namespace: "shop" })
      expect(yield* readModel.prepare(totals, 0)).toEqual({ sequence: 17 })
    }),
  )
})

test("lets many processes that start at once migrate one after the other", async () => {
  const schema = postgres.freshSchema()
  const reports = await Promise.all(
    Array.from({ length: 8 }, () => onPool({ schema, connectionCountMax: 2 }, migrate())),
  )
  expect(reports.filter(({ appliedCount }) => appliedCount > 0)).toHaveLength(1)
})

test("refuses a database of a newer release and says what to do", async () => {
  const schema = postgres.freshSchema()
  await onPool({ schema }, migrate([...migrations, another]))
  const refusal = await onPool({ schema }, Effect.flip(migrate()))
  expect(refusal).toMatchObject({ _tag: "MigrationRefused", reason: "Newer" })
  expect(refusal.message).toContain("Start the newer release")
})

test("refuses a schema whose steps are not these", async () => {
  const schema = postgres.freshSchema()
  await onPool(
    { schema },
    migrate([{ number: 1, name: "foreign", sql: "create table $schema.foreign_table (id text)" }]),
  )
  expect(await onPool({ schema }, Effect.flip(migrate()))).toMatchObject({
    _tag: "MigrationRefused",
    reason: "Changed",
  })
})

test("leaves nothing behind when a step fails", async () => {
  const schema = postgres.freshSchema()
  const broken = {
    number: 1,
    name: "broken",
    sql: "create table $schema.half (id text); create tabel $schema.other",
  }
  expect(await onPool({ schema }, Effect.flip(migrate([broken])))).toMatchObject({
    _tag: "PostgresRefused",
    code: "42601",
  })
  expect(await onPool({ schema }, migrate())).toMatchObject({ appliedCount: migrations.length })
})

test("keeps several systems apart in one database", async () => {
  for (const schema of [postgres.freshSchema(), postgres.freshSchema()]) {
    expect(await onPool({ schema }, migrate())).toMatchObject({ appliedCount: migrations.length })
  }
})

test("needs no right to create on a database that is up to date", async () => {
  const schema = postgres.freshSchema()
  const role = `${schema}_reader`
  await onPool({ schema }, migrate())
  await onPool(
    { schema },
    Effect.flatMap(PostgresPool, (pool) =>
      pool.query({
        text: `create role ${role} login password 'secret'; grant usage on schema ${schema} to ${role};
          grant select, insert, update, delete on all tables in schema ${schema} to ${role}`,
      }),
    ),
  )
  const url = new URL(postgres.server.url)
  url.username = role
  url.password = "secret"
  expect(await onPool({ schema, url: url.href }, migrate())).toMatchObject({ appliedCount: 0 })
})
