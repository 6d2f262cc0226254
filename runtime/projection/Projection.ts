// biome-ignore-all lint/suspicious/noExplicitAny: erased type parameters; what users write is inferred and checked
/**
 * `defineProjection(...)`: a read model, filled from the journal in order.
 *
 * Two forms. `table` + `fold`: one keyed table, a pure function from row and event to row; the database
 * writes a whole batch with one statement, and the simulation can run it. `tables` + `handle`: any SQL, over
 * a batch. Both commit together with the offset, so an event counts once. Next: ProjectionRunner.ts,
 * ReadModel.ts.
 */

import type { Metadata } from "../commit/Commit.ts"
import type { ActorDefinition, AnyActor, EventsOf } from "../definition/Actor.ts"
import { actorOf, type DefinitionOf } from "../definition/DefinitionOf.ts"
import { InvalidDefinition } from "../definition/InvalidDefinition.ts"
import type { AnyEvent } from "../event/Event.ts"
import type { JournalRecord } from "../journal/Journal.ts"

/** An event as a projection or a reader of history sees it: upcasted, with everything known about it. */
export interface ProjectedEvent<Event = AnyEvent, Type extends string = string> {
  readonly actorType: Type
  readonly id: string
  /** Version of the event in its actor, from 1. */
  readonly version: number
  /** Journal sequence of its commit. */
  readonly sequence: number
  /** Unix milliseconds. */
  readonly at: number
  readonly commandId: string
  readonly metadata: Metadata
  readonly event: Event
}

/** The events of the actor types in `from`; `actorType` tells to which type an event belongs. */
type ProjectedFrom<From> =
  From extends ReadonlyArray<infer Given>
    ? Given extends unknown
      ? ProjectedOf<ActorIn<Given>>
      : never
    : never

type ActorIn<Given> = Given extends { readonly actor: infer A } ? A : Given

type ProjectedOf<A> =
  A extends ActorDefinition<infer Type, unknown> ? ProjectedEvent<EventsOf<A>, Type> : never

/**
 * Column types of a folded table; the JavaScript value of each is in {@link RowOf}. `text collate "C"` is text
 * ordered by its bytes, for indexes that find the beginning of a text.
 */
export type ColumnType =
  | "text"
  | 'text collate "C"'
  | "bigint"
  | "integer"
  | "boolean"
  | "double precision"
  | "jsonb"

/** `"text"` may be null, `"text not null"` may not. */
export type Column = ColumnType | `${ColumnType} not null`

type ColumnValue<C extends ColumnType> = C extends "text" | 'text collate "C"'
  ? string
  : C extends "bigint" | "integer" | "double precision"
    ? number
    : C extends "boolean"
      ? boolean
      : unknown

type ColumnsRow<Columns> = {
  readonly [Name in keyof Columns]: Columns[Name] extends `${infer C extends ColumnType} not null`
    ? ColumnValue<C>
    : Columns[Name] extends ColumnType
      ? ColumnValue<Columns[Name]> | null
      : never
} & {}

/**
 * A row of a folded table, from its columns or its projection: `RowOf<typeof columns>`, `RowOf<typeof
 * OrderSummary>`. `bigint` columns hold safe integers; times are Unix milliseconds in a `bigint`.
 */
export type RowOf<Of> = Of extends ProjectionDefinition<infer Row> ? Row : ColumnsRow<Of>

export type AnyRow = { readonly [column: string]: unknown }

/** The table of a projection that folds: its columns, key and indexes. */
export interface FoldedTable<Columns = { readonly [column: string]: Column }> {
  /** Name of the table inside the projection's schema. */
  readonly name: string
  readonly columns: Columns
  /** Columns that identify a row. */
  readonly primaryKey: ReadonlyArray<keyof Columns & string>
  /**
   * Further indexes, each the text inside `create index on table (...)`; or, if it begins with `using`,
   * everything behind `create index on table`.
   */
  readonly indexes?: ReadonlyArray<string>
}

/** SQL inside the projection's transaction. Unqualified names are the projection's own tables. */
export interface Sql {
  /** Runs one statement in the batch's transaction. The projection's own tables need no schema in their names. */
  readonly query: (
    text: string,
    values?: ReadonlyArray<unknown>,
  ) => Promise<{ readonly rows: ReadonlyArray<AnyRow> }>
}

/**
 * What happens when an event cannot be projected. `stall`: stop at it, report it, and retry with growing
 * pauses. `deadLetter`: keep it as a dead letter with the reason and go on.
 */
export type OnProjectionError = "stall" | "deadLetter"

/** A projection as the runtime sees it. Only types know its `Row`; one with SQL of its own has any. */
export interface ProjectionDefinition<Row = AnyRow> {
  readonly name: string
  /** Raise it to rebuild, because every version fills its own tables. */
  readonly version: number
  readonly from: ReadonlyArray<AnyActor>
  readonly onError: OnProjectionError
  readonly form:
    | {
        readonly kind: "fold"
        readonly table: FoldedTable
        /** Values of the primary key of the event's row. */
        readonly key: (event: ProjectedEvent<any>) => AnyRow
        /** The row after the event; `undefined` removes it. */
        readonly fold: (row: AnyRow | undefined, event: ProjectedEvent<any>) => AnyRow | undefined
      }
    | {
        readonly kind: "sql"
        /** `create table` statements, run once. */
        readonly tables: ReadonlyArray<string>
        /** Writes what the events change, in the transaction that moves the offset. */
        readonly handle: (events: ReadonlyArray<ProjectedEvent<any>>, sql: Sql) => Promise<void>
      }
  /**
   * For read models of the runtime itself: reads every commit of every actor type, instead of the events of
   * the types in `from`. Throws if the record cannot be read.
   */
  readonly readCommit?: (record: JournalRecord, shardCount: number) => ReadonlyArray<ProjectedEvent>
  /** For type inference only; absent at run time. */
  readonly "~row"?: Row
}

/** Allowed names of projections, which are also part of table names. */
const PROJECTION_NAME_PATTERN = /^[a-z][a-z0-9_]{0,39}$/

/** Options of both forms, for the implementation behind the two signatures. */
type ProjectionOptions = CommonOptions<any> & {
  readonly table?: any
  readonly key?: any
  readonly fold?: any
  readonly tables?: any
  readonly handle?: any
}

interface CommonOptions<From> {
  readonly name: string
  readonly version: number
  readonly from: From
  readonly onError?: OnProjectionError
}

/** Defines a projection with its own SQL: `handle` runs over a batch, in the transaction of the offset. */
export function defineProjection<const From extends ReadonlyArray<DefinitionOf<AnyActor>>>(
  options: CommonOptions<From> & {
    readonly tables: ReadonlyArray<string>
    readonly handle: (events: ReadonlyArray<ProjectedFrom<From>>, sql: Sql) => Promise<void>
  },
): ProjectionDefinition
// The fold signature comes last, because TypeScript reports errors for the last signature and a fold has more
// to get wrong.
/**
 * Defines a projection that folds events into one keyed table. `fold` is pure; `undefined` deletes the row.
 */
export function defineProjection<
  const From extends ReadonlyArray<DefinitionOf<AnyActor>>,
  const Columns extends { readonly [column: string]: Column },
  const Key extends keyof Columns & string,
>(
  options: CommonOptions<From> & {
    readonly table: {
      readonly name: string
      readonly columns: Columns
      readonly primaryKey: ReadonlyArray<Key>
      readonly indexes?: ReadonlyArray<string>
    }
    readonly key: (event: ProjectedFrom<From>) => Pick<ColumnsRow<Columns>, Key>
    readonly fold: (
      row: ColumnsRow<Columns> | undefined,
      event: ProjectedFrom<From>,
    ) => ColumnsRow<Columns> | undefined
  },
): ProjectionDefinition<ColumnsRow<Columns>>
export function defineProjection(options: ProjectionOptions): ProjectionDefinition {
  const { name, version, onError = "stall", table, key, fold, tables, handle } = options
  const from: ReadonlyArray<AnyActor> = options.from.map(actorOf)
  const refuse = (what: string, hint: string) =>
    new InvalidDefinition({ actorType: `projection ${name}`, what, hint })
  if (!PROJECTION_NAME_PATTERN.test(name)) {
    throw refuse("its name", "Use lower-case letters, digits and _, starting with a letter, 40 at most.")
  }
  if (!Number.isInteger(version) || version < 1)
    throw refuse(`version ${version}`, "Versions are whole numbers from 1.")
  if (from.length === 0) throw refuse("an empty `from`", "Name the actor types whose events it reads.")
  if (table !== undefined && key !== undefined && fold !== undefined) {
    return { name, version, from, onError, form: { kind: "fold", table, key, fold } }
  }
  if (tables !== undefined && handle !== undefined) {
    return { name, version, from, onError, form: { kind: "sql", tables, handle } }
  }
  throw refuse(
    "neither `table` + `key` + `fold` nor `tables` + `handle`",
    "Give one of the two forms in full.",
  )
}
