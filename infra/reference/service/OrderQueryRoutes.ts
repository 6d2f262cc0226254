/**
 * The Query API: an order from its actor, its past from the journal, lists and audit from the read models.
 *
 * Owns which query reads from where, the answer 304, and read-your-writes (`after`). SQL is in OrderReads.ts.
 */
import { Effect } from "effect"
import { HttpServerResponse } from "effect/http"
import { HttpApiBuilder, HttpApiSchema } from "effect/http-api"
import { Order } from "../../../actors/order/Order.ts"
import { AuditLog } from "../../../actors/projections/AuditLog.ts"
import { OrderSummary } from "../../../actors/projections/OrderSummary.ts"
import { OrdersWithCustomers } from "../../../actors/projections/OrdersWithCustomers.ts"
import type { PastMoment } from "../../../runtime/operations.ts"
import { Fulfilment } from "../../../sagas/fulfilment/Fulfilment.ts"
import { ActorSystem, type ProjectionDefinition } from "../../effect.ts"
import { etagOf } from "../../http/CommandRequest.ts"
import { type Problem, problem, type ServiceError } from "../../http/Problem.ts"
import { problemResponse } from "../../http/ProblemResponses.ts"
import { Hosted } from "./Hosted.ts"
import { EVENTS_PER_PAGE, ORDERS_PER_PAGE } from "./OrderApi.ts"
import { birthDocument, eventDocument, type OrderDocument, orderDocument } from "./OrderDocuments.ts"
import { orderNotFound, problemOf } from "./OrderProblem.ts"
import { OrderReads } from "./OrderReads.ts"
import { sagaSummary } from "./SagaDocument.ts"
import { ServiceApi } from "./ServiceApi.ts"

/** Longest wait until a read model has reached `after`, in milliseconds. */
export const AFTER_WAIT_MS = 5_000

/** RFC 3339 with a zone. A time without a zone would mean something else on every machine. */
const RFC_3339 = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d{1,9})?(Z|[+-]\d{2}:\d{2})$/

/** A problem that a query finds without asking anything. */
class Refused {
  readonly _tag = "Refused"
  readonly problem: Problem
  constructor(given: Problem) {
    this.problem = given
  }
}

const refuse = (given: Problem) => Effect.fail(new Refused(given))

const invalid = (detail: string, hint: string) => refuse(problem("invalidRequest", detail, { hint }))

const asResponse = <A, R>(query: Effect.Effect<A, ServiceError | Refused, R>) =>
  Effect.catch(query, (error) =>
    Effect.succeed(problemResponse(error._tag === "Refused" ? error.problem : problemOf(error))),
  )

/** The moment that a query names: either a version or a time. */
const momentOf = (query: { readonly version?: number; readonly time?: string }) => {
  const { version, time } = query
  if (version !== undefined && time === undefined) return Effect.succeed<PastMoment>({ version })
  if (time !== undefined && version === undefined) {
    // An unescaped `+` of a zone arrives as a space.
    const text = time.replace(" ", "+")
    const atMs = RFC_3339.test(text) ? Date.parse(text) : Number.NaN
    if (Number.isFinite(atMs)) return Effect.succeed<PastMoment>({ time: atMs })
    return invalid(`"${time}" is not a time.`, "Give RFC 3339 with a zone, as in 2026-05-01T12:00:00Z.")
  }
  return invalid("Give either `version` or `time`.", "As in ?version=3 or ?time=2026-05-01T12:00:00Z.")
}

/** True if `If-None-Match` has the version's tag, such as `"3"`. Weak tags compare equal, too. */
const matches = (ifNoneMatch: string | undefined, version: number): boolean =>
  ifNoneMatch !== undefined &&
  (ifNoneMatch.trim() === "*" ||
    ifNoneMatch.split(",").some((tag) => tag.trim().replace(/^W\//, "") === etagOf(version)))

/** States that only an order without a fulfilment has. */
const BY_HAND: ReadonlySet<string> = new Set(["placed", "paid"])

const withEtag = (document: OrderDocument) =>
  HttpApiSchema.withHeaders({ body: document, headers: { etag: etagOf(document.version) } })

/** Where a page of history starts: `<version>.<sequence>`. */
const historyCursor = (cursor: string | undefined) => {
  if (cursor === undefined) return Effect.succeed({ version: 0, sequence: 0 })
  const [, version, sequence] = /^(\d{1,15})\.(\d{1,15})$/.exec(cursor) ?? []
  return version === undefined || sequence === undefined
    ? invalid("The cursor does not belong to this list.", "Give `next` of the previous page, unchanged.")
    : Effect.succeed({ version: Number(version), sequence: Number(sequence) })
}

export const OrderQueryRoutes = HttpApiBuilder.group(
  ServiceApi,
  "queries",
  Effect.fnUntraced(function* (handlers) {
    const system = yield* ActorSystem
    const reads = yield* OrderReads
    const { flow } = yield* Hosted

    const caughtUp = (projection: ProjectionDefinition, after: number | undefined) =>
      after === undefined ? Effect.void : system.waitFor(projection, after, { deadlineMs: AFTER_WAIT_MS })

    /** Summary of the order's saga, if it has one. */
    const fulfilmentOf = Effect.fnUntraced(function* ({ orderId, status }: OrderDocument) {
      if (flow !== "saga" || BY_HAND.has(status)) return {}
      const now = yield* system.get(Fulfilment, orderId).state()
      return now.version === 0 ? {} : { fulfilment: sagaSummary(now) }
    })

    const order = Effect.fnUntraced(function* (orderId: string, ifNoneMatch: string | undefined) {
      const { version, state } = yield* system.get(Order, orderId).state()
      const document = orderDocument(orderId, version, state)
      if (document === undefined) return yield* refuse(orderNotFound(orderId))
      return matches(ifNoneMatch, version)
        ? HttpServerResponse.empty({ status: 304, headers: { etag: etagOf(version) } })
        : withEtag({ ...document, ...(yield* fulfilmentOf(document)) })
    })

    const history = Effect.fnUntraced(function* (
      orderId: string,
      { cursor, limit = EVENTS_PER_PAGE.default }: { readonly cursor?: string; readonly limit?: number },
    ) {
      const after = yield* historyCursor(cursor)
      const { birth, events, next } = yield* system.get(Order, orderId).history({ after, limit })
      const isUnborn = after.version === 0 && birth === undefined
      if (isUnborn) return yield* refuse(orderNotFound(orderId))
      return {
        orderId,
        ...(birth === undefined ? {} : { birth: birthDocument(birth) }),
        events: events.map(eventDocument),
        ...(next === undefined ? {} : { next: `${next.version}.${next.sequence}` }),
      }
    })

    const at = Effect.fnUntraced(function* (
      orderId: string,
      query: { readonly version?: number; readonly time?: string },
    ) {
      const past = yield* system.get(Order, orderId).stateAt(yield* momentOf(query))
      const document = orderDocument(orderId, past.version, past.state, past.at)
      if (document !== undefined) return withEtag(document)
      return yield* refuse({
        ...orderNotFound(orderId),
        detail: `There was no order "${orderId}" at that time.`,
      })
    })

    const audit = Effect.fnUntraced(function* (
      orderId: string,
      query: { readonly cursor?: string; readonly limit?: number; readonly after?: number },
    ) {
      const { after, limit = EVENTS_PER_PAGE.default, ...position } = query
      yield* caughtUp(AuditLog, after)
      const { items, ...next } = yield* reads.auditOf({ orderId, limit, ...position })
      return { orderId, events: items, ...next }
    })

    const customerOrders = Effect.fnUntraced(function* (
      customerId: string,
      query: {
        readonly status?: string
        readonly cursor?: string
        readonly limit?: number
        readonly after?: number
      },
    ) {
      const { after, limit = ORDERS_PER_PAGE.default, ...wanted } = query
      yield* caughtUp(OrderSummary, after)
      const { items, ...next } = yield* reads.ordersOf({ customerId, limit, ...wanted })
      return { customerId, orders: items, ...next }
    })

    const find = Effect.fnUntraced(function* (query: {
      readonly email: string
      readonly cursor?: string
      readonly limit?: number
      readonly after?: number
    }) {
      const { after, limit = ORDERS_PER_PAGE.default, ...wanted } = query
      yield* caughtUp(OrdersWithCustomers, after)
      const { items, ...next } = yield* reads.ordersByEmail({ limit, ...wanted })
      return { orders: items, ...next }
    })

    return handlers.handleAll({
      find: ({ query }) => asResponse(find(query)),
      order: ({ params, headers }) => asResponse(order(params.orderId, headers["if-none-match"])),
      history: ({ params, query }) => asResponse(history(params.orderId, query)),
      at: ({ params, query }) => asResponse(at(params.orderId, query)),
      audit: ({ params, query }) => asResponse(audit(params.orderId, query)),
      customerOrders: ({ params, query }) => asResponse(customerOrders(params.customerId, query)),
    })
  }),
)
