/**
 * The log of operations in Postgres: one row for an operation. Rows are never deleted here.
 *
 * The contract is runtime/operation/OperationLog.ts.
 */
import { Effect, Layer } from "effect"
import {
  OPERATIONS_PAGE_DEFAULT,
  OPERATIONS_PAGE_MAX,
  OperationLog,
  type OperationLogService,
  OperationLogUnavailable,
  type StoredOperation,
} from "../../runtime/operation/OperationLog.ts"
import type { PostgresError } from "./PostgresErrors.ts"
import { PostgresPool } from "./PostgresPool.ts"

const unavailable = Effect.mapError(
  ({ message: detail }: PostgresError) => new OperationLogUnavailable({ detail }),
)

const makeOperationLogPostgres = (
  namespace: string,
): Effect.Effect<OperationLogService, never, PostgresPool> =>
  Effect.map(PostgresPool, (pool) => {
    const table = pool.table("operations")
    return {
      begin: ({ atMs, by, verb, target, note }) =>
        pool
          .query({
            text: `insert into ${table} (namespace, at, by, verb, target, note)
              values ($1, $2, $3, $4, $5, $6) returning number`,
            values: [namespace, atMs, by ?? null, verb, target, note],
          })
          .pipe(
            unavailable,
            Effect.map(({ rows }) => Number(rows[0]?.number)),
          ),
      end: (number, outcome) =>
        pool
          .query({
            text: `update ${table} set outcome = $3 where namespace = $1 and number = $2 and outcome is null`,
            values: [namespace, number, outcome],
          })
          .pipe(unavailable, Effect.asVoid),
      list: ({ before = Number.MAX_SAFE_INTEGER, limit = OPERATIONS_PAGE_DEFAULT } = {}) =>
        pool
          .query({
            text: `select number, at, by, verb, target, note, outcome from ${table}
              where namespace = $1 and number < $2 order by number desc limit $3`,
            values: [namespace, before, Math.max(1, Math.min(limit, OPERATIONS_PAGE_MAX))],
          })
          .pipe(
            unavailable,
            Effect.map(({ rows }) => rows.map(operationOf)),
          ),
    }
  })

const operationOf = (row: Record<string, unknown>): StoredOperation => ({
  number: Number(row.number),
  atMs: Number(row.at),
  by: row.by === null ? undefined : String(row.by),
  verb: String(row.verb),
  target: String(row.target),
  note: String(row.note),
  outcome: row.outcome === null ? undefined : String(row.outcome),
})

export const layerOperationLogPostgres = (
  namespace: string,
): Layer.Layer<OperationLog, never, PostgresPool> =>
  Layer.effect(OperationLog, makeOperationLogPostgres(namespace))
