/**
 * The Command API: from a request to `ask`, and from what came of it to an answer.
 *
 * Owns the headers: `Idempotency-Key` is the command id, `If-Match` the version, `X-User`, `X-Correlation-Id` and
 * `traceparent` the metadata. What a command means is the order's (actors/order/OrderCommands.ts).
 */
import { createHash, randomUUID } from "node:crypto"
import { Clock, Effect, Exit } from "effect"
import type { HttpServerRequest } from "effect/http"
import { HttpApiBuilder, HttpApiSchema } from "effect/http-api"
import { Order } from "../../actors/order/Order.ts"
import { ActorSystem, type CommandsOf, type Metadata } from "../effect.ts"
import { requestMetrics } from "../telemetry/RequestMetrics.ts"
import { OrderApi } from "./OrderApi.ts"
import { problemOf } from "./Problem.ts"
import { CORRELATION_HEADER, problemResponse } from "./ProblemResponses.ts"

type OrderCommand = CommandsOf<typeof Order>
type Placement = Omit<Extract<OrderCommand, { readonly type: "Place" }>, "type">

/** What the routes need of a request. */
interface CommandRequest {
  readonly request: HttpServerRequest.HttpServerRequest
  readonly headers: {
    readonly "idempotency-key"?: string
    readonly "if-match"?: string
    readonly "if-none-match"?: string
    readonly "x-user"?: string
    readonly traceparent?: string
  }
}

/** `"3"` is version 3. `If-None-Match: *` is version 0: nothing there yet. */
const versionOf = ({ headers }: CommandRequest): { readonly ifVersion?: number } => {
  const ifMatch = headers["if-match"]
  if (ifMatch !== undefined && ifMatch !== "*") return { ifVersion: Number(ifMatch.slice(1, -1)) }
  return headers["if-none-match"] === "*" ? { ifVersion: 0 } : {}
}

const utf8 = new TextDecoder("utf-8", { fatal: true })

/** Headers arrive as one character a byte; names of people are UTF-8 more often than not. */
const headerText = (value: string): string => {
  try {
    return utf8.decode(Buffer.from(value, "latin1"))
  } catch {
    return value // Latin-1 then
  }
}

/** W3C trace context; what is malformed is ignored, as the recommendation wants. */
const TRACEPARENT = /^[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$/

const metadataOf = ({ request, headers }: CommandRequest): Metadata => {
  const { "x-user": user, traceparent } = headers
  const correlationId = request.headers[CORRELATION_HEADER]
  return {
    ...(user === undefined ? {} : { user: headerText(user) }),
    ...(correlationId === undefined ? {} : { correlationId: headerText(correlationId) }),
    ...(traceparent === undefined || !TRACEPARENT.test(traceparent) ? {} : { trace: traceparent }),
  }
}

/** The entity tag of a version. */
export const etagOf = (version: number): string => `"${version}"`

/** Characters of a made-up order id after its prefix: 80 bits. */
const ORDER_ID_DIGITS = 20

/** From the idempotency key where there is one, so that a repeat names the same order. */
const orderIdFor = ({ headers }: CommandRequest): string => {
  const key = headers["idempotency-key"]
  const seed = key === undefined ? randomUUID() : JSON.stringify([headers["x-user"] ?? null, key])
  return `o-${createHash("sha256").update(seed).digest("hex").slice(0, ORDER_ID_DIGITS)}`
}

const makeAsk = Effect.gen(function* () {
  const system = yield* ActorSystem
  return Effect.fnUntraced(function* <C extends OrderCommand>(
    orderId: string,
    command: C,
    given: CommandRequest,
  ) {
    const started = yield* Clock.currentTimeNanos
    const commandId = given.headers["idempotency-key"]
    const exit = yield* Effect.exit(
      system.get(Order, orderId).ask(command, {
        ...(commandId === undefined ? {} : { commandId }),
        ...versionOf(given),
        metadata: metadataOf(given),
      }),
    )
    yield* requestMetrics.asked(command.type, outcomeOf(exit), (yield* Clock.currentTimeNanos) - started)
    return yield* exit
  })
})

const outcomeOf = (exit: Exit.Exit<{ readonly duplicate: boolean }, { readonly _tag: string }>): string => {
  if (Exit.isSuccess(exit)) return exit.value.duplicate ? "duplicate" : "accepted"
  const failure = exit.cause.reasons.find((reason) => reason._tag === "Fail")
  return failure === undefined ? "Interrupted" : failure.error._tag
}

const answerTo = (orderId: string, { version, sequence, duplicate }: Answer) => ({
  body: { orderId, version, sequence, duplicate },
  headers: { etag: etagOf(version), "everstate-sequence": String(sequence) },
})

interface Answer {
  readonly version: number
  readonly sequence: number
  readonly duplicate: boolean
}

export const OrderCommandRoutes = HttpApiBuilder.group(
  OrderApi,
  "commands",
  Effect.fnUntraced(function* (handlers) {
    const ask = yield* makeAsk

    const send = (orderId: string, command: OrderCommand, given: CommandRequest) =>
      ask(orderId, command, given).pipe(
        Effect.map((accepted) => HttpApiSchema.withHeaders(answerTo(orderId, accepted))),
        Effect.catch((error) => Effect.succeed(problemResponse(problemOf(error)))),
      )

    const place = (orderId: string, placement: Placement, given: CommandRequest) =>
      ask(orderId, { type: "Place" as const, ...placement }, given).pipe(
        Effect.map((accepted) => {
          const { body, headers } = answerTo(orderId, accepted)
          return HttpApiSchema.withHeaders({
            body: { ...body, total: accepted.reply.total },
            headers: { ...headers, location: `/orders/${encodeURIComponent(orderId)}` },
          })
        }),
        Effect.catch((error) => Effect.succeed(problemResponse(problemOf(error)))),
      )

    return handlers.handleAll({
      placeUnnamed: (given) => {
        const { orderId = orderIdFor(given), ...placement } = given.payload
        return place(orderId, placement, given)
      },
      place: (given) => place(given.params.orderId, given.payload, given),
      addLine: (given) => send(given.params.orderId, { type: "AddLine", line: given.payload }, given),
      removeLine: (given) => send(given.params.orderId, { type: "RemoveLine", sku: given.params.sku }, given),
      pay: (given) => send(given.params.orderId, { type: "Pay", ...given.payload }, given),
      ship: (given) => send(given.params.orderId, { type: "Ship", ...given.payload }, given),
      deliver: (given) => send(given.params.orderId, { type: "Deliver", ...given.payload }, given),
      cancel: (given) => send(given.params.orderId, { type: "Cancel", ...given.payload }, given),
      return: (given) => send(given.params.orderId, { type: "Return", ...given.payload }, given),
    })
  }),
)
