/**
 * Serving a subject that may not be possible just now: there is no connection, or no right to it yet.
 *
 * Owns trying again. Without it a node that takes a shard while its connection is lost would have it, and answer nobody.
 */
import { Effect, Exit, Scope } from "effect"
import type { TransportService } from "./Transport.ts"

/** Pause before it is tried again, doubling up to the longest, in milliseconds. */
const PAUSE_FIRST_MS = 200
const PAUSE_MAX_MS = 5_000

/** Returns when the subject is served, or when it could not be at once; it is from then on as soon as that is possible. */
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
