/** Text that Postgres refuses, on its way from a journal into read models. */
import { Effect, type Scope } from "effect"
import { expect, test } from "vitest"
import { PostgresPool } from "../../../infra/postgres/PostgresPool.ts"
import { makeReadModelPostgres } from "../../../infra/postgres/ReadModelPostgres.ts"
import { readModelTable } from "../../../infra/postgres/ReadModelTables.ts"
import { Journal } from "../../../runtime/journal/Journal.ts"
import { JournalMemory } from "../../../runtime/journal/JournalMemory.ts"
import { defineProjection, type ProjectionDefinition } from "../../../runtime/projection/Projection.ts"
import { makeProjectionRunner } from "../../../runtime/projection/ProjectionRunner.ts"
import { ReadModel } from "../../../runtime/projection/ReadModel.ts"
import { Ledger, LedgerWriter, ledgerTotals, opened, shardCount } from "../../unit/projection/Ledger.ts"
import { postgresForFile } from "./PostgresFixture.ts"

const postgres = postgresForFile()
const namespace = "shop"
const patienceMs = 120_000

/** Owners as the key of a table, as text and inside JSON. */
const ledgerTexts = ({
  name = "texts",
  onError = "stall",
}: {
  name?: string
  onError?: "stall" | "deadLetter"
} = {}) =>
  defineProjection({
    name,
    version: 1,
    from: [Ledger],
    onError,
    tables: ["create table entries (owner text primary key, whole jsonb)"],
    handle: async (batch, sql) => {
      for (const { event } of batch) {
        if (event.type !== "Opened") continue
        const values = [event.owner, JSON.stringify(event)]
        await sql.query("insert into entries values ($1, $2) on conflict do nothing", values)
      }
    },
  })

/** Fills a projection up to a sequence, and reads the owners that are in its table then. */
const filled = Effect.fnUntraced(function* (projection: ProjectionDefinition, upTo: number) {
  const pool = yield* PostgresPool
  const readModel = yield* makeReadModelPostgres({ namespace })
  const runner = yield* makeProjectionRunner(projection, { shardCount }).pipe(
    Effect.provideService(ReadModel, readModel),
  )
  yield* runner.open(0)
  yield* runner.waitFor(upTo, patienceMs)
  const table = projection.form.kind === "fold" ? projection.form.table.name : "entries"
  const name = readModelTable({ schema: pool.schema, namespace }, projection, table)
  const { rows } = yield* pool.query({ text: `select owner from ${name} order by owner` })
  return rows.map(({ owner }) => owner)
})

const run = (body: Effect.Effect<void, unknown, Journal | PostgresPool | Scope.Scope>) =>
  Effect.runPromise(
    body.pipe(Effect.scoped, Effect.provide(postgres.layer()), Effect.provide(JournalMemory.layer())),
  )

test("FAULT 72: U+0000 of an earlier release stalls neither kind of projection", () =>
  run(
    Effect.gen(function* () {
      const writer = new LedgerWriter(yield* Journal)
      yield* writer.write("a", opened("a\0b"))
      const last = yield* writer.write("c", opened("later"))
      for (const projection of [ledgerTexts(), ledgerTotals()]) {
        expect(yield* filled(projection, last)).toEqual(["a\ufffdb", "later"])
      }
    }),
  ))

test("a commit with more than 1,000 events is in the tables as a whole, in both kinds of projection", () =>
  run(
    Effect.gen(function* () {
      const writer = new LedgerWriter(yield* Journal)
      const owners = Array.from({ length: 2_500 }, (_, index) => `owner-${1_000 + index}`)
      const last = yield* writer.write("many", ...owners.map(opened))
      expect(yield* filled(ledgerTexts(), last)).toEqual(owners)
      expect(yield* filled(ledgerTotals(), last)).toEqual([owners.at(-1)])
    }),
  ))

test("FAULT 72: a key too long for an index is put aside by policy, and what follows is applied", () =>
  run(
    Effect.gen(function* () {
      const pool = yield* PostgresPool
      const writer = new LedgerWriter(yield* Journal)
      // Random text: what repeats is compressed and fits.
      yield* writer.write("d", opened(Array.from({ length: 300 }, () => crypto.randomUUID()).join("")))
      const last = yield* writer.write("e", opened("later"))
      expect(yield* filled(ledgerTexts({ onError: "deadLetter" }), last)).toEqual(["later"])
      const letters = yield* pool.query({
        text: `select reason from ${pool.table("projection_dead_letters")}`,
      })
      expect(letters.rows).toMatchObject([{ reason: expect.stringMatching(/index row/) }])
    }),
  ))
