/**
 * Requests and replies over plain NATS subjects, `<namespace>.<subject>`. Nothing is stored.
 *
 * Owns the names, and the reply that stands for one that is too large. ReplyMultiplexer.ts sends requests,
 * CoreSubscription.ts subscribes, AnsweredInboxes.ts checks reply subjects. The contract is
 * runtime/transport/Transport.ts. In a cluster, a server tells the other servers of a new subscription a
 * moment after it was made: until then a request through another server finds no responders.
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

/** Status of a reply that stands for one that is too large. */
const TOO_LARGE_STATUS = 413

/** Largest message of a server with its default settings. */
const MESSAGE_BYTES_MAX_USUAL = 1024 * 1024

/** Characters of a refused reply subject in the log. */
const SHOWN_REPLY_LENGTH_MAX = 200

/** Pause before a refused subscription is tried again, in milliseconds. */
const deniedPauseMs = 1_000

export interface TransportNatsOptions {
  readonly namespace: string
}

const forget = (): void => undefined

/** Time at which the connection was lost last, as far as the client has noticed. */
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

    /** Sends a reply, unless the connection is closed. */
    const respond = (request: Msg, reply: Uint8Array): void => {
      if (client.isClosed()) return
      if (reply.length <= messageBytesMax()) request.respond(reply)
      else request.respond(undefined, { headers: makeHeaders(TOO_LARGE_STATUS, "Reply Too Large") })
    }

    /** True if the reply subject is no inbox: the sender may have no right to write there. */
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
