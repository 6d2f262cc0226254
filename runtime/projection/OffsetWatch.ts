/**
 * Read-your-writes for a partition that another process runs: reads its stored offset.
 *
 * Owns when it reads: at once for the first caller, then less and less often while a caller waits. One read
 * serves all callers. The result goes to ProjectionProgress.ts.
 */
import { Effect, Option } from "effect"
import type { ProjectionDefinition } from "./Projection.ts"
import type { ProjectionProgress } from "./ProjectionProgress.ts"
import type { ReadModelService } from "./ReadModel.ts"

/**
 * First and longest pause between two reads, in milliseconds. Each new caller starts again with the first.
 */
export const OFFSET_WATCH_MS = { first: 25, max: 250 }

/** Never ends; costs nothing while no caller waits. */
export const watchOffset = (
  projection: ProjectionDefinition,
  readModel: ReadModelService,
  progress: ProjectionProgress,
): Effect.Effect<never> => {
  const { partition, wanted, arrived } = progress
  const look = Effect.suspend(() => readModel.offset(projection, partition)).pipe(
    Effect.tap(({ sequence }) =>
      Effect.sync(() => {
        // If the partition was opened here meanwhile, its runner has newer figures.
        if (!progress.isHere) progress.moveTo(sequence)
      }),
    ),
    // The database does not answer. Callers learn it from their time-out.
    Effect.ignore,
  )
  return Effect.gen(function* () {
    while (true) {
      yield* wanted.await
      let pauseMs = OFFSET_WATCH_MS.first
      while (wanted.isOpen()) {
        arrived.closeUnsafe()
        yield* look
        const somebody = yield* Effect.timeoutOption(arrived.await, pauseMs)
        if (Option.isSome(somebody)) yield* Effect.sleep(OFFSET_WATCH_MS.first)
        pauseMs = Option.isSome(somebody) ? OFFSET_WATCH_MS.first : Math.min(pauseMs * 2, OFFSET_WATCH_MS.max)
      }
    }
  })
}
