/**
 * Snapshots in Postgres: one row for an actor; the newest wins.
 *
 * Owns the SQL. Look-ups go through the batcher and its breaker (SnapshotLookup.ts). Saves are multi-row
 * upserts, off the hot path, and passing failures are retried. The contract is
 * runtime/snapshot/SnapshotStore.ts.
 */
import { Effect, Layer } from "effect"
import {
  SnapshotStore,
  type SnapshotStoreService,
  SnapshotStoreUnavailable,
  type StoredSnapshot,
} from "../../runtime/snapshot/SnapshotStore.ts"
import { type PostgresError, retryPassing } from "./PostgresErrors.ts"
import { PostgresPool } from "./PostgresPool.ts"
import { BATCHES_IN_FLIGHT_MAX, SnapshotLookup } from "./SnapshotLookup.ts"

/** Longest time that a look-up may delay an activation. */
export const SNAPSHOT_LOAD_TIMEOUT_MS_DEFAULT = 1_000
/** Time for which look-ups fail at once after one has failed. */
export const SNAPSHOT_BREAKER_OPEN_MS_DEFAULT = 1_000

/** Most rows and bytes of one upsert. */
const saveRowsMax = 500
const saveBytesMax = 4 * 1024 * 1024

export interface SnapshotStorePostgresOptions {
  readonly namespace: string
  readonly loadTimeoutMs?: number
  readonly breakerOpenMs?: number
  /**
   * True: opens the connections of look-ups at the start, without waiting for them. Default: at the first
   * look-ups.
   */
  readonly isWarm?: boolean
}

export const makeSnapshotStorePostgres = Effect.fnUntraced(function* (
  options: SnapshotStorePostgresOptions,
): Effect.fn.Return<SnapshotStoreService, never, PostgresPool> {
  const pool = yield* PostgresPool
  const { namespace } = options
  const table = pool.table("snapshots")

  const selectText = `select key, version, sequence, codec, state from ${table} where namespace = $1 and key = any($2::text[])`
  const find = async (keys: ReadonlyArray<string>, timeoutMs: number) => {
    const { rows } = await pool.queryPromise({
      name: "everstate-snapshots-load",
      text: selectText,
      values: [namespace, keys],
      query_timeout: 2 * timeoutMs, // closes the connection, after SnapshotLookup has given up
    })
    return rows.map(snapshotFromRow)
  }
  const timeoutMs = options.loadTimeoutMs ?? SNAPSHOT_LOAD_TIMEOUT_MS_DEFAULT
  const lookup = new SnapshotLookup({
    timeoutMs,
    breakerOpenMs: options.breakerOpenMs ?? SNAPSHOT_BREAKER_OPEN_MS_DEFAULT,
    find,
  })
  // Warms connections and their statement, because a new node activates many actors at once.
  if (options.isWarm) {
    for (let index = 0; index < BATCHES_IN_FLIGHT_MAX; index++) find([], timeoutMs).catch(() => undefined)
  }

  // An equal sequence overwrites, because a newer definition may write the same state again with its own
  // codec.
  const upsertText = `insert into ${table} as stored (namespace, key, version, sequence, codec, state)
    select $1, t.* from unnest($2::text[], $3::bigint[], $4::bigint[], $5::text[], $6::text[]) as t
    on conflict (namespace, key) do update set version = excluded.version, sequence = excluded.sequence,
      codec = excluded.codec, state = excluded.state
    where stored.sequence <= excluded.sequence`
  const saveBatch = (batch: ReadonlyArray<StoredSnapshot>) =>
    pool.query({
      name: "everstate-snapshots-save",
      text: upsertText,
      values: [
        namespace,
        batch.map(({ key }) => key),
        batch.map(({ version }) => version),
        batch.map(({ sequence }) => sequence),
        batch.map(({ codec }) => codec),
        batch.map(({ state }) => state),
      ],
    })

  return {
    load: (key) => lookup.load(key),
    save: (snapshots) =>
      Effect.forEach(batchesOf(newestByKey(snapshots)), (batch) => retryPassing(saveBatch(batch)), {
        discard: true,
      }).pipe(Effect.mapError(unavailable)),
    discard: (key) =>
      pool
        .query({ text: `delete from ${table} where namespace = $1 and key = $2`, values: [namespace, key] })
        .pipe(retryPassing, Effect.mapError(unavailable), Effect.asVoid),
  }
})

/** `SnapshotStore` on the pool; the tables must be there (`migrate`). */
export const layerSnapshotStorePostgres = (
  options: SnapshotStorePostgresOptions,
): Layer.Layer<SnapshotStore, never, PostgresPool> =>
  Layer.effect(SnapshotStore, makeSnapshotStorePostgres(options))

const unavailable = (error: PostgresError) => new SnapshotStoreUnavailable({ detail: error.message })

/** The driver reads `bigint` as text. Both numbers are journal counts, far below 2^53. */
const snapshotFromRow = (row: Record<string, unknown>): StoredSnapshot => ({
  key: String(row.key),
  version: Number(row.version),
  sequence: Number(row.sequence),
  codec: String(row.codec),
  state: String(row.state),
})

/**
 * One row for each key, because a statement may touch a row once. The rows are ordered, so that two writers
 * do not deadlock.
 */
const newestByKey = (snapshots: ReadonlyArray<StoredSnapshot>): ReadonlyArray<StoredSnapshot> => {
  const newest = new Map<string, StoredSnapshot>()
  for (const snapshot of snapshots) {
    const other = newest.get(snapshot.key)
    if (other === undefined || other.sequence <= snapshot.sequence) newest.set(snapshot.key, snapshot)
  }
  return [...newest.values()].sort((a, b) => (a.key < b.key ? -1 : 1))
}

const batchesOf = (
  snapshots: ReadonlyArray<StoredSnapshot>,
): ReadonlyArray<ReadonlyArray<StoredSnapshot>> => {
  const batches: Array<Array<StoredSnapshot>> = []
  let current: Array<StoredSnapshot> = []
  let bytes = 0
  for (const snapshot of snapshots) {
    if (
      current.length === saveRowsMax ||
      (current.length > 0 && bytes + snapshot.state.length > saveBytesMax)
    ) {
      batches.push(current)
      current = []
      bytes = 0
    }
    current.push(snapshot)
    bytes += snapshot.state.length
  }
  if (current.length > 0) batches.push(current)
  return batches
}
