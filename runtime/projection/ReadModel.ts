/**
 * The read-model port: where projections keep their tables and, in the same transaction, their offset.
 *
 * Owns the contract. infra/postgres implements it with SQL; the in-memory one serves the simulation. Next:
 * Projection.ts (what a user defines), ProjectionRunner.ts (which drives this port).
 */
import { Context, type Effect, Schema } from "effect"
import { errorClass } from "../error/EverstateError.ts"
import type { ProjectedEvent, ProjectionDefinition } from "./Projection.ts"
import type { TableQueries } from "./TableQueries.ts"

/** The database cannot be reached, or has aborted the transaction (deadlock, pool exhausted). Transient. */
export class ReadModelUnavailable extends errorClass<ReadModelUnavailable>()(
  "ReadModelUnavailable",
  {
    detail: Schema.String,
  },
  { kind: "transient", retry: "later", hint: "Look at Postgres; projections go on once it answers." },
) {
  override get message(): string {
    return `Read model unavailable: ${this.detail}`
  }
}

/**
 * The stored offset is not the one this runner started from: another instance moved it. Re-read it and go on.
 */
export class OffsetMoved extends errorClass<OffsetMoved>()(
  "OffsetMoved",
  {
    projection: Schema.String,
    expected: Schema.Number,
    found: Schema.Number,
  },
  { kind: "conflict", retry: "later", hint: "Another instance runs this projection: read its offset again." },
) {
  override get message(): string {
    return `Projection ${this.projection}: offset is ${this.found}, expected ${this.expected}`
  }
}

/** The projection's own code or SQL failed on a batch. The runner narrows it down to the event. */
export class ProjectionFailed extends errorClass<ProjectionFailed>()(
  "ProjectionFailed",
  {
    projection: Schema.String,
    sequence: Schema.Number,
    detail: Schema.String,
  },
  {
    kind: "defect",
    retry: "never",
    hint: "Mend the projection at the event that detail names, or skip the record.",
  },
) {
  override get message(): string {
    return `Projection ${this.projection} failed at journal sequence ${this.sequence}: ${this.detail}`
  }
}

/**
 * A projection's stored position in a partition: its tables hold everything up to and including `sequence`.
 */
export interface ProjectionOffset {
  readonly sequence: number
}

/** One event that a projection abandoned, kept with its reason. */
export interface ProjectionDeadLetter {
  /** Without a command where the whole commit cannot be read. */
  readonly event: Omit<ProjectedEvent, "commandId"> & Partial<Pick<ProjectedEvent, "commandId">>
  readonly reason: string
}

/** Events that are applied at once: of one partition of the journal, in its order. */
export interface ProjectionBatch {
  readonly partition: number
  readonly events: ReadonlyArray<ProjectedEvent>
  readonly deadLetters: ReadonlyArray<ProjectionDeadLetter>
  readonly from: number
  readonly to: number
}

/** The tables of projections. Each batch moves its tables and its offset in one transaction. */
export interface ReadModelService extends TableQueries<ReadModelUnavailable | ProjectionFailed> {
  /**
   * Creates the projection's tables if they are missing and returns its offset in a partition (0 for a new
   * one).
   */
  readonly prepare: (
    projection: ProjectionDefinition,
    partition: number,
  ) => Effect.Effect<ProjectionOffset, ReadModelUnavailable | ProjectionFailed>
  /** The quoted, full name of a projection's table, for queries of the read side. */
  readonly tableOf: (projection: ProjectionDefinition, table: string) => string
  /** The stored offset; 0 if there is none. */
  readonly offset: (
    projection: ProjectionDefinition,
    partition: number,
  ) => Effect.Effect<ProjectionOffset, ReadModelUnavailable>
  /**
   * One transaction: runs the projection's handlers over `events`, keeps `deadLetters`, and moves the
   * partition's offset from `from` to `to`. All or nothing. Transactions of one projection run one after the
   * other, in all partitions.
   */
  readonly apply: (
    projection: ProjectionDefinition,
    batch: ProjectionBatch,
  ) => Effect.Effect<void, ReadModelUnavailable | OffsetMoved | ProjectionFailed>
  /**
   * One transaction: removes all rows of the projection and sets its offset to 0 in all partitions, if the
   * offset of `partition` is still `from`. All or nothing, and in turn with the transactions of `apply`. Rows
   * belong to no partition, because events of several partitions may fold into one row. Dead letters stay: a
   * record that fails again adds none.
   */
  readonly startOver: (
    projection: ProjectionDefinition,
    place: { readonly partition: number; readonly from: number },
  ) => Effect.Effect<void, ReadModelUnavailable | OffsetMoved | ProjectionFailed>
}

/** The port for read models, as a service. */
export class ReadModel extends Context.Service<ReadModel, ReadModelService>()(
  "everstate/projection/ReadModel",
) {}
