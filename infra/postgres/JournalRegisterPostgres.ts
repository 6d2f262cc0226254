/**
 * The journal's register in Postgres: what the journal looked like, and how far snapshots and projections have come.
 *
 * `lastSequence` is computed when it is read, so nothing on the way of a commit, snapshot or projection pays for it.
 * The contract: runtime/journal/JournalRegister.ts.
 */
import { Effect, Layer } from "effect"
import {
  JournalRegister,
  type JournalRegisterService,
  JournalRegisterUnavailable,
} from "../../runtime/journal/JournalRegister.ts"
import { type PostgresError, retryPassing } from "./PostgresErrors.ts"
import { PostgresPool } from "./PostgresPool.ts"

export const makeJournalRegisterPostgres: Effect.Effect<JournalRegisterService, never, PostgresPool> =
  Effect.map(PostgresPool, (pool) => {
    const journals = pool.table("journals")
    const loadText = `select created_at, shards, greatest(last_sequence,
        (select max(sequence) from ${pool.table("snapshots")} where namespace = $1),
        (select max(sequence) from ${pool.table("projections")} where namespace = $1)) as last_sequence
      from ${journals} where namespace = $1`
    const recordText = `insert into ${journals} (namespace, created_at, shards, last_sequence)
      values ($1, $2, $3, $4) on conflict (namespace) do nothing`
    return {
      load: (namespace) =>
        pool.query({ text: loadText, values: [namespace] }).pipe(
          retryPassing,
          Effect.map(({ rows: [row] }) =>
            row === undefined
              ? undefined
              : {
                  namespace,
                  createdAt: String(row.created_at),
                  shards: Number(row.shards),
                  lastSequence: Number(row.last_sequence),
                },
          ),
          Effect.mapError(unavailable),
        ),
      record: ({ namespace, createdAt, shards, lastSequence }) =>
        pool
          .query({ text: recordText, values: [namespace, createdAt, shards, lastSequence] })
          .pipe(retryPassing, Effect.mapError(unavailable), Effect.asVoid),
    }
  })

/** `JournalRegister` on the pool; the tables must be there (`migrate`). */
export const layerJournalRegisterPostgres: Layer.Layer<JournalRegister, never, PostgresPool> = Layer.effect(
  JournalRegister,
  makeJournalRegisterPostgres,
)

const unavailable = (error: PostgresError) => new JournalRegisterUnavailable({ detail: error.message })
