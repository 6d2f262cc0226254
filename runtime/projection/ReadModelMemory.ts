/**
 * Read models in memory, for tests and the simulation: folded projections only.
 *
 * Keeps the contract of ReadModel.ts: rows and offset move together or not at all.
 */
import { Effect } from "effect"
import { thrownText } from "../json/Thrown.ts"
import { type FoldForm, foldBatch, keyBatch, rowKey } from "./FoldBatch.ts"
import type { AnyRow, ProjectionDefinition } from "./Projection.ts"
import {
  OffsetMoved,
  type ProjectionBatch,
  type ProjectionDeadLetter,
  ProjectionFailed,
  type ReadModelService,
} from "./ReadModel.ts"
import type { TableQueries } from "./TableQueries.ts"
import { amendedRow, countRows, distinctValues, selectRows } from "./TableQueriesMemory.ts"

interface StoredProjection {
  /** Offsets by partition. */
  readonly offsets: Map<number, number>
  readonly rows: Map<string, AnyRow>
  readonly deadLetters: Array<ProjectionDeadLetter>
}

export interface ReadModelMemory extends ReadModelService {
  /** The rows of a projection, in the order of their first write. */
  readonly rows: (projection: ProjectionDefinition) => ReadonlyArray<AnyRow>
  readonly deadLetters: (projection: ProjectionDefinition) => ReadonlyArray<ProjectionDeadLetter>
}

export const makeReadModelMemory = (): ReadModelMemory => {
  const projections = new Map<string, StoredProjection>()
  const storedOf = (projection: ProjectionDefinition): StoredProjection | undefined =>
    projections.get(`${projection.name} ${projection.version}`)

  const prepare: ReadModelService["prepare"] = (projection, partition) =>
    Effect.suspend(() => {
      if (projection.form.kind === "sql") return Effect.fail(needsDatabase(projection))
      const stored = storedOf(projection) ?? { offsets: new Map(), rows: new Map(), deadLetters: [] }
      projections.set(`${projection.name} ${projection.version}`, stored)
      const sequence = stored.offsets.get(partition) ?? 0
      stored.offsets.set(partition, sequence)
      return Effect.succeed({ sequence })
    })

  const apply: ReadModelService["apply"] = (projection, batch) =>
    Effect.suspend((): Effect.Effect<void, OffsetMoved | ProjectionFailed> => {
      const { form, name } = projection
      const { partition, events, deadLetters, from, to } = batch
      if (form.kind === "sql") return Effect.fail(needsDatabase(projection))
      const stored = storedOf(projection)
      const found = stored?.offsets.get(partition)
      if (stored === undefined || found !== from) {
        return Effect.fail(new OffsetMoved({ projection: name, expected: from, found: found ?? 0 }))
      }
      return Effect.map(foldInto(projection, form, stored, events), (write) => {
        write()
        for (const letter of deadLetters) {
          if (!stored.deadLetters.some((known) => isSameEvent(known, letter))) stored.deadLetters.push(letter)
        }
        stored.offsets.set(partition, to)
      })
    })

  const startOver: ReadModelService["startOver"] = (projection, { partition, from }) =>
    Effect.suspend((): Effect.Effect<void, OffsetMoved | ProjectionFailed> => {
      if (projection.form.kind === "sql") return Effect.fail(needsDatabase(projection))
      const stored = storedOf(projection)
      const found = stored?.offsets.get(partition)
      if (stored === undefined || found !== from) {
        return Effect.fail(
          new OffsetMoved({ projection: projection.name, expected: from, found: found ?? 0 }),
        )
      }
      stored.rows.clear()
      for (const each of stored.offsets.keys()) stored.offsets.set(each, 0)
      return Effect.void
    })

  return {
    prepare,
    tableOf: ({ name, version }, table) => `"${name}_v${version}"."${table}"`,
    offset: (projection, partition) =>
      Effect.sync(() => ({ sequence: storedOf(projection)?.offsets.get(partition) ?? 0 })),
    apply,
    startOver,
    ...queriesOf(storedOf),
    rows: (projection) => [...(storedOf(projection)?.rows.values() ?? [])],
    deadLetters: (projection) => storedOf(projection)?.deadLetters ?? [],
  }
}

const isSameEvent = (one: ProjectionDeadLetter, other: ProjectionDeadLetter): boolean =>
  one.event.sequence === other.event.sequence && one.event.version === other.event.version

/** The queries on rows of folded projections. */
const queriesOf = (
  storedOf: (projection: ProjectionDefinition) => StoredProjection | undefined,
): TableQueries<ProjectionFailed> => {
  const onRows = <A>(
    projection: ProjectionDefinition,
    query: (rows: Map<string, AnyRow>, form: FoldForm) => A,
  ): Effect.Effect<A, ProjectionFailed> =>
    Effect.suspend(() => {
      const { form, name } = projection
      if (form.kind === "sql") return Effect.fail(needsDatabase(projection))
      const rows = storedOf(projection)?.rows
      if (rows !== undefined) return Effect.sync(() => query(rows, form))
      return Effect.fail(
        new ProjectionFailed({ projection: name, sequence: 0, detail: "its table is not made yet" }),
      )
    })
  return {
    select: (projection, query) => onRows(projection, (rows) => selectRows(rows.values(), query)),
    distinct: (projection, { where, column, limit }) =>
      onRows(projection, (rows) => distinctValues(rows.values(), where, column).slice(0, limit)),
    countBy: (projection, { where, column }) =>
      onRows(projection, (rows) => countRows(rows.values(), where, column)),
    amend: (projection, amendment) =>
      onRows(projection, (rows, form) => {
        const key = rowKey(form, amendment.key)
        const row = amendedRow(rows.get(key), amendment)
        if (row !== undefined) rows.set(key, row)
        return row !== undefined
      }),
    prune: (projection, { column, below, limit }) =>
      onRows(projection, (rows) => {
        const old = Array.from(rows).filter(([, row]) => (row[column] as number) < below)
        for (const [key] of old.slice(0, limit)) rows.delete(key)
        return Math.min(old.length, limit)
      }),
  }
}

/** Folds, and returns a function that writes. A failing fold has written nothing. */
const foldInto = (
  projection: ProjectionDefinition,
  form: FoldForm,
  stored: StoredProjection,
  events: ProjectionBatch["events"],
): Effect.Effect<() => void, ProjectionFailed> =>
  Effect.try({
    try: () => foldBatch(projection, form, keyBatch(projection, form, events), stored.rows),
    catch: (cause) => asProjectionFailed(projection, cause),
  }).pipe(
    Effect.map((changes) => () => {
      for (const { key, row } of changes) {
        if (row === undefined) stored.rows.delete(key)
        else stored.rows.set(key, row)
      }
    }),
  )

const asProjectionFailed = (projection: ProjectionDefinition, cause: unknown): ProjectionFailed =>
  cause instanceof ProjectionFailed
    ? cause
    : new ProjectionFailed({ projection: projection.name, sequence: 0, detail: thrownText(cause) })

const needsDatabase = (projection: ProjectionDefinition): ProjectionFailed =>
  new ProjectionFailed({
    projection: projection.name,
    sequence: 0,
    detail:
      "it is written in SQL and needs a database; the read model in memory runs `table` + `key` + `fold` only",
  })
