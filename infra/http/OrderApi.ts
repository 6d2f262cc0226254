/**
 * The order API: every route, its parameters and its answers. The OpenAPI document and the page at /docs come from it.
 *
 * Commands change an order and are answered when their events are durable; queries read. Bodies: OrderDocuments.ts,
 * errors: Problem.ts, what the routes do: OrderCommandRoutes.ts and OrderQueryRoutes.ts.
 */
import { Schema } from "effect"
import { FindMyWay } from "effect/http"
import { HttpApi, HttpApiEndpoint, HttpApiGroup, HttpApiSchema, OpenApi } from "effect/http-api"
import {
  CommandAccepted,
  Delivery,
  EventPage,
  Explanation,
  NewLine,
  OrderDocument,
  OrderPage,
  OrderStatus,
  Payment,
  Placement,
  PlacementUnnamed,
  Shipment,
} from "./OrderDocuments.ts"
import { COMMAND_PROBLEMS, READ_PROBLEMS } from "./Problem.ts"

/** Events on a page of history or audit, unless asked otherwise, and at most. */
export const EVENTS_PER_PAGE = { default: 100, max: 1_000 }

/** Orders on a page of a customer's list, unless asked otherwise, and at most. */
export const ORDERS_PER_PAGE = { default: 20, max: 100 }

const described = (description: string) => ({ description })
const optionalText = (description: string) =>
  Schema.optionalKey(Schema.String.annotate(described(description)))

const wholeNumber = (minimum: number, maximum: number) =>
  Schema.FiniteFromString.check(Schema.isInt(), Schema.isBetween({ minimum, maximum }))

const pageSize = (bounds: { readonly default: number; readonly max: number }) =>
  Schema.optionalKey(
    wholeNumber(1, bounds.max).annotate(described(`1 to ${bounds.max}, default ${bounds.default}`)),
  )

const afterSequence = Schema.optionalKey(
  wholeNumber(0, Number.MAX_SAFE_INTEGER).annotate(
    described("`sequence` of a command's answer: waits until its change is in the list"),
  ),
)

const cursor = optionalText("`next` of the page before")

const callerHeaders = {
  "x-user": optionalText("Who asks; stored with the events"),
  "x-correlation-id": optionalText("The business transaction; made up where missing, echoed, stored"),
  traceparent: optionalText("W3C trace context; stored with the events"),
}

const commandHeaders = {
  "idempotency-key": optionalText(
    "Names this command for ever. After a time-out send it again with the same key: it is applied once.",
  ),
  "if-match": Schema.optionalKey(
    Schema.String.check(
      Schema.isPattern(/^("\d{1,15}"|\*)$/, { expected: 'one strong ETag, as in "3"' }),
    ).annotate(described("Apply only at this version, else 412")),
  ),
  ...callerHeaders,
}

const order = { orderId: Schema.String }

const accepted = HttpApiSchema.WithHeaders(CommandAccepted, {
  etag: Schema.String,
  "everstate-sequence": Schema.String,
})

const placed = HttpApiSchema.WithHeaders(CommandAccepted.pipe(HttpApiSchema.status(201)), {
  etag: Schema.String,
  "everstate-sequence": Schema.String,
  location: Schema.String,
})

const command = { params: order, headers: commandHeaders, success: accepted, error: COMMAND_PROBLEMS }

const about = (summary: string, description?: string) =>
  OpenApi.annotations({ summary, ...(description === undefined ? {} : { description }) })

const Commands = HttpApiGroup.make("commands")
  .add(
    HttpApiEndpoint.post("placeUnnamed", "/orders", {
      headers: commandHeaders,
      payload: PlacementUnnamed,
      success: placed,
      error: COMMAND_PROBLEMS,
    }).annotateMerge(
      about(
        "Place an order",
        "Without `orderId` the service names the order; with an Idempotency-Key a repeat finds the same order.",
      ),
    ),
    HttpApiEndpoint.put("place", "/orders/:orderId", {
      ...command,
      headers: { ...commandHeaders, "if-none-match": optionalText("`*`: place only a new order, else 412") },
      payload: Placement,
      success: placed,
    }).annotateMerge(about("Place an order under an id of your own")),
    HttpApiEndpoint.post("addLine", "/orders/:orderId/lines", { ...command, payload: NewLine }).annotateMerge(
      about("Add an article", "Before payment, one line per article."),
    ),
    HttpApiEndpoint.delete("removeLine", "/orders/:orderId/lines/:sku", {
      ...command,
      params: { ...order, sku: Schema.String },
    }).annotateMerge(about("Take an article off", "Before payment; the last line stays.")),
    HttpApiEndpoint.post("pay", "/orders/:orderId/pay", { ...command, payload: Payment }).annotateMerge(
      about("Pay", "Exactly the total, in the order's currency."),
    ),
    HttpApiEndpoint.post("ship", "/orders/:orderId/ship", { ...command, payload: Shipment }).annotateMerge(
      about("Hand a paid order to a carrier"),
    ),
    HttpApiEndpoint.post("deliver", "/orders/:orderId/deliver", {
      ...command,
      payload: [Delivery, Schema.Null],
    }).annotateMerge(about("Record the arrival", "The body may be empty.")),
    HttpApiEndpoint.post("cancel", "/orders/:orderId/cancel", {
      ...command,
      payload: Explanation,
    }).annotateMerge(about("Cancel an order that has not been shipped")),
    HttpApiEndpoint.post("return", "/orders/:orderId/return", {
      ...command,
      payload: Explanation,
    }).annotateMerge(about("Take a delivered order back")),
  )
  .annotateMerge(OpenApi.annotations({ title: "Commands", description: "Answered when durable." }))

const Queries = HttpApiGroup.make("queries")
  .add(
    HttpApiEndpoint.get("order", "/orders/:orderId", {
      params: order,
      headers: { "if-none-match": optionalText("304 where the order is still at this version") },
      success: HttpApiSchema.WithHeaders(OrderDocument, { etag: Schema.String }),
      error: READ_PROBLEMS,
    }).annotateMerge(about("An order as it is", "From its actor: your own writes are in it.")),
    HttpApiEndpoint.get("history", "/orders/:orderId/history", {
      params: order,
      query: { cursor, limit: pageSize(EVENTS_PER_PAGE) },
      success: EventPage,
      error: READ_PROBLEMS,
    }).annotateMerge(about("Its events, oldest first", "From the journal.")),
    HttpApiEndpoint.get("at", "/orders/:orderId/at", {
      params: order,
      query: {
        version: Schema.optionalKey(wholeNumber(0, Number.MAX_SAFE_INTEGER)),
        time: optionalText("RFC 3339, as in 2026-05-01T12:00:00Z"),
      },
      success: HttpApiSchema.WithHeaders(OrderDocument, { etag: Schema.String }),
      error: READ_PROBLEMS,
    }).annotateMerge(about("An order as it was", "At a version or at a time; from the journal.")),
    HttpApiEndpoint.get("audit", "/orders/:orderId/audit", {
      params: order,
      query: { cursor, limit: pageSize(EVENTS_PER_PAGE), after: afterSequence },
      success: EventPage,
      error: READ_PROBLEMS,
    }).annotateMerge(about("Who did what to it", "From the read model audit_log.")),
    HttpApiEndpoint.get("customerOrders", "/customers/:customerId/orders", {
      params: { customerId: Schema.String },
      query: {
        status: Schema.optionalKey(OrderStatus),
        cursor,
        limit: pageSize(ORDERS_PER_PAGE),
        after: afterSequence,
      },
      success: OrderPage,
      error: READ_PROBLEMS,
    }).annotateMerge(about("A customer's orders, newest first", "From the read model order_summary.")),
  )
  .annotateMerge(OpenApi.annotations({ title: "Queries" }))

export const OrderApi = HttpApi.make("orders")
  .add(Commands)
  .add(Queries)
  // A client learns of everything that is wrong with a request at once.
  .annotate(HttpApi.ParseOptions, { errors: "all" })
  .annotateMerge(
    OpenApi.annotations({
      title: "Everstate orders",
      version: "1",
      description: "Orders as durable statecharts. Every error is a problem document (RFC 9457).",
    }),
  )

const METHODS = ["GET", "PUT", "POST", "DELETE"] as const

const methodsByPath = FindMyWay.make<true>()
for (const group of Object.values(OrderApi.groups)) {
  for (const { method, path } of Object.values(group.endpoints)) methodsByPath.on(method, path, true)
}

/** Methods that the API has for the path; none where it has no such path. */
export const methodsAt = (url: string): ReadonlyArray<string> =>
  METHODS.filter((method) => methodsByPath.find(method, url) !== undefined)
