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
import { Fulfilment } from "../../../sagas/fulfilment/Fulfilment.ts"
import { ActorSystem, type ProjectionDefinition } from "../../effect.ts"
import { etagOf, matchesVersion } from "../../http/EntityTag.ts"
import { historyCursorOf, historyCursorText, momentOf } from "../../http/PastQuery.ts"
import type { ServiceError } from "../../http/Problem.ts"
import { problemResponse } from "../../http/ProblemResponses.ts"
import { type Refused, refuse } from "../../http/Refused.ts"
import { Hosted } from "./Hosted.ts"
import { EVENTS_PER_PAGE, ORDERS_PER_PAGE } from "./OrderApi.ts"
import { birthDocument, eventDocument, type OrderDocument, orderDocument } from "./OrderDocuments.ts"
import { orderNotFound, problemOf } from "./OrderProblem.ts"
import { OrderReads } from "./OrderReads.ts"
import { sagaSummary } from "./SagaDocument.ts"
import { ServiceApi } from "./ServiceApi.ts"

/** Longest wait until a read model has reached `after`, in milliseconds. */
export const AFTER_WAIT_MS = 5_000

const asResponse = <A, R>(query: Effect.Effect<A, ServiceError | Refused, R>) =>
  Effect.catch(query, (error) =>
    Effect.succeed(problemResponse(error._tag === "Refused" ? error.problem : problemOf(error))),
  )

/** States that only an order without a fulfilment has. */
const BY_HAND: ReadonlySet<string> = new Set(["placed", "paid"])

const withEtag = (document: OrderDocument) =>
  HttpApiSchema.withHeaders({ body: document, headers: { etag: etagOf(document.version) } })

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
      return matchesVersion(ifNoneMatch, version)
        ? HttpServerResponse.empty({ status: 304, headers: { etag: etagOf(version) } })
        : withEtag({ ...document, ...(yield* fulfilmentOf(document)) })
    })

    const history = Effect.fnUntraced(function* (
      orderId: string,
      { cursor, limit = EVENTS_PER_PAGE.default }: { readonly cursor?: string; readonly limit?: number },
    ) {
      const after = yield* historyCursorOf(cursor)
      const { birth, events, next } = yield* system.get(Order, orderId).history({ after, limit })
      const isUnborn = after.version === 0 && birth === undefined
      if (isUnborn) return yield* refuse(orderNotFound(orderId))
      return {
        orderId,
        ...(birth === undefined ? {} : { birth: birthDocument(birth) }),
        events: events.map(eventDocument),
        ...(next === undefined ? {} : { next: historyCursorText(next) }),
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
