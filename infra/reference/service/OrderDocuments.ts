/**
 * The bodies of the order API: what clients send and what they get, as JSON.
 *
 * Owns the shapes and how an order's state, events and rows become them. Bounds and meanings are the domain's
 * (actors/order). The routes are in OrderApi.ts.
 */
import { Schema } from "effect"
import { Carrier, SignedBy, TrackingNumber } from "../../../actors/Carriage.ts"
import { Currency } from "../../../actors/Currency.ts"
import { Money } from "../../../actors/Money.ts"
import type { Order } from "../../../actors/order/Order.ts"
import { CustomerId, Fulfilment, PaymentId, Reason } from "../../../actors/order/OrderEvents.ts"
import { OrderLine, OrderLines } from "../../../actors/order/OrderLine.ts"
import {
  type EventsOf,
  type HistoryBirth,
  type ProjectedEvent,
  type StateOf,
  stateName,
} from "../../effect.ts"
import { isoTime } from "../../http/IsoTime.ts"
import { SagaSummary } from "./SagaDocument.ts"

/** States of an order that exists. */
export const ORDER_STATUSES = [
  "placed",
  "paid",
  "fulfilling",
  "confirmed",
  "shipped",
  "delivered",
  "returned",
  "cancelled",
  "rejected",
  "expired",
] as const

export const OrderStatus = Schema.Literals(ORDER_STATUSES)

const placement = {
  customerId: CustomerId,
  currency: Currency,
  lines: OrderLines,
  fulfilment: Schema.optionalKey(
    Fulfilment.annotate({ description: "With it the order is paid and sent without further requests" }),
  ),
}

/** What a client places under an id of its own. */
export const Placement = Schema.Struct(placement).annotate({ identifier: "Placement" })

/** What a client places and lets the service name. */
export const PlacementUnnamed = Schema.Struct({
  orderId: Schema.optionalKey(Schema.String.annotate({ description: "Made up where it is missing" })),
  ...placement,
}).annotate({ identifier: "PlacementUnnamed" })

export const Payment = Schema.Struct({ amount: Money, paymentId: PaymentId }).annotate({
  identifier: "Payment",
})

export const Shipment = Schema.Struct({ carrier: Carrier, trackingNumber: TrackingNumber }).annotate({
  identifier: "Shipment",
})

export const Delivery = Schema.Struct({ signedBy: Schema.optionalKey(SignedBy) }).annotate({
  identifier: "Delivery",
})

export const Explanation = Schema.Struct({ reason: Reason }).annotate({ identifier: "Explanation" })

export const NewLine = OrderLine.annotate({ identifier: "OrderLine" })

/** The answer to an accepted command. */
export const CommandAccepted = Schema.Struct({
  orderId: Schema.String,
  version: Schema.Int.annotate({ description: "Of the order after the command; also the ETag" }),
  sequence: Schema.Int.annotate({
    description: "Give it as `after` to a list to find this change there; also the header Everstate-Sequence",
  }),
  duplicate: Schema.Boolean.annotate({
    description:
      "The command had been applied before under its Idempotency-Key; this is the answer from then",
  }),
  total: Schema.optionalKey(Money.annotate({ description: "Of a placed order" })),
}).annotate({ identifier: "CommandAccepted" })

const timestamp = (description: string) => Schema.String.annotate({ description, format: "date-time" })

/** An order as its actor knows it. */
export const OrderDocument = Schema.Struct({
  orderId: Schema.String,
  status: OrderStatus,
  customerId: Schema.String,
  total: Money,
  lines: Schema.Array(OrderLine),
  deliveredAt: Schema.optionalKey(timestamp("When it was delivered")),
  fulfilment: Schema.optionalKey(
    SagaSummary.annotate({ description: "How far the saga is that pays and sends it; as it is now" }),
  ),
  version: Schema.Int,
  at: Schema.optionalKey(timestamp("Time of the last event; for an order of the past")),
}).annotate({ identifier: "Order" })
export type OrderDocument = typeof OrderDocument.Type

const eventFields = {
  version: Schema.Int,
  sequence: Schema.Int,
  at: timestamp("When it was decided"),
  type: Schema.String,
  data: Schema.Record(Schema.String, Schema.Unknown),
  commandId: Schema.String.annotate({ description: "The Idempotency-Key, where the client sent one" }),
  user: Schema.optionalKey(Schema.String),
  correlationId: Schema.optionalKey(Schema.String),
  trace: Schema.optionalKey(Schema.String.annotate({ description: "W3C traceparent" })),
}

/** One event of an order and everything known about it. */
export const EventDocument = Schema.Struct(eventFields).annotate({ identifier: "OrderEvent" })
export type EventDocument = typeof EventDocument.Type

const eventPageFields = {
  orderId: Schema.String,
  events: Schema.Array(EventDocument),
  next: Schema.optionalKey(
    Schema.String.annotate({ description: "Give it as `cursor` for the next page; absent on the last" }),
  ),
}

/** One page of events, oldest first. */
export const EventPage = Schema.Struct(eventPageFields).annotate({ identifier: "OrderEventPage" })

/** How an order came about. */
const BirthDocument = Schema.Struct({
  sequence: Schema.Int,
  at: timestamp("When it was born"),
  input: Schema.optionalKey(Schema.Unknown.annotate({ description: "What it was born with" })),
}).annotate({ identifier: "OrderBirth" })

/** One page of events, oldest first, with the birth before the first event. */
export const HistoryPage = Schema.Struct({
  ...eventPageFields,
  birth: Schema.optionalKey(BirthDocument.annotate({ description: "On the first page only" })),
}).annotate({ identifier: "OrderHistoryPage" })

export const birthDocument = ({ at, ...birth }: HistoryBirth): typeof BirthDocument.Type => ({
  ...birth,
  at: isoTime(at),
})

/** One row of a customer's list. */
export const OrderListItem = Schema.Struct({
  orderId: Schema.String,
  status: OrderStatus,
  total: Money,
  lineCount: Schema.Int,
  placedAt: timestamp("When it was placed"),
  updatedAt: timestamp("When it last changed"),
  version: Schema.Int,
}).annotate({ identifier: "OrderListItem" })
export type OrderListItem = typeof OrderListItem.Type

/** One row of what a search found. */
export const FoundOrder = Schema.Struct({
  ...OrderListItem.fields,
  customerId: Schema.String,
  customerName: Schema.String,
}).annotate({ identifier: "FoundOrder" })
export type FoundOrder = typeof FoundOrder.Type

export const FoundPage = Schema.Struct({
  orders: Schema.Array(FoundOrder),
  next: Schema.optionalKey(
    Schema.String.annotate({ description: "Give it as `cursor` for the next page; absent on the last" }),
  ),
}).annotate({ identifier: "FoundOrderPage" })

export const OrderPage = Schema.Struct({
  customerId: Schema.String,
  orders: Schema.Array(OrderListItem),
  next: Schema.optionalKey(
    Schema.String.annotate({ description: "Give it as `cursor` for the next page; absent on the last" }),
  ),
}).annotate({ identifier: "OrderPage" })

/** The order, or `undefined` for one that was never placed. */
export const orderDocument = (
  orderId: string,
  version: number,
  state: StateOf<typeof Order>,
  atMs?: number,
): OrderDocument | undefined => {
  const { customerId, total, lines, deliveredAtMs } = state.context
  if (version === 0 || customerId === null || total === null) return undefined
  return {
    orderId,
    status: stateName(state.value) as OrderDocument["status"],
    customerId,
    total,
    lines,
    ...(deliveredAtMs === null ? {} : { deliveredAt: isoTime(deliveredAtMs) }),
    version,
    ...(atMs === undefined ? {} : { at: isoTime(atMs) }),
  }
}

/** An event with the metadata that is there. */
export const eventDocument = (projected: ProjectedEvent<EventsOf<typeof Order>>): EventDocument => {
  const { type, ...data } = projected.event
  const { user, correlationId, trace } = projected.metadata
  return {
    version: projected.version,
    sequence: projected.sequence,
    at: isoTime(projected.at),
    type,
    data,
    commandId: projected.commandId,
    ...(user === undefined ? {} : { user }),
    ...(correlationId === undefined ? {} : { correlationId }),
    ...(trace === undefined ? {} : { trace }),
  }
}
