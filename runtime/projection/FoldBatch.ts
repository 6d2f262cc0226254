/**
 * Folds a batch of events into rows: the pure half of a folded projection, the same for every read model.
 *
 * Owns the form of keys and the allowed content of rows. The adapter reads the rows before and writes them
 * after (ReadModelMemory.ts, infra/postgres/ReadModelPostgres.ts). Throws {@link ProjectionFailed}.
 */
import { isStorableJson, isStorableText } from "../json/StorableText.ts"
import { thrownText } from "../json/Thrown.ts"
import type { AnyRow, Column, ColumnType, ProjectedEvent, ProjectionDefinition } from "./Projection.ts"
import { ProjectionFailed } from "./ReadModel.ts"

export type FoldForm = Extract<ProjectionDefinition["form"], { readonly kind: "fold" }>

/** A row that a batch touched: its identity and its new content; `undefined` deletes it. */
export interface RowChange {
  readonly key: string
  readonly keyColumns: AnyRow
  readonly row: AnyRow | undefined
}

interface Touched {
  readonly keyColumns: AnyRow
  readonly events: Array<ProjectedEvent>
}

/** A batch whose keys are known. `key` strings are {@link rowKey}s. */
export type KeyedBatch = ReadonlyMap<string, Touched>

/** A row's identity as text: its primary-key values in order. */
export const rowKey = (form: FoldForm, row: AnyRow): string =>
  JSON.stringify(form.table.primaryKey.map((name) => row[name]))

/** The rows that the batch needs. */
export const keyBatch = (
  projection: ProjectionDefinition,
  form: FoldForm,
  events: ReadonlyArray<ProjectedEvent>,
): KeyedBatch => {
  const batch = new Map<string, Touched>()
  for (const event of events) {
    const keyColumns = guarded(projection, event, () => form.key(event))
    for (const name of form.table.primaryKey) {
      if (keyColumns[name] === undefined || keyColumns[name] === null) {
        throw failed(projection, event, `key column ${name} has no value`)
      }
      if (!isStorableJson(keyColumns[name]))
        throw failed(projection, event, `key column ${name} ${UNSTORABLE}`)
    }
    const key = rowKey(form, keyColumns)
    const touched = batch.get(key)
    if (touched === undefined) batch.set(key, { keyColumns, events: [event] })
    else touched.events.push(event)
  }
  return batch
}

/** The rows after the batch, computed from the rows before it. Unchanged rows are left out. */
export const foldBatch = (
  projection: ProjectionDefinition,
  form: FoldForm,
  batch: KeyedBatch,
  stored: ReadonlyMap<string, AnyRow>,
): ReadonlyArray<RowChange> => {
  const changes: Array<RowChange> = []
  for (const [key, { keyColumns, events }] of batch) {
    const before = stored.get(key)
    let row = before
    for (const event of events) row = guarded(projection, event, () => form.fold(row, event))
    if (row === before) continue
    const last = events.at(-1) as ProjectedEvent
    const checked = row === undefined ? undefined : checkedRow(projection, form, row, last)
    if (checked !== undefined && rowKey(form, checked) !== key) {
      throw failed(projection, last, `fold changed the key of row ${key}`)
    }
    changes.push({ key, keyColumns, row: checked })
  }
  return changes
}

const failed = (projection: ProjectionDefinition, event: ProjectedEvent, detail: string): ProjectionFailed =>
  new ProjectionFailed({
    projection: projection.name,
    sequence: event.sequence,
    detail: `${event.actorType}/${event.id} v${event.version} ${event.event.type}: ${detail}`,
  })

const guarded = <A>(projection: ProjectionDefinition, event: ProjectedEvent, run: () => A): A => {
  try {
    return run()
  } catch (cause) {
    throw failed(projection, event, thrownText(cause))
  }
}

/** The row with exactly the declared columns; absent ones are null. */
const checkedRow = (
  projection: ProjectionDefinition,
  form: FoldForm,
  row: AnyRow,
  event: ProjectedEvent,
): AnyRow => {
  const checked: Record<string, unknown> = {}
  for (const [name, column] of Object.entries(form.table.columns)) {
    const value = row[name] ?? null
    const complaint = complaintOf(column, value)
    if (complaint !== undefined) throw failed(projection, event, `column ${name}: ${complaint}`)
    checked[name] = value
  }
  for (const name of Object.keys(row)) {
    if (!(name in checked)) throw failed(projection, event, `there is no column ${name}`)
  }
  return checked
}

/** Message for text that Postgres takes in no column. Events never hold it, so the projection has made it. */
const UNSTORABLE = "holds U+0000 or a lone surrogate"

const integerMax = 2 ** 31 - 1

const accepts: { readonly [Type in ColumnType]: (value: unknown) => boolean } = {
  text: (value) => typeof value === "string" && isStorableText(value),
  'text collate "C"': (value) => typeof value === "string" && isStorableText(value),
  bigint: (value) => Number.isSafeInteger(value),
  integer: (value) => Number.isSafeInteger(value) && Math.abs(value as number) <= integerMax,
  boolean: (value) => typeof value === "boolean",
  "double precision": (value) => Number.isFinite(value),
  jsonb: isStorableJson,
}

const complaintOf = (column: Column, value: unknown): string | undefined => {
  const nullable = !column.endsWith(" not null")
  if (value === null) return nullable ? undefined : "is null"
  const type = (nullable ? column : column.slice(0, -" not null".length)) as ColumnType
  if (accepts[type](value)) return undefined
  if (isStorableJson(value)) return `${String(value)} is not a ${type}`
  return UNSTORABLE
}
