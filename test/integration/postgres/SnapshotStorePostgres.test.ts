import { Effect } from "effect"
import { expect, test } from "vitest"
import { makeJournalRegisterPostgres } from "../../../infra/postgres/JournalRegisterPostgres.ts"
import { PostgresPool } from "../../../infra/postgres/PostgresPool.ts"
import { makeReadModelPostgres } from "../../../infra/postgres/ReadModelPostgres.ts"
import { SnapshotLookup } from "../../../infra/postgres/SnapshotLookup.ts"
import { makeSnapshotStorePostgres } from "../../../infra/postgres/SnapshotStorePostgres.ts"
import type { StoredSnapshot } from "../../../runtime/snapshot/SnapshotStore.ts"
import { ledgerTotals } from "../../unit/projection/Ledger.ts"
import { eventually } from "./Eventually.ts"
import { postgresForFile } from "./PostgresFixture.ts"

const postgres = postgresForFile({ durable: true })
const snapshot = (key: string, sequence: number): StoredSnapshot => ({
  key,
  version: sequence,
  sequence,
  codec: "c/1",
  state: "{}",
})

test("FAULT 51: with a silent server a look-up gives up in its time, the next ones at once, and both work again later", () =>
  Effect.runPromise(
    Effect.gen(function* () {
      const store = yield* makeSnapshotStorePostgres({
        namespace: "shop",
        loadTimeoutMs: 250,
        breakerOpenMs: 3_000,
      })
      yield* store.save([snapshot("order/a", 1)])
      yield* eventually(async () => expect(await Effect.runPromise(store.load("order/a"))).toBeDefined())
      postgres.server.pause()
      const started = performance.now()
      expect(yield* Effect.flip(store.load("order/a"))).toMatchObject({ detail: "no answer within 250 ms" })
      expect(performance.now() - started).toBeGreaterThanOrEqual(240)
      for (let index = 0; index < 100; index++) {
        const failure = yield* Effect.flip(store.load(`order/${index}`))
        expect(failure.detail).toContain("not asked")
      }
      postgres.server.resume()
      yield* eventually(async () =>
        expect(await Effect.runPromise(store.load("order/a"))).toEqual(snapshot("order/a", 1)),
      )
    }).pipe(Effect.provide(postgres.layer())),
  ))

test("FAULT 51: with a dead server look-ups and saves fail typed, and work again after its restart", () =>
  Effect.runPromise(
    Effect.gen(function* () {
      const store = yield* makeSnapshotStorePostgres({ namespace: "shop", breakerOpenMs: 50 })
      yield* store.save([snapshot("order/a", 1)])
      yield* Effect.promise(() => postgres.server.kill())
      expect(yield* Effect.flip(store.load("order/a"))).toMatchObject({ _tag: "SnapshotStoreUnavailable" })
      expect(yield* Effect.flip(store.save([snapshot("order/a", 2)]))).toMatchObject({
        _tag: "SnapshotStoreUnavailable",
      })
      expect(yield* Effect.flip(store.discard("order/a"))).toMatchObject({ _tag: "SnapshotStoreUnavailable" })
      yield* Effect.promise(() => postgres.server.restart())
      yield* store.save([snapshot("order/a", 3)])
      yield* eventually(async () =>
        expect(await Effect.runPromise(store.load("order/a"))).toEqual(snapshot("order/a", 3)),
      )
    }).pipe(Effect.provide(postgres.layer())),
  ))

test("look-ups that meet travel in one statement", async () => {
  const asked: Array<number> = []
  const lookup = new SnapshotLookup({
    timeoutMs: 10_000,
    breakerOpenMs: 1_000,
    find: async (keys) => {
      asked.push(keys.length)
      return keys.map((key) => snapshot(key, 1))
    },
  })
  const keys = Array.from({ length: 300 }, (_, index) => `order/${index}`)
  const found = await Effect.runPromise(
    Effect.forEach(keys, (key) => lookup.load(key), { concurrency: "unbounded" }),
  )
  expect(found.map((stored) => stored?.key)).toEqual(keys)
  expect(asked.length).toBeLessThanOrEqual(3)
})

test("namespaces do not see each other's snapshots", () =>
  Effect.runPromise(
    Effect.gen(function* () {
      const shop = yield* makeSnapshotStorePostgres({ namespace: "shop", loadTimeoutMs: 20_000 })
      const other = yield* makeSnapshotStorePostgres({ namespace: "other", loadTimeoutMs: 20_000 })
      yield* shop.save([snapshot("order/a", 1)])
      expect(yield* other.load("order/a")).toBeUndefined()
    }).pipe(Effect.provide(postgres.layer())),
  ))

test("the register's last sequence rises with snapshots and projections of its namespace", () =>
  Effect.runPromise(
    Effect.gen(function* () {
      const register = yield* makeJournalRegisterPostgres
      const snapshots = yield* makeSnapshotStorePostgres({ namespace: "shop" })
      const foreign = yield* makeSnapshotStorePostgres({ namespace: "other" })
      const readModel = yield* makeReadModelPostgres({ namespace: "shop" })
      const lastSequences = Effect.map(register.load("shop"), (identity) =>
        identity?.streams.map(({ lastSequence }) => lastSequence),
      )
      const streamId = "2026-01-02T03:04:05Z"
      const streams = [
        { streamId, lastSequence: 6 },
        { streamId, lastSequence: 0 },
        { streamId, lastSequence: 0 },
      ]
      yield* register.record({ namespace: "shop", shards: 64, streams })
      expect(yield* lastSequences).toEqual([6, 0, 0])
      yield* snapshots.save([snapshot("order/a", 9), snapshot("order/b", 7)])
      yield* foreign.save([snapshot("order/a", 1_000)])
      expect(yield* lastSequences).toEqual([9, 7, 0])
      const totals = ledgerTotals()
      for (const [partition, to] of [
        [0, 12],
        [2, 35],
      ] as const) {
        yield* readModel.prepare(totals, partition)
        yield* readModel.apply(totals, { partition, events: [], deadLetters: [], from: 0, to })
      }
      expect(yield* lastSequences).toEqual([12, 7, 35])
    }).pipe(Effect.provide(postgres.layer())),
  ))

test("the pool's health is unknown before the first use", () =>
  Effect.runPromise(
    Effect.flatMap(PostgresPool, (pool) =>
      Effect.map(pool.health, (health) => expect(health.lastError).toBeUndefined()),
    ).pipe(Effect.provide(postgres.layer())),
  ))
