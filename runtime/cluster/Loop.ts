/**
 * Starts a loop of the cluster again after a defect.
 *
 * Without it, a node whose loop has ended would stay a member, and silently stop to hear, renew, probe or take anything.
 */
import { Effect } from "effect"

/** Pause before a loop starts again after a defect, in milliseconds. */
const RESTART_PAUSE_MS = 200

/** Runs the loop, and runs it again after a defect; it ends where it returns. */
export const loopOn = (loop: Effect.Effect<void>): Effect.Effect<void> =>
  Effect.catchDefect(loop, (defect) =>
    Effect.logError("A loop of the cluster starts again after a defect.", defect).pipe(
      Effect.andThen(Effect.sleep(RESTART_PAUSE_MS)),
      Effect.andThen(Effect.suspend(() => loopOn(loop))),
    ),
  )
