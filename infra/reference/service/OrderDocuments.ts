/**
 * The bodies of the order API, as JSON: requests and answers.
 *
 * Owns their shapes, and how an order's state, events and rows become them. The domain (actors/order) says
 * which values are valid. The routes are in OrderApi.ts.
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
    Fulfilment.annotate({
      description: "Address and card: with them the order is paid and sent without further requests",
    }),
  ),
}

/** Body of an order whose id the client gives. */
export const Placement = Schema.Struct(placement).annotate({ identifier: "Placement" })

/** Body of an order whose id the service may make. */
export const PlacementUnnamed = Schema.Struct({
  orderId: Schema.optionalKey(
    Schema.String.annotate({ description: "Id of the order; generated if missing" }),
  ),
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
  version: Schema.Int.annotate({ description: "Version of the order after the command; also the ETag" }),
  sequence: Schema.Int.annotate({
    description: "Value of `after` for a list that must have this change; also the header Everstate-Sequence",
  }),
  duplicate: Schema.Boolean.annotate({
    description: "True: the command was applied before under this Idempotency-Key; this is its first answer",
  }),
  total: Schema.optionalKey(Money.annotate({ description: "Total of a placed order" })),
}).annotate({ identifier: "CommandAccepted" })

const timestamp = (description: string) => Schema.String.annotate({ description, format: "date-time" })

/** An order as its actor has it. */
export const OrderDocument = Schema.Struct({
  orderId: Schema.String,
  status: OrderStatus,
  customerId: Schema.String,
  total: Money,
  lines: Schema.Array(OrderLine),
  deliveredAt: Schema.optionalKey(timestamp("Time of delivery")),
  fulfilment: Schema.optionalKey(
    SagaSummary.annotate({ description: "Current state of the saga that pays and sends the order" }),
  ),
  version: Schema.Int,
  at: Schema.optionalKey(timestamp("Time of the last event; only in a past state")),
}).annotate({ identifier: "Order" })
export type OrderDocument = typeof OrderDocument.Type

const eventFields = {
  version: Schema.Int,
  sequence: Schema.Int,
  at: timestamp("Time of the decision"),
  type: Schema.String,
  data: Schema.Record(Schema.String, Schema.Unknown),
  commandId: Schema.String.annotate({ description: "The Idempotency-Key, if the client sent one" }),
  user: Schema.optionalKey(Schema.String),
  correlationId: Schema.optionalKey(Schema.String),
  trace: Schema.optionalKey(Schema.String.annotate({ description: "W3C traceparent" })),
}

/** One event of an order with its metadata. */
export const EventDocument = Schema.Struct(eventFields).annotate({ identifier: "OrderEvent" })
export type EventDocument = typeof EventDocument.Type

const eventPageFields = {
  orderId: Schema.String,
  events: Schema.Array(EventDocument),
  next: Schema.optionalKey(
    Schema.String.annotate({ description: "Value of `cursor` for the next page; absent on the last page" }),
  ),
}

/** One page of events, oldest first. */
export const EventPage = Schema.Struct(eventPageFields).annotate({ identifier: "OrderEventPage" })

/** The birth of an order. */
const BirthDocument = Schema.Struct({
  sequence: Schema.Int,
  at: timestamp("Time of the birth"),
  input: Schema.optionalKey(Schema.Unknown.annotate({ description: "Input of the birth" })),
}).annotate({ identifier: "OrderBirth" })

/** One page of events, oldest first, with the birth before the first event. */
export const HistoryPage = Schema.Struct({
  ...eventPageFields,
  birth: Schema.optionalKey(
    BirthDocument.annotate({ description: "Birth of the order; on the first page only" }),
  ),
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
  placedAt: timestamp("Time at which the order was placed"),
  updatedAt: timestamp("Time of the last change"),
  version: Schema.Int,
}).annotate({ identifier: "OrderListItem" })
export type OrderListItem = typeof OrderListItem.Type

/** One row of a search's result. */
export const FoundOrder = Schema.Struct({
  ...OrderListItem.fields,
  customerId: Schema.String,
  customerName: Schema.String,
}).annotate({ identifier: "FoundOrder" })
export type FoundOrder = typeof FoundOrder.Type

export const FoundPage = Schema.Struct({
  orders: Schema.Array(FoundOrder),
  next: Schema.optionalKey(
    Schema.String.annotate({ description: "Value of `cursor` for the next page; absent on the last page" }),
  ),
}).annotate({ identifier: "FoundOrderPage" })

export const OrderPage = Schema.Struct({
  customerId: Schema.String,
  orders: Schema.Array(OrderListItem),
  next: Schema.optionalKey(
    Schema.String.annotate({ description: "Value of `cursor` for the next page; absent on the last page" }),
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

/** An event with the metadata that it has. */
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
