/**
 * A plain subscription that a scope owns: there when the effect returns, and gone with the scope.
 *
 * Owns that the server has taken it, or that its permissions refuse it. The client takes it up again by itself after a
 * lost connection. Who uses it: TransportNats.ts for requests, LeasesNats.ts for hints.
 */
import { errors, type Msg, type PermissionViolationError, type Subscription } from "@nats-io/transport-node"
import { Effect, type Scope } from "effect"
import { thrownText } from "../../../runtime/json/Thrown.ts"
import { makeSampledLog } from "../../../runtime/log/SampledLog.ts"
import type { NatsConnectionService } from "./NatsConnection.ts"
import { NatsRequestFailed } from "./NatsErrors.ts"

/** How long the server may take to confirm a subscription. */
const SUBSCRIBE_TIMEOUT_MS = 5_000

/** What the server sent before it took the end is still handed out: a swallowed request costs its sender a time-out. */
const stop = ({ client, health }: NatsConnectionService, subscription: Subscription): Effect.Effect<void> =>
  Effect.sync(() => {
    if (subscription.isClosed()) return
    const isConnected = health().state === "connected" && !client.isClosed() && !client.isDraining()
    if (isConnected) subscription.drain().catch(() => undefined)
    else subscription.unsubscribe()
  })

/**
 * Calls `onMessage` with every message of `subject`, a subject or a wildcard. `onDenied` is told if the server refuses
 * the subscription later on, after its permissions have changed; there are no more messages then.
 */
export const subscribe = (
  connection: NatsConnectionService,
  subject: string,
  onMessage: (message: Msg) => void,
  onDenied: (violation: PermissionViolationError) => void = () => undefined,
): Effect.Effect<void, NatsRequestFailed, Scope.Scope> => {
  const { client, health } = connection
  const failed = (reason: NatsRequestFailed["reason"], detail: string) =>
    new NatsRequestFailed({ reason, subject, detail })
  return Effect.gen(function* () {
    const runFork = Effect.runForkWith(yield* Effect.context<never>())
    const sayUnhandled = yield* makeSampledLog("message unhandled")
    /** What it throws would end the client's reading: the connection would stay, and hear nothing ever again. */
    const handOut = (message: Msg): void => {
      try {
        onMessage(message)
      } catch (cause) {
        runFork(sayUnhandled(`A message on ${message.subject} could not be handled: ${thrownText(cause)}`))
      }
    }
    if (health().state !== "connected") {
      return yield* failed("Disconnected", "there is no connection to subscribe on")
    }
    const refused: Array<PermissionViolationError> = []
    let isConfirmed = false
    const onError = (error: Error): void => {
      if (!(error instanceof errors.PermissionViolationError)) return
      refused.push(error)
      if (isConfirmed) onDenied(error)
    }
    const subscription = yield* Effect.acquireRelease(
      Effect.try({
        try: () =>
          client.subscribe(subject, {
            callback: (error, message) => (error === null ? handOut(message) : onError(error)),
          }),
        catch: (cause) => failed("Disconnected", String(cause)),
      }),
      (made) => stop(connection, made),
    )
    // The server answers in order: a refusal comes before the end of the flush.
    yield* Effect.tryPromise({
      try: () => client.flush(),
      catch: (cause) => failed("Disconnected", String(cause)),
    }).pipe(
      Effect.timeoutOrElse({
        duration: SUBSCRIBE_TIMEOUT_MS,
        orElse: () => Effect.fail(failed("Timeout", `not confirmed within ${SUBSCRIBE_TIMEOUT_MS} ms`)),
      }),
      // Whoever tries again in the same scope must not be there twice.
      Effect.onError(() => stop(connection, subscription)),
    )
    isConfirmed = true
    for (const { message } of refused) return yield* failed("NotPermitted", message)
  })
}
