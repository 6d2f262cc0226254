/**
 * The verbs for callers that read projections: a wait until a caller's own writes are applied, and the names of
 * tables.
 *
 * Owns these verbs. Who fills the tables: ../projection/ProjectionRunner.ts. Verbs of operators:
 * ProjectionControl.ts.
 */
import { Effect, Schema } from "effect"
import { InvalidDefinition } from "../definition/InvalidDefinition.ts"
import { errorClass } from "../error/EverstateError.ts"
import type { ProjectionDefinition } from "../projection/Projection.ts"
import type { ProjectionRunner } from "../projection/ProjectionRunner.ts"
import type { ProjectionTimeout } from "../projection/ProjectionStatus.ts"
import type { ReadModelService } from "../projection/ReadModel.ts"
import { type MembersAsked, makeProjectionControl, type ProjectionControl } from "./ProjectionControl.ts"

/** What a caller has seen of the journal: an answer that names its sequence, or the sequence. */
export type Seen = number | { readonly sequence: number }

/** Options of `waitFor`. */
export interface WaitOptions {
  /** Time to wait, in milliseconds; default 10,000. */
  readonly deadlineMs?: number
}

/** The projection was not given to this system. Terminal. */
export class UnknownProjection extends errorClass<UnknownProjection>()(
  "UnknownProjection",
  {
    projection: Schema.String,
    hint: Schema.String,
  },
  { kind: "terminal", retry: "never" },
) {
  override get message(): string {
    return `No projection "${this.projection}" in this system. ${this.hint}`
  }
}

/** Default for how long {@link ActorSystemService.waitFor} waits, in milliseconds. */
export const WAIT_FOR_DEADLINE_MS = 10_000

export interface ReadSide {
  /** Waits until a projection has applied everything up to an answer or a journal sequence: read your writes. */
  readonly waitFor: (
    projection: ProjectionDefinition,
    upTo: Seen,
    options?: WaitOptions,
  ) => Effect.Effect<void, ProjectionTimeout | UnknownProjection>
  /**
   * Full, quoted name of a projection's table, for queries of the read side. A projection that folds has one table, whose
   * name may be left out.
   */
  readonly tableOf: (projection: ProjectionDefinition, table?: string) => string
  /** The verbs of operators on projections: rebuild one in place. */
  readonly projections: ProjectionControl
}

export const readSide = (
  runners: ReadonlyMap<string, ProjectionRunner>,
  readModel: ReadModelService,
  members: MembersAsked,
): ReadSide => ({
  projections: makeProjectionControl(runners, members),
  waitFor: ({ name }, upTo, { deadlineMs = WAIT_FOR_DEADLINE_MS } = {}) => {
    const runner = runners.get(name)
    const hint = "Give its definition to the system at start (`projections: [...]`)."
    return runner === undefined
      ? Effect.fail(new UnknownProjection({ projection: name, hint }))
      : runner.waitFor(typeof upTo === "number" ? upTo : upTo.sequence, deadlineMs)
  },
  tableOf: (projection, table) => {
    const { form, name: actorType } = projection
    const name = table ?? (form.kind === "fold" ? form.table.name : undefined)
    if (name !== undefined) return readModel.tableOf(projection, name)
    const hint = "Name the table: a projection with SQL of its own may have several."
    throw new InvalidDefinition({ actorType, what: "a table without a name", hint })
  },
})
