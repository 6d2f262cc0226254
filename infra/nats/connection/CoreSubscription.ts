/**
 * A plain subscription that a scope owns: the server has it when the effect returns, and it ends with the
 * scope.
 *
 * Owns the proof that the server has taken the subscription, or that its permissions refuse it. After a lost
 * connection the client subscribes again by itself. TransportNats.ts uses it for requests, LeasesNats.ts for
 * hints.
 */
import { errors, type Msg, type PermissionViolationError, type Subscription } from "@nats-io/transport-node"
import { Effect, type Scope } from "effect"
import { thrownText } from "../../../runtime/json/Thrown.ts"
import { makeSampledLog } from "../../../runtime/log/SampledLog.ts"
import type { NatsConnectionService } from "./NatsConnection.ts"
import { NatsRequestFailed } from "./NatsErrors.ts"

/** How long the server may take to confirm a subscription. */
const SUBSCRIBE_TIMEOUT_MS = 5_000

/**
 * Ends the subscription. Messages that the server sent before it are still handed out, because a lost request
 * costs its sender a time-out.
 */
const stop = ({ client, health }: NatsConnectionService, subscription: Subscription): Effect.Effect<void> =>
  Effect.sync(() => {
    if (subscription.isClosed()) return
    const isConnected = health().state === "connected" && !client.isClosed() && !client.isDraining()
    if (isConnected) subscription.drain().catch(() => undefined)
    else subscription.unsubscribe()
  })

/**
 * Calls `onMessage` with every message of `subject`, which may be a wildcard. Calls `onDenied` if the server
 * refuses the subscription later, after its permissions have changed; there are no more messages then.
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
    /**
     * Hands a message to `onMessage` and catches what it throws: an exception would end the client's reading,
     * and the connection would never receive anything again.
     */
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
    // The server answers in order: a refusal comes before the answer to the flush.
    yield* Effect.tryPromise({
      try: () => client.flush(),
      catch: (cause) => failed("Disconnected", String(cause)),
    }).pipe(
      Effect.timeoutOrElse({
        duration: SUBSCRIBE_TIMEOUT_MS,
        orElse: () => Effect.fail(failed("Timeout", `not confirmed within ${SUBSCRIBE_TIMEOUT_MS} ms`)),
      }),
      // Ends this subscription before the caller tries again in the same scope, so that there are not two.
      Effect.onError(() => stop(connection, subscription)),
    )
    isConfirmed = true
    for (const { message } of refused) return yield* failed("NotPermitted", message)
  })
}
