import { Deferred, Effect, Fiber } from "effect"
import { expect, test } from "vitest"
import { retryPassing } from "../../../infra/postgres/PostgresErrors.ts"
import { makePostgresPool, PostgresPool, Rollback } from "../../../infra/postgres/PostgresPool.ts"
import { eventually } from "./Eventually.ts"
import { postgresForFile } from "./PostgresFixture.ts"

const postgres = postgresForFile({ durable: true })

const withPool = (
  options: Parameters<typeof postgres.layer>[0],
  body: (pool: PostgresPool["Service"]) => Effect.Effect<void, unknown>,
): Promise<void> =>
  Effect.runPromise(Effect.flatMap(PostgresPool, body).pipe(Effect.provide(postgres.layer(options))))

test("commits what a body did, and rolls back a Rollback, a throw and a failure that the body kept quiet", () =>
  withPool({}, (pool) =>
    Effect.gen(function* () {
      const t = pool.table("t")
      yield* pool.query({ text: `create table ${t} (id integer primary key)` })
      const insert = (id: number) => `insert into ${t} values (${id})`
      expect(yield* pool.transaction(async (client) => (await client.query(insert(1))).rowCount)).toBe(1)
      const refused = pool.transaction(async (client) => {
        await client.query(insert(2))
        return new Rollback("no" as const)
      })
      expect(yield* Effect.flip(refused)).toBe("no")
      const thrown = pool.transaction(async (client) => {
        await client.query(insert(3))
        throw new Error("oops")
      })
      expect(yield* Effect.flip(thrown)).toMatchObject({ _tag: "PostgresRefused", detail: "oops" })
      const quiet = pool.transaction(async (client) => {
        await client.query(insert(4))
        await client.query("select 1 / 0").catch(() => undefined)
      })
      expect(yield* Effect.flip(quiet)).toMatchObject({ _tag: "PostgresRefused", code: "25P02" })
      expect((yield* pool.query({ text: `select id from ${t}` })).rows).toEqual([{ id: 1 }])
    }),
  ))

test("an interrupted transaction is rolled back at once and gives its connection back", () =>
  withPool({ connectionCountMax: 2 }, (pool) =>
    Effect.gen(function* () {
      const t = pool.table("t")
      yield* pool.query({ text: `create table ${t} (id integer)` })
      const started = yield* Deferred.make<void>()
      const fiber = yield* Effect.forkChild(
        pool.transaction(async (client) => {
          await client.query(`insert into ${t} values (1)`)
          Deferred.doneUnsafe(started, Effect.void)
          await client.query("select pg_sleep(600)")
        }),
      )
      yield* Deferred.await(started)
      yield* Fiber.interrupt(fiber)
      yield* pool.transaction((client) => client.query("select 1"))
      expect((yield* pool.query({ text: `select id from ${t}` })).rows).toEqual([])
    }),
  ))

test("FAULT 53: an exhausted lane is a transient failure within its time, is retried, and leaves short statements alone", () =>
  withPool({ connectionCountMax: 2, acquireTimeoutMs: 300 }, (pool) =>
    Effect.gen(function* () {
      const release = Promise.withResolvers<void>()
      const held = yield* Deferred.make<void>()
      const holder = yield* Effect.forkChild(
        pool.transaction(() => {
          Deferred.doneUnsafe(held, Effect.void)
          return release.promise
        }),
      )
      yield* Deferred.await(held)
      const work = pool.transaction(async (client) => (await client.query("select 1")).rowCount)
      expect(yield* Effect.flip(work)).toMatchObject({ _tag: "PostgresUnavailable", code: "POOL_EXHAUSTED" })
      expect((yield* pool.query({ text: "select 1 as one" })).rows).toEqual([{ one: 1 }])
      const retried = yield* Effect.forkChild(retryPassing(work))
      yield* eventually(async () => expect((await Effect.runPromise(pool.health)).waitingCount).toBe(1))
      release.resolve()
      expect(yield* Fiber.join(retried)).toBe(1)
      yield* Fiber.join(holder)
    }),
  ))

test("FAULT 53: a deadlock is retried until both have done their work", () =>
  withPool({}, (pool) =>
    Effect.gen(function* () {
      const t = pool.table("t")
      yield* pool.query({
        text: `create table ${t} (id integer primary key, n integer); insert into ${t} values (1, 0), (2, 0)`,
      })
      let attempts = 0
      const meeting = Promise.withResolvers<void>()
      const both = (first: number, second: number) =>
        pool.transaction(async (client) => {
          const attempt = ++attempts
          await client.query(`update ${t} set n = n + 1 where id = ${first}`)
          if (attempt === 2) meeting.resolve()
          await meeting.promise
          await client.query(`update ${t} set n = n + 1 where id = ${second}`)
        })
      yield* Effect.all([retryPassing(both(1, 2)), retryPassing(both(2, 1))], { concurrency: 2 })
      expect(attempts).toBeGreaterThan(2)
      expect((yield* pool.query({ text: `select sum(n)::integer as n from ${t}` })).rows).toEqual([{ n: 4 }])
    }),
  ))

test("FAULT 51: survives kill -9 of the server between and inside statements, tells its health, and works again", () =>
  withPool({}, (pool) =>
    Effect.gen(function* () {
      yield* pool.query({ text: "select 1" })
      expect(yield* pool.health).toMatchObject({ state: "up" })
      const started = yield* Deferred.make<void>()
      const inside = yield* Effect.forkChild(
        Effect.flip(
          pool.transaction(async (client) => {
            await client.query("select 1")
            Deferred.doneUnsafe(started, Effect.void)
            await client.query("select pg_sleep(600)")
          }),
        ),
      )
      yield* Deferred.await(started)
      yield* Effect.promise(() => postgres.server.kill())
      expect(yield* Fiber.join(inside)).toMatchObject({ _tag: "PostgresUnavailable" })
      expect(yield* Effect.flip(pool.query({ text: "select 1" }))).toMatchObject({
        _tag: "PostgresUnavailable",
      })
      expect(yield* pool.health).toMatchObject({ state: "down" })
      yield* Effect.promise(() => postgres.server.restart())
      expect((yield* retryPassing(pool.query({ text: "select 1 as one" }))).rows).toEqual([{ one: 1 }])
      expect(yield* pool.health).toMatchObject({ state: "up" })
    }),
  ))

test("refuses options that cannot work, with a hint", async () => {
  for (const options of [{ schema: "Bad-Name" }, { connectionCountMax: 1 }]) {
    const refusal = await Effect.runPromise(Effect.flip(Effect.scoped(makePostgresPool(options))))
    expect(refusal).toMatchObject({ _tag: "PostgresRefused", code: "OPTIONS" })
  }
})

test("a wrong password is terminal and never shows a secret", async () => {
  const url = new URL(postgres.server.url)
  url.password = "wrong-secret"
  const failure = await Effect.runPromise(
    Effect.scoped(
      Effect.flatMap(makePostgresPool({ url: url.href }), (pool) =>
        Effect.flip(pool.query({ text: "select 1" })),
      ),
    ),
  )
  expect(failure).toMatchObject({ _tag: "PostgresRefused", code: "28P01" })
  expect(JSON.stringify(failure)).not.toContain("secret")
})
