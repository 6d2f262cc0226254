/**
 * The look of an idle projection at its stored offset, which may have been moved back.
 *
 * A fail-over that loses the last transactions moves it back, and so does a rebuild at another partition. A busy
 * projection notices that at its next transaction. An idle one would notice it only at the next event, which may
 * never come. Only the last transactions get lost, so an offset that was stored long ago is checked more and more
 * rarely; of a rebuild members are told (Rebuild.ts). ProjectionPartition.ts runs it.
 */
import { Effect } from "effect"
import { RestPause } from "../follower/RestPause.ts"
import type { ProjectionDefinition } from "./Projection.ts"
import type { ProjectionProgress } from "./ProjectionProgress.ts"
import { OffsetMoved, type ReadModelService } from "./ReadModel.ts"

/** First and longest interval between two looks, in milliseconds. */
const OFFSET_LOOK_MS = 5_000
const OFFSET_LOOK_MS_MAX = 600_000

/** Looks until the stored offset is behind the one that the runner knows. */
export const lookAtOffset = (
  projection: ProjectionDefinition,
  readModel: ReadModelService,
  progress: ProjectionProgress,
  isIdle: () => boolean,
): Effect.Effect<never, OffsetMoved> => {
  const pause = new RestPause(OFFSET_LOOK_MS, OFFSET_LOOK_MS_MAX)
  let pauseMs = OFFSET_LOOK_MS
  const look = Effect.suspend(() => {
    const expected = progress.offset
    pauseMs = pause.after(expected)
    if (!isIdle()) return Effect.void
    return readModel.offset(projection, progress.partition).pipe(
      // The database does not answer; the offset is read again once it does.
      Effect.catchTag("ReadModelUnavailable", () => Effect.succeed({ sequence: expected })),
      Effect.flatMap(({ sequence: found }) =>
        found < expected
          ? Effect.fail(new OffsetMoved({ projection: projection.name, expected, found }))
          : Effect.void,
      ),
    )
  })
  return Effect.forever(
    Effect.andThen(
      Effect.suspend(() => Effect.sleep(pauseMs)),
      look,
    ),
  )
}
