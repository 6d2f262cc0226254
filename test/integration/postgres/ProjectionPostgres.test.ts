/** Projections on a real Postgres that is killed, moved back, contended; the journal is in memory. */
import { Effect, Fiber, type Scope } from "effect"
import { expect, test } from "vitest"
import { PostgresPool, type PostgresPoolService } from "../../../infra/postgres/PostgresPool.ts"
import { makeReadModelPostgres } from "../../../infra/postgres/ReadModelPostgres.ts"
import { readModelSchema, readModelTable } from "../../../infra/postgres/ReadModelTables.ts"
import { Journal } from "../../../runtime/journal/Journal.ts"
import { JournalMemory } from "../../../runtime/journal/JournalMemory.ts"
import { defineProjection, type ProjectionDefinition } from "../../../runtime/projection/Projection.ts"
import { makeProjectionRunner, type ProjectionRunner } from "../../../runtime/projection/ProjectionRunner.ts"
import { ReadModel, type ReadModelService } from "../../../runtime/projection/ReadModel.ts"
import {
  added,
  Ledger,
  LedgerWriter,
  ledgerSql,
  ledgerTotals,
  opened,
  shardCount,
} from "../../unit/projection/Ledger.ts"
import { eventually } from "./Eventually.ts"
import { postgresForFile } from "./PostgresFixture.ts"

const postgres = postgresForFile({ durable: true })
const namespace = "shop"
const patienceMs = 120_000

interface Given {
  readonly pool: PostgresPoolService
  readonly readModel: ReadModelService
  readonly writer: LedgerWriter
  /** Makes it and runs nothing. */
  readonly make: (projection: ProjectionDefinition) => Effect.Effect<ProjectionRunner, unknown, Scope.Scope>
  readonly start: (projection: ProjectionDefinition) => Effect.Effect<ProjectionRunner, unknown, Scope.Scope>
  readonly rows: (
    projection: ProjectionDefinition,
    text: string,
  ) => Effect.Effect<ReadonlyArray<Record<string, unknown>>, unknown>
}

const run = (
  body: (given: Given) => Effect.Effect<void, unknown, Scope.Scope>,
  partitionCount = 1,
): Promise<void> =>
  Effect.runPromise(
    Effect.gen(function* () {
      const pool = yield* PostgresPool
      const journal = yield* Journal
      const readModel = yield* makeReadModelPostgres({ namespace })
      const make = (projection: ProjectionDefinition) =>
        makeProjectionRunner(projection, { shardCount }).pipe(
          Effect.provideService(Journal, journal),
          Effect.provideService(ReadModel, readModel),
        )
      const start = (projection: ProjectionDefinition) => Effect.tap(make(projection), ({ open }) => open(0))
      const rows: Given["rows"] = (projection, text) => {
        const table = projection.form.kind === "fold" ? projection.form.table.name : "entries"
        const name = readModelTable({ schema: pool.schema, namespace }, projection, table)
        return Effect.map(pool.query({ text: text.replaceAll("$table", name) }), (result) => result.rows)
      }
      yield* body({ pool, readModel, writer: new LedgerWriter(journal), make, start, rows })
    }).pipe(
      Effect.scoped,
      Effect.provide(postgres.layer()),
      Effect.provide(JournalMemory.layer({ partitionCount })),
    ),
  )

const sums = "select sum(total)::integer as total, sum(counted)::integer as counted from $table"
const entries = "select count(*)::integer as counted, sum(amount)::integer as total from $table"

test("FAULT 51, FAULT 52: Postgres killed -9 and restarted under load: both kinds catch up, nothing lost or doubled", () =>
  run(({ writer, start, rows }) =>
    Effect.gen(function* () {
      const totals = ledgerTotals()
      const sql = ledgerSql()
      const runners = [yield* start(totals), yield* start(sql)]
      let commitCount = 0
      let last = 0
      let isOver = false
      // Goes on for as long as the kills take: a runner that has nothing to do does not miss Postgres.
      const writing = yield* Effect.forkChild(
        Effect.gen(function* () {
          while (!isOver) {
            last = yield* writer.write(`l-${commitCount % 50}`, added(1))
            if (++commitCount % 20 === 0) yield* Effect.sleep(2)
          }
        }),
      )
      for (const offset of [500, 2_500]) {
        yield* eventually(() => expect(runners[0]?.status().offset).toBeGreaterThan(offset))
        yield* Effect.promise(() => postgres.server.kill())
        yield* eventually(() =>
          expect(runners.map((runner) => runner.status().state)).toEqual(["unavailable", "unavailable"]),
        )
        yield* Effect.promise(() => postgres.server.restart())
      }
      isOver = true
      yield* Fiber.join(writing)
      for (const runner of runners) yield* runner.waitFor(last, patienceMs)
      expect(yield* rows(totals, sums)).toEqual([{ total: commitCount, counted: commitCount }])
      expect(yield* rows(sql, entries)).toEqual([{ total: commitCount, counted: commitCount }])
      yield* eventually(() =>
        expect(runners.map((runner) => runner.status().state)).toEqual(["running", "running"]),
      )
    }),
  ))

test("FAULT 51: two partitions run by two processes, Postgres killed -9 under load: each event counts once, read from both", () =>
  run(
    ({ writer, make, rows }) =>
      Effect.gen(function* () {
        const totals = ledgerTotals()
        const sql = ledgerSql()
        const nodes = [0, 1]
        const runners: Array<ProjectionRunner> = []
        for (const partition of nodes) {
          for (const projection of [totals, sql]) {
            const runner = yield* make(projection)
            yield* runner.open(partition)
            runners.push(runner)
          }
        }
        const commitCount = 3_000
        const last = new Map<number, number>()
        const writing = yield* Effect.forkChild(
          Effect.gen(function* () {
            for (let index = 0; index < commitCount; index++) {
              const sequence = yield* writer.write(`l-${index % 50}`, added(1))
              last.set(sequence % 2, sequence)
              if (index % 10 === 0) yield* Effect.sleep(5)
            }
          }),
        )
        yield* eventually(() => {
          for (const runner of runners) expect(runner.status().offset).toBeGreaterThan(200)
        })
        yield* Effect.promise(() => postgres.server.kill())
        yield* eventually(() =>
          expect(runners.map((runner) => runner.status().state)).toContain("unavailable"),
        )
        yield* Effect.promise(() => postgres.server.restart())
        yield* Fiber.join(writing)
        for (const runner of runners) {
          for (const sequence of last.values()) yield* runner.waitFor(sequence, patienceMs)
        }
        expect(yield* rows(totals, sums)).toEqual([{ total: commitCount, counted: commitCount }])
        expect(yield* rows(sql, entries)).toEqual([{ total: commitCount, counted: commitCount }])
      }),
    2,
  ))

test("FAULT 52: a fail-over that lost the last transactions: goes on from the stored offset", () =>
  run(({ pool, writer, start, rows }) =>
    Effect.gen(function* () {
      const totals = ledgerTotals()
      const runner = yield* start(totals)
      for (let index = 0; index < 10; index++) {
        yield* runner.waitFor(yield* writer.write("a", added(1)), patienceMs)
      }
      const table = readModelTable({ schema: pool.schema, namespace }, totals, "totals")
      yield* pool.transaction(async (client) => {
        await client.query(`update ${pool.table("projections")} set sequence = 4`)
        await client.query(`update ${table} set total = 4, counted = 4`)
      })
      yield* runner.waitFor(yield* writer.write("a", added(1)), patienceMs)
      yield* eventually(async () =>
        expect(await Effect.runPromise(rows(totals, sums))).toEqual([{ total: 11, counted: 11 }]),
      )
    }),
  ))

test("FAULT 52: a fail-over that lost even the tables: makes them again and fills them", () =>
  run(({ pool, writer, start, rows }) =>
    Effect.gen(function* () {
      const totals = ledgerTotals()
      const runner = yield* start(totals)
      yield* runner.waitFor(yield* writer.write("a", added(1)), patienceMs)
      yield* pool.transaction(async (client) => {
        await client.query(`delete from ${pool.table("projections")}`)
        await client.query(
          `drop schema "${readModelSchema({ schema: pool.schema, namespace }, totals)}" cascade`,
        )
      })
      yield* writer.write("a", added(1))
      yield* eventually(async () =>
        expect(await Effect.runPromise(rows(totals, sums))).toEqual([{ total: 2, counted: 2 }]),
      )
    }),
  ))

test("FAULT 54: two runners of each projection apply everything once", () =>
  run(({ writer, start, rows }) =>
    Effect.gen(function* () {
      const totals = ledgerTotals()
      const sql = ledgerSql()
      const runners = yield* Effect.all([start(totals), start(totals), start(sql), start(sql)])
      let last = 0
      for (let index = 0; index < 1_000; index++) {
        last = yield* writer.write(`l-${index % 9}`, added(1))
        if (index % 25 === 0) yield* Effect.sleep(1)
      }
      yield* Effect.all(
        runners.map((runner) => runner.waitFor(last, patienceMs)),
        { concurrency: "unbounded" },
      )
      expect(yield* rows(totals, sums)).toEqual([{ total: 1_000, counted: 1_000 }])
      expect(yield* rows(sql, entries)).toEqual([{ total: 1_000, counted: 1_000 }])
    }),
  ))

test("FAULT 51: Postgres killed -9 in a rebuild: it has happened or not, and begins again", () =>
  run(({ writer, start, rows }) =>
    Effect.gen(function* () {
      const [totals, sql] = [ledgerTotals(), ledgerSql()]
      const runners = [yield* start(totals), yield* start(sql)]
      let last = 0
      for (let commit = 0; commit < 100; commit++) last = yield* writer.write(`l-${commit % 10}`, added(1))
      for (const runner of runners) yield* runner.waitFor(last, patienceMs)
      const rebuilds = runners.map((runner) => runner.rebuild(0))
      const rebuilding = yield* Effect.forkChild(Effect.all(rebuilds, { concurrency: "unbounded" }))
      yield* Effect.promise(() => postgres.server.kill())
      yield* Effect.promise(() => postgres.server.restart())
      yield* Fiber.join(rebuilding)
      for (const runner of runners) yield* runner.waitFor(last, patienceMs)
      expect(yield* rows(totals, sums)).toEqual([{ total: 100, counted: 100 }])
      expect(yield* rows(sql, entries)).toEqual([{ total: 100, counted: 100 }])
    }),
  ))

test("FAULT 48: a handler in SQL that throws stalls, with everything before it stored", () =>
  run(({ writer, start, rows }) =>
    Effect.gen(function* () {
      const sql = ledgerSql({ onError: "stall" })
      yield* writer.write("a", opened("ann"), added(1))
      const bad = yield* writer.write("b", added(1, "poison"))
      const runner = yield* start(sql)
      yield* eventually(() => expect(runner.status()).toMatchObject({ state: "stalled", offset: bad - 1 }))
      expect(runner.status().lastError).toContain("cannot add poison")
      expect(yield* rows(sql, entries)).toEqual([{ counted: 2, total: 1 }])
    }),
  ))

test("FAULT 48: a handler in SQL that throws, and a row that Postgres refuses, are put aside by policy", () =>
  run(({ pool, writer, start, rows }) =>
    Effect.gen(function* () {
      const sql = ledgerSql({ onError: "deadLetter" })
      const totals = ledgerTotals({ onError: "deadLetter" })
      yield* writer.write("a", opened("ann"), added(1), added(2, "poison"), added(3))
      yield* writer.write("b", added(0.5))
      const last = yield* writer.write("c", added(5))
      for (const projection of [sql, totals]) {
        const runner = yield* start(projection)
        yield* runner.waitFor(last, patienceMs)
      }
      expect(yield* rows(sql, entries)).toEqual([{ counted: 4, total: 9 }])
      expect(yield* rows(totals, sums)).toEqual([{ counted: 4, total: 9 }])
      const asides = yield* pool.query({
        text: `select name, actor_id, position, reason from ${pool.table("projection_dead_letters")} order by name, sequence, position`,
      })
      expect(asides.rows).toMatchObject([
        { name: "ledger_sql", actor_id: "a", position: 3 },
        { name: "ledger_sql", actor_id: "b", position: 1 },
        { name: "ledger_totals", actor_id: "a", position: 3 },
        { name: "ledger_totals", actor_id: "b", position: 1 },
      ])
      expect(String(asides.rows[1]?.["reason"])).toMatch(/bigint/)
    }),
  ))

test("a changed table without a raised version is refused at start, and a raised one fills its own tables", () =>
  run(({ writer, start, rows }) =>
    Effect.gen(function* () {
      const totals = ledgerTotals()
      const last = yield* writer.write("a", added(1))
      const runner = yield* start(totals)
      yield* runner.waitFor(last, patienceMs)
      if (totals.form.kind !== "fold") throw new Error("not a fold")
      const { form } = totals
      const columns = { ...form.table.columns, more: "text" as const }
      const changed: ProjectionDefinition = {
        ...totals,
        form: { ...form, table: { ...form.table, columns } },
      }
      const refusal = yield* Effect.flip(start(changed))
      expect(String(refusal)).toContain("raise `version`")
      const rebuilt = yield* start({ ...changed, version: 2 })
      yield* rebuilt.waitFor(last, patienceMs)
      expect(yield* rows({ ...changed, version: 2 }, sums)).toEqual([{ total: 1, counted: 1 }])
    }),
  ))

test("a handler in SQL can neither end the transaction, nor query after it, nor hide a failure, and reads numbers", () =>
  run(({ readModel, writer, rows }) =>
    Effect.gen(function* () {
      yield* writer.write("a")
      let late: (() => Promise<unknown>) | undefined
      let seen: unknown
      let act: "commit" | "hide" | "round" | "work" = "commit"
      const projection = defineProjection({
        name: "misuse",
        version: 1,
        from: [Ledger],
        tables: ["create table entries (id bigint primary key, amount bigint)"],
        handle: async (_, sql) => {
          late = () => sql.query("select 1")
          await sql.query("insert into entries values ($1, $2)", [1, Number.MAX_SAFE_INTEGER])
          if (act === "commit") await sql.query(" commit")
          if (act === "hide") await sql.query("select 1 / 0").catch(() => undefined)
          // No number holds it.
          if (act === "round") await sql.query("select 9007199254740993::bigint as amount")
          seen = (await sql.query("select id, amount from entries")).rows
        },
      })
      const event = {
        actorType: "ledger",
        id: "a",
        version: 1,
        sequence: 1,
        at: 0,
        commandId: "c",
        metadata: {},
        event: { type: "Closed" },
      }
      const batch = { partition: 0, events: [event], deadLetters: [], from: 0, to: 1 }
      yield* readModel.prepare(projection, 0)
      for (const misuse of ["commit", "hide", "round"] as const) {
        act = misuse
        expect(yield* Effect.flip(readModel.apply(projection, batch))).toMatchObject({
          _tag: "ProjectionFailed",
        })
        expect(yield* rows(projection, "select * from $table")).toEqual([])
      }
      act = "work"
      yield* readModel.apply(projection, batch)
      expect(seen).toEqual([{ id: 1, amount: Number.MAX_SAFE_INTEGER }])
      yield* Effect.promise(() => expect(late?.()).rejects.toThrow("after `handle` resolved"))
    }),
  ))

test("folds rows of a composite key, deletes them, and keeps namespaces apart", () =>
  run(({ pool, writer, start, rows }) =>
    Effect.gen(function* () {
      const composite = defineProjection({
        name: "by_day",
        version: 1,
        from: [Ledger],
        table: {
          name: "days",
          columns: { id: "text not null", day: "bigint not null", counted: "integer not null" },
          primaryKey: ["id", "day"],
        },
        key: ({ id, version }) => ({ id, day: version % 2 }),
        fold: (row, { id, version, event }) =>
          event.type === "Closed" ? undefined : { id, day: version % 2, counted: (row?.counted ?? 0) + 1 },
      })
      yield* writer.write("a", opened("ann"), added(1), added(1))
      const runner = yield* start(composite)
      yield* runner.waitFor(yield* writer.write("b", added(1)), patienceMs)
      const all = "select id, day::integer as day, counted from $table order by id, day"
      expect(yield* rows(composite, all)).toEqual([
        { id: "a", day: 0, counted: 1 },
        { id: "a", day: 1, counted: 2 },
        { id: "b", day: 1, counted: 1 },
      ])
      yield* runner.waitFor(yield* writer.write("a", ["Closed", 1, {}]), patienceMs)
      expect((yield* rows(composite, all)).map(({ id, day }) => `${id}${day}`)).toEqual(["a1", "b1"])
      const other = yield* makeReadModelPostgres({ namespace: "other" }).pipe(
        Effect.provideService(PostgresPool, pool),
      )
      expect(yield* other.prepare(composite, 0)).toEqual({ sequence: 0 })
    }),
  ))

test("names a schema for every version, readable where it fits and never too long or shared", () => {
  const names = [
    readModelSchema({ namespace: "shop" }, { name: "order_summary", version: 1 }),
    readModelSchema({ namespace: "shop" }, { name: "order_summary", version: 2 }),
    readModelSchema({ namespace: "shop_order" }, { name: "summary", version: 1 }),
    readModelSchema({ namespace: "Shop.Order" }, { name: "summary", version: 1 }),
    readModelSchema({ namespace: "n".repeat(60) }, { name: "p".repeat(40), version: 12 }),
    readModelSchema({ namespace: "n".repeat(61) }, { name: "p".repeat(40), version: 12 }),
  ]
  expect(names[0]).toBe("everstate_shop_order_summary_v1")
  expect(new Set(names).size).toBe(names.length)
  for (const name of names) expect(name).toMatch(/^[a-z0-9_]{1,63}$/)
})
