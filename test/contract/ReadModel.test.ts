import { Context, Effect, Layer } from "effect"
import { describe, expect, test } from "vitest"
import { PostgresPool } from "../../infra/postgres/PostgresPool.ts"
import { makeReadModelPostgres } from "../../infra/postgres/ReadModelPostgres.ts"
import { readModelTable } from "../../infra/postgres/ReadModelTables.ts"
import { readModelContract } from "../../runtime/contract/ReadModelContract.ts"
import type { ProjectionDefinition } from "../../runtime/projection/Projection.ts"
import { makeReadModelMemory } from "../../runtime/projection/ReadModelMemory.ts"
import { postgresForFile } from "../integration/postgres/PostgresFixture.ts"
import { ledgerSql } from "../unit/projection/Ledger.ts"

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
