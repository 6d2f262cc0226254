/**
 * The journal's register in Postgres: the identity of the journal, and the highest sequence that snapshots
 * and projections have reached.
 *
 * `lastSequence` is computed when it is read, so commits, snapshots and projections do no work for it. The
 * contract is runtime/journal/JournalRegister.ts.
 */
import { Effect, Layer } from "effect"
import {
  JournalRegister,
  type JournalRegisterService,
  JournalRegisterUnavailable,
} from "../../runtime/journal/JournalRegister.ts"
import { type PostgresError, retryPassing } from "./PostgresErrors.ts"
import { PostgresPool } from "./PostgresPool.ts"

/**
 * The register on a pool. The column `created_at` holds the stream's id; for journals made before there were
 * ids, the creation time.
 */
export const makeJournalRegisterPostgres: Effect.Effect<JournalRegisterService, never, PostgresPool> =
  Effect.map(PostgresPool, (pool) => {
    const journals = pool.table("journals")
    const loadText = `select created_at, shards, greatest(last_sequence,
        (select max(sequence) from ${pool.table("snapshots")}
          where namespace = $1 and sequence % journal.streams = journal.partition),
        (select max(sequence) from ${pool.table("projections")}
          where namespace = $1 and sequence % journal.streams = journal.partition)) as last_sequence
      from ${journals} as journal where namespace = $1 order by partition`
    // All rows or none, because another process may register the same journal now.
    const recordText = `insert into ${journals} (namespace, shards, streams, partition, created_at, last_sequence)
      select $1, $2, json_array_length($3::json), s.* from json_to_recordset($3::json)
        as s(partition integer, "streamId" text, "lastSequence" bigint)
      where not exists (select 1 from ${journals} where namespace = $1)
      on conflict (namespace, partition) do nothing`
    return {
      load: (namespace) =>
        pool.query({ text: loadText, values: [namespace] }).pipe(
          retryPassing,
          Effect.map(({ rows }) =>
            rows[0] === undefined
              ? undefined
              : {
                  namespace,
                  shards: Number(rows[0].shards),
                  streams: rows.map((row) => ({
                    streamId: String(row.created_at),
                    lastSequence: Number(row.last_sequence),
                  })),
                },
          ),
          Effect.mapError(unavailable),
        ),
      record: ({ namespace, shards, streams }) => {
        const rows = JSON.stringify(streams.map((stream, partition) => ({ ...stream, partition })))
        return pool
          .query({ text: recordText, values: [namespace, shards, rows] })
          .pipe(retryPassing, Effect.mapError(unavailable), Effect.asVoid)
      },
    }
  })

/** `JournalRegister` on the pool; the tables must be there (`migrate`). */
export const layerJournalRegisterPostgres: Layer.Layer<JournalRegister, never, PostgresPool> = Layer.effect(
  JournalRegister,
  makeJournalRegisterPostgres,
)

const unavailable = (error: PostgresError) => new JournalRegisterUnavailable({ detail: error.message })
