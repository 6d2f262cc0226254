/**
 * Read models in memory, for tests and the simulation: folded projections only.
 *
 * Keeps the contract of ReadModel.ts: rows and offset move together or not at all.
 */
import { Effect } from "effect"
import { thrownText } from "../json/Thrown.ts"
import { type FoldForm, foldBatch, keyBatch } from "./FoldBatch.ts"
import type { AnyRow, ProjectionDefinition } from "./Projection.ts"
import {
  OffsetMoved,
  type ProjectionBatch,
  type ProjectionDeadLetter,
  ProjectionFailed,
  type ReadModelService,
} from "./ReadModel.ts"

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
        stored.deadLetters.push(...deadLetters)
        stored.offsets.set(partition, to)
      })
    })

  return {
    prepare,
    tableOf: ({ name, version }, table) => `"${name}_v${version}"."${table}"`,
    offset: (projection, partition) =>
      Effect.sync(() => ({ sequence: storedOf(projection)?.offsets.get(partition) ?? 0 })),
    apply,
    rows: (projection) => [...(storedOf(projection)?.rows.values() ?? [])],
    deadLetters: (projection) => storedOf(projection)?.deadLetters ?? [],
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
