/**
 * The bodies of the order API, as JSON: requests and answers.
 *
 * Owns their shapes, and how an order's state, events and rows become them. The domain (actors/order) says
 * which values are valid. The routes are in OrderApi.ts.
 */
import { Schema } from "effect"
import { Carrier, SignedBy, TrackingNumber } from "../../../actors/Carriage.ts"
import { Currency } from "../../../actors/Currency.ts"
import { DeliveryId, Units } from "../../../actors/inventory/InventoryEvents.ts"
import { Money } from "../../../actors/Money.ts"
import type { Order } from "../../../actors/order/Order.ts"
import { CustomerId, Fulfilment, PaymentId, Reason } from "../../../actors/order/OrderEvents.ts"
import { OrderLine, OrderLines } from "../../../actors/order/OrderLine.ts"
import type { SagaState } from "../../../runtime/saga.ts"
import { type CurrentState, type StateOf, stateName } from "../../effect.ts"
import { Birth, HistoryItem } from "../../gateway/ActorApi.ts"
import { SagaDocument, sagaDocument } from "../../gateway/SagaDocument.ts"
import { isoTime } from "../../http/IsoTime.ts"

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

export const StockDelivery = Schema.Struct({
  deliveryId: DeliveryId.annotate({
    description: "Id that the supplier gave the delivery; a delivery counts once",
  }),
  quantity: Units,
}).annotate({ identifier: "StockDelivery" })

/** The answer to a delivery. */
export const StockReceived = Schema.Struct({
  sku: Schema.String,
  version: Schema.Int,
  sequence: Schema.Int,
  duplicate: Schema.Boolean,
}).annotate({ identifier: "StockReceived" })

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

const { state, cause, stuck } = SagaDocument.fields

/** The part of a fulfilment that its order shows; `/sagas/fulfilment/{id}` has the rest. */
const Fulfilling = Schema.Struct({ state, cause, stuck }).annotate({ identifier: "OrderFulfilment" })

export const fulfilling = (id: string, now: CurrentState<SagaState>): typeof Fulfilling.Type => {
  const { state, cause, stuck } = sagaDocument({ type: "fulfilment", id }, now)
  return {
    state,
    ...(cause === undefined ? {} : { cause }),
    ...(stuck === undefined ? {} : { stuck }),
  }
}

/** An order as its actor has it. */
export const OrderDocument = Schema.Struct({
  orderId: Schema.String,
  status: OrderStatus,
  customerId: Schema.String,
  total: Money,
  lines: Schema.Array(OrderLine),
  deliveredAt: Schema.optionalKey(timestamp("Time of delivery")),
  fulfilment: Schema.optionalKey(
    Fulfilling.annotate({ description: "Current state of the saga that pays and sends the order" }),
  ),
  version: Schema.Int,
}).annotate({ identifier: "Order" })
export type OrderDocument = typeof OrderDocument.Type

const eventPageFields = {
  orderId: Schema.String,
  events: Schema.Array(HistoryItem),
  next: Schema.optionalKey(
    Schema.String.annotate({ description: "Value of `cursor` for the next page; absent on the last page" }),
  ),
}

/** One page of events, oldest first. */
export const EventPage = Schema.Struct(eventPageFields).annotate({ identifier: "OrderEventPage" })

/** One page of events, oldest first, with the birth before the first event. */
export const HistoryPage = Schema.Struct({
  ...eventPageFields,
  birth: Schema.optionalKey(Birth),
}).annotate({ identifier: "OrderHistoryPage" })

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
  }
}
