/** What the contract of read models is given for each test. The contract: ReadModelContract.ts. */
import type { Effect } from "effect"
import type { AnyRow, ProjectionDefinition } from "../projection/Projection.ts"
import type { ReadModelService } from "../projection/ReadModel.ts"

/** A read model, and a way to read back what it has stored. */
export interface ReadModelUnderTest {
  readonly readModel: ReadModelService
  /** Rows of the projection's table `totals`, ordered by their column `id`. */
  readonly rows: (projection: ProjectionDefinition) => Effect.Effect<ReadonlyArray<AnyRow>, unknown>
  /** Dead letters of the projection: `sequence`, `version` and `reason` of each. */
  readonly deadLetters: (projection: ProjectionDefinition) => Effect.Effect<ReadonlyArray<AnyRow>, unknown>
}
