/**
 * Requests and replies over plain NATS subjects, `<namespace>.<subject>`; nothing of it is stored.
 *
 * Owns the names, and how a reply that is too large is said. Requests go over ReplyMultiplexer.ts, subscriptions are
 * CoreSubscription.ts, and which reply subjects are answered is AnsweredInboxes.ts. The contract is
 * runtime/transport/Transport.ts. In a cluster the servers tell each other of a new subscription a moment after it was
 * made: until then a request from elsewhere finds no responders.
 */
import { type Msg, headers as makeHeaders } from "@nats-io/transport-node"
import { Clock, Effect, Layer, Schedule, Scope } from "effect"
import { makeSampledLog } from "../../../runtime/log/SampledLog.ts"
import { monotonicMs } from "../../../runtime/time/MonotonicTime.ts"
import { RequestFailed, Transport, type TransportService } from "../../../runtime/transport/Transport.ts"
import { answersOn } from "./AnsweredInboxes.ts"
import { subscribe } from "./CoreSubscription.ts"
import { NatsConnection, type NatsConnectionService } from "./NatsConnection.ts"
import type { NatsRequestFailed } from "./NatsErrors.ts"

/** Status of a reply that says that the real one does not fit. */
const TOO_LARGE_STATUS = 413

/** What a server with its default settings takes. */
const MESSAGE_BYTES_MAX_USUAL = 1024 * 1024

/** Characters of a refused reply subject that the log shows. */
const SHOWN_REPLY_LENGTH_MAX = 200

/** Pause before a subject is subscribed again that the server refuses, in milliseconds. */
const deniedPauseMs = 1_000

export interface TransportNatsOptions {
  readonly namespace: string
}

const forget = (): void => undefined

/** When the connection was lost last. What the client has not noticed yet is not known. */
const watchConnection = Effect.fnUntraced(function* ({ onStatus, health }: NatsConnectionService) {
  const clock = yield* Clock.Clock
  let lastMs = Number.NEGATIVE_INFINITY
  yield* Effect.acquireRelease(
    Effect.sync(() =>
      onStatus(({ type }) => {
        if (type === "disconnect" || type === "reconnect" || type === "close") lastMs = monotonicMs(clock)
      }),
    ),
    (stop) => Effect.sync(stop),
  )
  return (): number => (health().state === "connected" ? lastMs : monotonicMs(clock))
})

const make = (namespace: string) =>
  Effect.gen(function* () {
    const connection = yield* NatsConnection
    const { client, requests } = connection
    const disconnectedAtMs = yield* watchConnection(connection)
    const runFork = Effect.runForkWith(yield* Effect.context<never>())
    const prefix = `${namespace}.`
    const answers = answersOn(namespace, connection)
    const sayRefused = yield* makeSampledLog("request refused")
    let refusedCount = 0
    const messageBytesMax = () => client.info?.max_payload ?? MESSAGE_BYTES_MAX_USUAL

    const failureOf = (subject: string, { reason, detail }: NatsRequestFailed): RequestFailed =>
      new RequestFailed({ reason, subject, detail })

    /** Replies to a connection that is gone are of no use to anybody. */
    const respond = (request: Msg, reply: Uint8Array): void => {
      if (client.isClosed()) return
      if (reply.length <= messageBytesMax()) request.respond(reply)
      else request.respond(undefined, { headers: makeHeaders(TOO_LARGE_STATUS, "Reply Too Large") })
    }

    /** Whether the reply would go elsewhere than into an inbox, where the sender may have no right to write. */
    const isRefused = ({ reply = "", subject }: Msg): boolean => {
      if (reply === "" || answers(reply)) return false
      refusedCount++
      const where = reply.slice(0, SHOWN_REPLY_LENGTH_MAX)
      const hint = `A client with an inbox prefix of its own is answered once nodes have it in \`nats.clientInboxPrefixes\`.`
      runFork(
        sayRefused(
          `A request on ${subject} was refused: its reply subject ${where} is no inbox of this namespace. ${hint}`,
        ),
      )
      return true
    }

    const service: TransportService = {
      get messageBytesMax() {
        return messageBytesMax()
      },
      send: (subject, request, timeoutMs, { onReply, onFailure }) => {
        const pending = requests.send(prefix + subject, request, undefined, timeoutMs, {
          onReply: ({ data, headers }) => {
            if (data.length > 0 || headers?.code !== TOO_LARGE_STATUS) onReply(data)
            else
              onFailure(new RequestFailed({ reason: "TooLarge", subject, detail: "the reply is too large" }))
            return true
          },
          onFailure: (failure) => onFailure(failureOf(subject, failure)),
        })
        return pending === undefined ? forget : () => pending.cancel()
      },
      serve: (subject, handle) =>
        Effect.gen(function* () {
          const scope = yield* Effect.scope
          const denied = ({ message }: { readonly message: string }): void => {
            const refusal = `${subject} is not served until its subscription is permitted again: ${message}`
            const again = serving.pipe(
              Effect.retry(Schedule.spaced(deniedPauseMs)),
              Effect.delay(deniedPauseMs),
              Effect.andThen(Effect.logInfo(`${subject} is served again.`)),
            )
            runFork(Effect.andThen(Effect.logError(refusal), Effect.forkIn(again, scope)))
          }
          const serving = subscribe(
            connection,
            prefix + subject,
            (message) => {
              if (!isRefused(message)) handle(message.data, (reply) => respond(message, reply))
            },
            denied,
          ).pipe(Scope.provide(scope))
          yield* serving
        }).pipe(Effect.mapError((failure) => failureOf(subject, failure))),
      disconnectedAtMs,
      refusedCount: () => refusedCount,
    }
    return service
  })

export const TransportNats = {
  layer: ({ namespace }: TransportNatsOptions): Layer.Layer<Transport, never, NatsConnection> =>
    Layer.effect(Transport, make(namespace)),
}
