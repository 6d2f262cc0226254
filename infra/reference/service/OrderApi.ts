/**
 * The service's own routes, in the words of the domain, with their parameters and answers. The gateway has all
 * others: the states, the past and the commands of any actor, and what operators need.
 *
 * Commands change an order and are answered when their events are durable; queries read. Bodies:
 * OrderDocuments.ts, errors: infra/http/Problem.ts, what the routes do: OrderCommandRoutes.ts and
 * OrderQueryRoutes.ts.
 */
import { Schema } from "effect"
import { HttpApi, HttpApiEndpoint, HttpApiGroup, HttpApiSchema, OpenApi } from "effect/http-api"
import { EmailAddress } from "../../../actors/EmailAddress.ts"
import {
  about,
  afterSequence,
  commandHeaders,
  cursor,
  optionalText,
  pageSize,
  pathId,
  versionHeaders,
} from "../../http/CommandEndpoint.ts"
import { COMMAND_PROBLEMS, READ_PROBLEMS } from "../../http/Problem.ts"
import {
  CommandAccepted,
  Delivery,
  EventPage,
  Explanation,
  FoundPage,
  HistoryPage,
  NewLine,
  OrderDocument,
  OrderPage,
  OrderStatus,
  Payment,
  Placement,
  PlacementUnnamed,
  Shipment,
  StockDelivery,
  StockReceived,
} from "./OrderDocuments.ts"

/** Events on a page of history or audit: the default, and the maximum. */
export const EVENTS_PER_PAGE = { default: 100, max: 1_000 }

/** Orders on a page of a customer's list: the default, and the maximum. */
export const ORDERS_PER_PAGE = { default: 20, max: 100 }

const order = { orderId: pathId }

const accepted = HttpApiSchema.WithHeaders(CommandAccepted, versionHeaders)

const placed = HttpApiSchema.WithHeaders(CommandAccepted.pipe(HttpApiSchema.status(201)), {
  ...versionHeaders,
  location: Schema.String,
})

const command = { params: order, headers: commandHeaders, success: accepted, error: COMMAND_PROBLEMS }

const OrderCommands = HttpApiGroup.make("commands")
  .add(
    HttpApiEndpoint.post("placeUnnamed", "/orders", {
      headers: commandHeaders,
      payload: PlacementUnnamed,
      success: placed,
      error: COMMAND_PROBLEMS,
    }).annotateMerge(
      about(
        "Place an order",
        "The service makes the id of the order. A repeat with the same Idempotency-Key finds the same order.",
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
      params: { ...order, sku: pathId },
    }).annotateMerge(about("Remove an article", "Before payment; the last line cannot be removed.")),
    HttpApiEndpoint.post("pay", "/orders/:orderId/pay", { ...command, payload: Payment }).annotateMerge(
      about("Pay an order", "The amount is exactly the total, in the order's currency."),
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
    HttpApiEndpoint.post("receiveStock", "/stock/:sku/receive", {
      ...command,
      params: { sku: pathId },
      payload: StockDelivery,
      success: HttpApiSchema.WithHeaders(StockReceived, versionHeaders),
    }).annotateMerge(about("Add a delivery to the stock", "A delivery counts once for each `deliveryId`.")),
  )
  .annotateMerge(
    OpenApi.annotations({
      title: "Commands",
      description: "A command is answered when its events are durable.",
    }),
  )

const OrderQueries = HttpApiGroup.make("queries")
  .add(
    HttpApiEndpoint.get("find", "/orders", {
      query: { email: EmailAddress, cursor, limit: pageSize(ORDERS_PER_PAGE), after: afterSequence },
      success: FoundPage,
      error: READ_PROBLEMS,
    }).annotateMerge(
      about("Orders by their customer's e-mail address", "From the read model orders_with_customers."),
    ),
    HttpApiEndpoint.get("order", "/orders/:orderId", {
      params: order,
      headers: { "if-none-match": optionalText("304 if the order is still at this version") },
      success: HttpApiSchema.WithHeaders(OrderDocument, { etag: Schema.String }),
      error: READ_PROBLEMS,
    }).annotateMerge(about("The current state of an order", "From its actor, so it has your own writes.")),
    HttpApiEndpoint.get("history", "/orders/:orderId/history", {
      params: order,
      query: { cursor, limit: pageSize(EVENTS_PER_PAGE) },
      success: HistoryPage,
      error: READ_PROBLEMS,
    }).annotateMerge(about("The birth and the events of an order, oldest first", "From the journal.")),
    HttpApiEndpoint.get("audit", "/orders/:orderId/audit", {
      params: order,
      query: { cursor, limit: pageSize(EVENTS_PER_PAGE), after: afterSequence },
      success: EventPage,
      error: READ_PROBLEMS,
    }).annotateMerge(about("All changes of an order, each with its user", "From the read model audit_log.")),
    HttpApiEndpoint.get("customerOrders", "/customers/:customerId/orders", {
      params: { customerId: pathId },
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
  .add(OrderCommands)
  .add(OrderQueries)
  // An answer lists everything that is wrong with a request.
  .annotate(HttpApi.ParseOptions, { errors: "all" })
  .annotateMerge(
    OpenApi.annotations({
      title: "Everstate orders",
      version: "1",
      description: "Orders as durable statecharts. Every error is a problem document (RFC 9457).",
    }),
  )
