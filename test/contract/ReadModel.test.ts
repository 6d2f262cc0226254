import { Context, Effect, Layer } from "effect"
import { describe, expect, test } from "vitest"
import { PostgresPool } from "../../infra/postgres/PostgresPool.ts"
import { makeReadModelPostgres } from "../../infra/postgres/ReadModelPostgres.ts"
import { readModelTable } from "../../infra/postgres/ReadModelTables.ts"
import { added, batch, opened, projected } from "../../runtime/contract/LedgerEvents.ts"
import { readModelContract } from "../../runtime/contract/ReadModelContract.ts"
import { defineProjection, type ProjectionDefinition } from "../../runtime/projection/Projection.ts"
import { makeReadModelMemory } from "../../runtime/projection/ReadModelMemory.ts"
import { postgresForFile } from "../integration/postgres/PostgresFixture.ts"
import { Ledger, ledgerSql } from "../unit/projection/Ledger.ts"

const postgres = postgresForFile()
const namespace = "shop"

const openMemory = () =>
  Effect.sync(() => {
    const readModel = makeReadModelMemory()
    return {
      readModel,
      rows: (projection: ProjectionDefinition) =>
        Effect.sync(() =>
          readModel.rows(projection).toSorted((a, b) => (String(a["id"]) < String(b["id"]) ? -1 : 1)),
        ),
      deadLetters: (projection: ProjectionDefinition) =>
        Effect.sync(() =>
          readModel.deadLetters(projection).map(({ event, reason }) => ({
            sequence: event.sequence,
            version: event.version,
            reason,
          })),
        ),
    }
  })

readModelContract({ describe, test }, { name: "in-memory", open: openMemory })

const openPostgres = () =>
  Effect.gen(function* () {
    const context = yield* Layer.build(postgres.layer())
    const pool = Context.get(context, PostgresPool)
    const readModel = yield* Effect.provide(makeReadModelPostgres({ namespace }), context)
    const numbered = (row: Record<string, unknown>) =>
      "total" in row ? { ...row, total: Number(row["total"]) } : row
    return {
      readModel,
      rows: (projection: ProjectionDefinition) =>
        pool
          .query({
            text: `select * from ${readModelTable({ schema: pool.schema, namespace }, projection, "totals")} order by id`,
          })
          .pipe(Effect.map(({ rows }) => rows.map(numbered))),
      deadLetters: ({ name, version }: ProjectionDefinition) =>
        pool
          .query({
            text: `select sequence::integer, position as version, reason from ${pool.table("projection_dead_letters")}
                where namespace = $1 and name = $2 and version = $3`,
            values: [namespace, name, version],
          })
          .pipe(Effect.map(({ rows }) => rows)),
    }
  })

readModelContract({ describe, test }, { name: "Postgres", open: openPostgres })

test("memory: refuses a projection in SQL and says what to use", async () => {
  const failure = await Effect.runPromise(Effect.flip(makeReadModelMemory().prepare(ledgerSql(), 0)))
  expect(failure.message).toContain("needs a database")
})

test("Postgres: empties tables that refer to each other, and makes again the rows that they are made with", () =>
  Effect.runPromise(
    Effect.gen(function* () {
      const kinds = defineProjection({
        name: "kinds",
        version: 1,
        from: [Ledger],
        tables: [
          "create table kinds (kind text primary key)",
          "insert into kinds values ('Opened'), ('Added')",
          "create table totals (id text primary key, kind text references kinds)",
        ],
        handle: async (batch, sql) => {
          for (const { id, event } of batch) {
            await sql.query("insert into totals values ($1, $2)", [id, event.type])
          }
        },
      })
      const { readModel, rows } = yield* openPostgres()
      const events = [projected(1, "a", opened("ann")), projected(2, "b", added(1))]
      yield* readModel.prepare(kinds, 0)
      yield* readModel.apply(kinds, batch(0, events))
      yield* readModel.startOver(kinds, { partition: 0, from: 2 })
      expect(yield* rows(kinds)).toEqual([])
      // Refused unless the kinds are there again.
      yield* readModel.apply(kinds, batch(0, events))
      expect(yield* rows(kinds)).toHaveLength(2)
    }).pipe(Effect.scoped),
  ))
