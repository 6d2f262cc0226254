/**
 * Read-your-writes where the partition is run by another process: looks at its stored offset.
 *
 * Owns when it looks: at once for the first caller, then ever less often, for as long as a caller waits. One look serves
 * all callers. What it finds goes to ProjectionProgress.ts.
 */
import { Effect, Option } from "effect"
import type { ProjectionDefinition } from "./Projection.ts"
import type { ProjectionProgress } from "./ProjectionProgress.ts"
import type { ReadModelService } from "./ReadModel.ts"

/** First and longest pause between two looks; the first again whenever another caller starts to wait. */
export const OFFSET_WATCH_MS = { first: 25, max: 250 }

/** Never ends; costs nothing while nobody waits. */
export const watchOffset = (
  projection: ProjectionDefinition,
  readModel: ReadModelService,
  progress: ProjectionProgress,
): Effect.Effect<never> => {
  const { partition, wanted, arrived } = progress
  const look = Effect.suspend(() => readModel.offset(projection, partition)).pipe(
    Effect.tap(({ sequence }) =>
      Effect.sync(() => {
        // If the partition was opened here meanwhile, its runner knows better.
        if (!progress.isHere) progress.moveTo(sequence)
      }),
    ),
    // The database is away: callers learn it from their own time-out.
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
