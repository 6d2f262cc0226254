/**
 * Serves a subject that may not be possible now, because the connection or the permission is missing.
 *
 * Owns the retries. Without them a node that takes a shard while its connection is lost would own the shard
 * and answer no request.
 */
import { Effect, Exit, Scope } from "effect"
import type { TransportService } from "./Transport.ts"

/** Pause before the next attempt, doubling up to the longest, in milliseconds. */
const PAUSE_FIRST_MS = 200
const PAUSE_MAX_MS = 5_000

/**
 * Returns when the subject is served, or after the first attempt fails. Later attempts go on in the
 * background.
 */
export const serveWhenPossible = (
  transport: TransportService,
  subject: string,
  handle: Parameters<TransportService["serve"]>[1],
): Effect.Effect<void, never, Scope.Scope> =>
  Effect.gen(function* () {
    const scope = yield* Effect.scope
    const serving = transport.serve(subject, handle).pipe(Scope.provide(scope))
    const later = Effect.gen(function* () {
      for (let pauseMs = PAUSE_FIRST_MS; ; pauseMs = Math.min(pauseMs * 2, PAUSE_MAX_MS)) {
        yield* Effect.sleep(pauseMs)
        if (Exit.isSuccess(yield* Effect.exit(serving))) break
      }
      yield* Effect.logInfo(`${subject} is served.`)
    })
    yield* Effect.catch(serving, ({ message }) =>
      Effect.andThen(
        Effect.logWarning(`${subject} is not served for now: ${message}`),
        Effect.asVoid(Effect.forkIn(later, scope)),
      ),
    )
  })
