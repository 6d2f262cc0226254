/**
 * Read models in Postgres: a projection's tables, its offset and its dead letters change in one transaction.
 *
 * The offset is moved first, by compare-and-set. The lock of its row makes a second runner wait, and then
 * find that it lost. Partitions of a projection fill the same rows, so their transactions take turns, with
 * the lock of partition 0's row: otherwise two could read the same row and each overwrite the change of the
 * other. A folded batch is one read of its rows, the fold in memory, and one upsert. Names of tables:
 * ReadModelTables.ts. The contract is runtime/projection/ReadModel.ts.
 */
import { Effect, Layer } from "effect"
import pg from "pg"
import { tokenFromId } from "../../runtime/address/ActorAddress.ts"
import { storableText } from "../../runtime/json/StorableText.ts"
import { isThrown } from "../../runtime/json/Thrown.ts"
import { type FoldForm, foldBatch, keyBatch, rowKey } from "../../runtime/projection/FoldBatch.ts"
import type {
  AnyRow,
  ProjectedEvent,
  ProjectionDefinition,
  Sql,
} from "../../runtime/projection/Projection.ts"
import {
  OffsetMoved,
  type ProjectionBatch,
  type ProjectionDeadLetter,
  ProjectionFailed,
  ReadModel,
  type ReadModelService,
  ReadModelUnavailable,
} from "../../runtime/projection/ReadModel.ts"
import { emptyTables } from "./EmptyTables.ts"
import { type PostgresError, retryPassing, translatePostgresError } from "./PostgresErrors.ts"
import { PostgresPool, Rollback } from "./PostgresPool.ts"
import {
  createTables,
  type FoldStatements,
  foldStatements,
  type NamedStatement,
  readModelSchema,
  readModelTable,
  tablesFingerprint,
} from "./ReadModelTables.ts"
import { tableQueriesPostgres } from "./TableQueriesPostgres.ts"

export interface ReadModelPostgresOptions {
  readonly namespace: string
}

export const makeReadModelPostgres = Effect.fnUntraced(function* (
  options: ReadModelPostgresOptions,
): Effect.fn.Return<ReadModelService, never, PostgresPool> {
  const pool = yield* PostgresPool
  const { namespace } = options
  const place = { schema: pool.schema, namespace }
  const schemaOf = (projection: ProjectionDefinition): string => readModelSchema(place, projection)
  const projections = pool.table("projections")
  const identity = (projection: ProjectionDefinition) => [namespace, projection.name, projection.version]

  const selectOffset = `select sequence from ${projections}
    where namespace = $1 and name = $2 and version = $3 and partition = $4`
  const selectFingerprint = `select fingerprint from ${projections}
    where namespace = $1 and name = $2 and version = $3 and partition = 0`
  const insertOffset = `insert into ${projections}
      (namespace, name, version, partition, sequence, tables_in, fingerprint)
    values ($1, $2, $3, $4, 0, $5, $6)`
  const moveOffset: NamedStatement = {
    name: "everstate-projections-move-in-turn",
    text: `with turn as materialized (
        select 1 from ${projections}
        where namespace = $1 and name = $2 and version = $3 and partition = 0 for no key update)
      update ${projections} set sequence = $6, updated_at = now() from turn
      where namespace = $1 and name = $2 and version = $3 and partition = $4 and sequence = $5`,
  }
  const insertDeadLetters = `insert into ${pool.table("projection_dead_letters")}
      (namespace, name, version, sequence, position, actor_type, actor_id, event, reason)
    select $1, $2, $3, l.* from json_to_recordset($4::json)
      as l(sequence bigint, position integer, actor_type text, actor_id text, event text, reason text)
    on conflict do nothing`

  const resetOffsets = `update ${projections} set sequence = 0, updated_at = now()
    where namespace = $1 and name = $2 and version = $3`

  const statements = new WeakMap<FoldForm, FoldStatements>()
  const statementsOf = (projection: ProjectionDefinition, form: FoldForm): FoldStatements => {
    const known = statements.get(form) ?? foldStatements(place, projection, form)
    statements.set(form, known)
    return known
  }

  const prepareIn = async (client: pg.PoolClient, projection: ProjectionDefinition, partition: number) => {
    const schema = schemaOf(projection)
    await client.query("select pg_advisory_xact_lock(hashtextextended($1, 0))", [
      `everstate projection ${schema}`,
    ])
    const { rows } = await client.query<Record<string, unknown>>(selectFingerprint, identity(projection))
    const fingerprint = tablesFingerprint(projection.form)
    const [row] = rows
    if (row !== undefined && row["fingerprint"] !== fingerprint) {
      return new Rollback(
        failed(projection, 0, "its tables are not those of this version; raise `version` to rebuild it"),
      )
    }
    const insert = (place: number) =>
      client.query(insertOffset, [...identity(projection), place, schema, fingerprint])
    if (row === undefined) {
      await client.query(`create schema if not exists ${pg.escapeIdentifier(schema)}`)
      await client.query(`set local search_path to ${pg.escapeIdentifier(schema)}`)
      for (const statement of createTables(projection.form)) await client.query(statement)
      await insert(0) // by the runner of any partition: the tables exist if this row does
    }
    const found = await client.query<Record<string, unknown>>(selectOffset, [
      ...identity(projection),
      partition,
    ])
    if (found.rows[0] === undefined) await insert(partition)
    return { sequence: Number(found.rows[0]?.["sequence"] ?? 0) }
  }

  const runForm = async (
    client: pg.PoolClient,
    projection: ProjectionDefinition,
    events: ReadonlyArray<ProjectedEvent>,
  ): Promise<void> => {
    const { form } = projection
    if (events.length === 0) return
    if (form.kind === "fold") return fold(client, projection, form, statementsOf(projection, form), events)
    await client.query(`set local search_path to ${pg.escapeIdentifier(schemaOf(projection))}`)
    const sql = openSql(client)
    try {
      await form.handle(events, sql)
    } finally {
      sql.close()
    }
  }

  const movedElsewhere = async (
    client: pg.PoolClient,
    projection: ProjectionDefinition,
    place: ReadonlyArray<unknown>,
    expected: number,
  ): Promise<Rollback<OffsetMoved>> => {
    const { rows } = await client.query<Record<string, unknown>>(selectOffset, [...place])
    const found = Number(rows[0]?.["sequence"] ?? 0)
    return new Rollback(new OffsetMoved({ projection: projection.name, expected, found }))
  }

  const applyIn = async (
    client: pg.PoolClient,
    projection: ProjectionDefinition,
    { partition, events, deadLetters, from, to }: ProjectionBatch,
  ): Promise<undefined | Rollback<OffsetMoved | ProjectionFailed>> => {
    const place = [...identity(projection), partition]
    const moved = await client.query({ ...moveOffset, values: [...place, from, to] })
    if (moved.rowCount !== 1) return movedElsewhere(client, projection, place, from)
    const failure = await failureOf(projection, events[0]?.sequence ?? to, () =>
      runForm(client, projection, events),
    )
    if (failure !== undefined) return new Rollback(failure)
    if (deadLetters.length > 0) {
      const rows = JSON.stringify(deadLetters.map(deadLetterRow))
      await client.query(insertDeadLetters, [...identity(projection), rows])
    }
  }

  const startOverIn = async (
    client: pg.PoolClient,
    projection: ProjectionDefinition,
    { partition, from }: { readonly partition: number; readonly from: number },
  ): Promise<undefined | Rollback<OffsetMoved>> => {
    const place = [...identity(projection), partition]
    // Also waits for a transaction that is under way: its rows must not come after the removal.
    const moved = await client.query({ ...moveOffset, values: [...place, from, 0] })
    if (moved.rowCount !== 1) return movedElsewhere(client, projection, place, from)
    await client.query(resetOffsets, identity(projection))
    await emptyTables(client, schemaOf(projection), projection.form)
  }

  return {
    ...tableQueriesPostgres(pool, place),
    tableOf: (projection, table) => readModelTable(place, projection, table),
    prepare: (projection, partition) =>
      pool
        .transaction((client) => prepareIn(client, projection, partition))
        .pipe(
          retryPassing,
          Effect.mapError((error) => {
            if (error._tag === "ProjectionFailed") return error
            return error._tag === "PostgresUnavailable"
              ? unavailable(error)
              : failed(projection, 0, error.message)
          }),
        ),
    offset: (projection, partition) =>
      pool.query({ text: selectOffset, values: [...identity(projection), partition] }).pipe(
        retryPassing,
        Effect.mapError(unavailable),
        Effect.map(({ rows }) => ({ sequence: Number(rows[0]?.["sequence"] ?? 0) })),
      ),
    apply: (projection, batch) =>
      pool
        .transaction((client) => applyIn(client, projection, batch))
        .pipe(retryPassing, Effect.mapError(errorOf(projection, batch.from))),
    startOver: (projection, at) =>
      pool
        .transaction((client) => startOverIn(client, projection, at))
        .pipe(retryPassing, Effect.mapError(errorOf(projection, 0))),
  }
})

/** `ReadModel` on the pool; the system's tables must be there (`migrate`). */
export const layerReadModelPostgres = (
  options: ReadModelPostgresOptions,
): Layer.Layer<ReadModel, never, PostgresPool> => Layer.effect(ReadModel, makeReadModelPostgres(options))

const unavailable = (error: PostgresError) => new ReadModelUnavailable({ detail: error.message })

const failed = (projection: ProjectionDefinition, sequence: number, detail: string) =>
  new ProjectionFailed({ projection: projection.name, sequence, detail })

/** What the port tells of a failed transaction of a projection, which began at `sequence`. */
const errorOf =
  (projection: ProjectionDefinition, sequence: number) =>
  (error: PostgresError | OffsetMoved | ProjectionFailed) => {
    if (error._tag === "PostgresUnavailable") return unavailable(error)
    return error._tag === "PostgresRefused" ? failed(projection, sequence, error.message) : error
  }

/** Failure of the projection's own code or SQL; throws a failure of Postgres that passes. */
const failureOf = async (
  projection: ProjectionDefinition,
  sequence: number,
  run: () => Promise<void>,
): Promise<ProjectionFailed | undefined> => {
  try {
    await run()
    return undefined
  } catch (cause) {
    if (isThrown(cause, ProjectionFailed)) return cause
    const error = translatePostgresError(cause)
    if (error._tag === "PostgresUnavailable") throw cause
    return failed(projection, sequence, error.detail)
  }
}

const int8 = 20

/** `bigint` as a number. A value beyond a number's exact range is an error, never rounded. */
const parseInt8 = (text: string): number => {
  const value = Number(text)
  if (!Number.isSafeInteger(value)) throw new Error(`bigint ${text} is beyond 2^53`)
  return value
}

const types: pg.CustomTypesConfig = {
  getTypeParser: (oid: number, format?: "text" | "binary") =>
    oid === int8 ? parseInt8 : pg.types.getTypeParser(oid, format),
}

const fold = async (
  client: pg.PoolClient,
  projection: ProjectionDefinition,
  form: FoldForm,
  { columns, select, upsert, remove }: FoldStatements,
  events: ReadonlyArray<ProjectedEvent>,
): Promise<void> => {
  const batch = keyBatch(projection, form, events)
  const keys = JSON.stringify([...batch.values()].map(({ keyColumns }) => keyColumns))
  const found = await client.query<Array<unknown>>({ ...select, values: [keys], types, rowMode: "array" })
  const stored = new Map<string, AnyRow>()
  for (const values of found.rows) {
    const row: Record<string, unknown> = {}
    columns.forEach((name, index) => {
      row[name] = values[index]
    })
    stored.set(rowKey(form, row), row)
  }
  const changes = foldBatch(projection, form, batch, stored)
  const written = changes.filter(({ row }) => row !== undefined)
  if (written.length > 0) {
    await client.query({ ...upsert, values: [JSON.stringify(written.map(({ row }) => row))] })
  }
  const removed = changes.filter(({ key, row }) => row === undefined && stored.has(key))
  if (removed.length > 0) {
    await client.query({ ...remove, values: [JSON.stringify(removed.map(({ keyColumns }) => keyColumns))] })
  }
}

/** Statements that would end the runtime's transaction. */
const transactionControl = /^\s*(begin|start|commit|end|rollback|abort|prepare\s+transaction)\b/i

/**
 * The handler's SQL. It is closed when the handler is done, because later statements would run in another
 * transaction.
 */
const openSql = (client: pg.PoolClient): Sql & { readonly close: () => void } => {
  let open = true
  return {
    query: async (text, values) => {
      if (!open) throw new Error("sql.query after `handle` resolved: await every query")
      if (transactionControl.test(text))
        throw new Error(`not in a projection, which owns the transaction: ${text}`)
      return client.query<Record<string, unknown>>({ text, values: [...(values ?? [])], types })
    },
    close: () => {
      open = false
    },
  }
}

/** Row of a dead letter. JSON escapes the characters that Postgres takes in no text. */
const deadLetterRow = ({ event, reason }: ProjectionDeadLetter) => ({
  sequence: event.sequence,
  position: Math.min(event.version, int4Max),
  actor_type: event.actorType,
  actor_id: tokenFromId(event.id),
  event: JSON.stringify(event),
  reason: storableText(reason),
})

/** Greatest value of an `integer` column. */
const int4Max = 2 ** 31 - 1
