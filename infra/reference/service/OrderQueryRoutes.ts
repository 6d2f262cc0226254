/**
 * The queries of OrderApi.ts: an order from its actor, its past from the journal, lists and audit from the read
 * models.
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
import { birthDocument, historyItem } from "../../gateway/ActorDocument.ts"
import { etagOf, matchesVersion } from "../../http/EntityTag.ts"
import { historyCursorOf, historyCursorText } from "../../http/PastQuery.ts"
import { notFound } from "../../http/Problem.ts"
import { orProblem } from "../../http/ProblemResponses.ts"
import { refuse } from "../../http/Refused.ts"
import { EVENTS_PER_PAGE, ORDERS_PER_PAGE, OrderApi } from "./OrderApi.ts"
import { fulfilling, type OrderDocument, orderDocument } from "./OrderDocuments.ts"
import { OrderReads } from "./OrderReads.ts"

/** Longest wait until a read model has reached `after`, in milliseconds. */
export const AFTER_WAIT_MS = 5_000

/** States that only an order without a fulfilment has. */
const BY_HAND: ReadonlySet<string> = new Set(["placed", "paid"])

const withEtag = (document: OrderDocument) =>
  HttpApiSchema.withHeaders({ body: document, headers: { etag: etagOf(document.version) } })

export const OrderQueryRoutes = HttpApiBuilder.group(
  OrderApi,
  "queries",
  Effect.fnUntraced(function* (handlers) {
    const system = yield* ActorSystem
    const reads = yield* OrderReads
    const hasSaga = system.given.sagas.some(({ type }) => type === Fulfilment.type)

    const caughtUp = (projection: ProjectionDefinition, after: number | undefined) =>
      after === undefined ? Effect.void : system.waitFor(projection, after, { deadlineMs: AFTER_WAIT_MS })

    /** Summary of the order's saga, if it has one. */
    const fulfilmentOf = Effect.fnUntraced(function* ({ orderId, status }: OrderDocument) {
      if (!hasSaga || BY_HAND.has(status)) return {}
      const now = yield* system.get(Fulfilment, orderId).state()
      return now.version === 0 ? {} : { fulfilment: fulfilling(orderId, now) }
    })

    const order = Effect.fnUntraced(function* (orderId: string, ifNoneMatch: string | undefined) {
      const { version, state } = yield* system.get(Order, orderId).state()
      const document = orderDocument(orderId, version, state)
      if (document === undefined) return yield* refuse(notFound("order", orderId))
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
      if (isUnborn) return yield* refuse(notFound("order", orderId))
      return {
        orderId,
        ...(birth === undefined ? {} : { birth: birthDocument(birth) }),
        events: events.map(historyItem),
        ...(next === undefined ? {} : { next: historyCursorText(next) }),
      }
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
      find: ({ query }) => orProblem(find(query)),
      order: ({ params, headers }) => orProblem(order(params.orderId, headers["if-none-match"])),
      history: ({ params, query }) => orProblem(history(params.orderId, query)),
      audit: ({ params, query }) => orProblem(audit(params.orderId, query)),
      customerOrders: ({ params, query }) => orProblem(customerOrders(params.customerId, query)),
    })
  }),
)
