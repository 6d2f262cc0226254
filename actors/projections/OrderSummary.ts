/**
 * `order_summary`: one row for each order, for lists and for reading one order without its actor.
 *
 * A fold: a pure function from row and event to row. Its indexes serve "a customer's orders, newest first",
 * with and without a status. All events of an order: AuditLog.ts. The order's customer:
 * OrdersWithCustomers.ts.
 */
import { Schema } from "effect"
import { defineProjection, type EventsOf, type ProjectedEvent, type RowOf } from "../../runtime/index.ts"
import { Order } from "../order/Order.ts"
import { linesTotal, lineTotal, type OrderLine } from "../order/OrderLine.ts"

export const orderSummaryColumns = {
  order_id: "text not null",
  customer_id: "text not null",
  /** The state of the machine, at first `placed` or `fulfilling`. */
  status: "text not null",
  /** ISO 4217; all `_minor` columns are minor units of it. */
  currency: "text not null",
  total_minor: "bigint not null",
  line_count: "integer not null",
  payment_id: "text",
  carrier: "text",
  tracking_number: "text",
  /** Reason of the cancellation, rejection or return. */
  closing_reason: "text",
  refund_minor: "bigint",
  /** Time of the placement, Unix milliseconds, as in all `_at` columns. */
  placed_at: "bigint not null",
  paid_at: "bigint",
  shipped_at: "bigint",
  delivered_at: "bigint",
  closed_at: "bigint",
  updated_at: "bigint not null",
  /** Version of the order's last event. */
  version: "integer not null",
} as const

/** A row of `order_summary`. */
export type OrderSummaryRow = RowOf<typeof orderSummaryColumns>

type OrderEvent = EventsOf<typeof Order>
type Placed = Extract<OrderEvent, { readonly type: "OrderPlaced" }>
type Later = Exclude<OrderEvent, Placed>

/** An order's first event was not OrderPlaced: a broken invariant of the journal or of the projection's offset. */
export class OrderNeverPlaced extends Schema.TaggedError<OrderNeverPlaced>()("OrderNeverPlaced", {
  orderId: Schema.String,
  eventType: Schema.String,
  version: Schema.Number,
}) {
  override get message(): string {
    return `Order "${this.orderId}" has ${this.eventType} as version ${this.version}, but was never placed`
  }
}

const placed = ({ id, at, version }: ProjectedEvent, event: Placed): OrderSummaryRow => ({
  order_id: id,
  customer_id: event.customerId,
  status: event.fulfilment === null ? "placed" : "fulfilling",
  currency: event.currency,
  total_minor: linesTotal(event.lines, event.currency).minor,
  line_count: event.lines.length,
  payment_id: null,
  carrier: null,
  tracking_number: null,
  closing_reason: null,
  refund_minor: null,
  placed_at: at,
  paid_at: null,
  shipped_at: null,
  delivered_at: null,
  closed_at: null,
  updated_at: at,
  version,
})

const lineMinor = (row: OrderSummaryRow, line: OrderLine): number => lineTotal(line, row.currency).minor

/** The columns that an event changes, except `updated_at` and `version`. */
const changes = (row: OrderSummaryRow, event: Later, at: number): Partial<OrderSummaryRow> => {
  switch (event.type) {
    case "LineAdded":
      return { line_count: row.line_count + 1, total_minor: row.total_minor + lineMinor(row, event.line) }
    case "LineRemoved":
      return { line_count: row.line_count - 1, total_minor: row.total_minor - lineMinor(row, event.line) }
    case "OrderPaid":
      return { status: "paid", payment_id: event.paymentId, paid_at: at }
    case "OrderConfirmed":
      return { status: "confirmed", payment_id: event.paymentId, paid_at: at }
    case "OrderRejected":
      return { status: "rejected", closing_reason: event.reason, closed_at: at }
    case "OrderExpired":
      return { status: "expired", closed_at: at }
    case "OrderShipped":
      return {
        status: "shipped",
        carrier: event.carrier,
        tracking_number: event.trackingNumber,
        shipped_at: at,
      }
    case "OrderDelivered":
      return { status: "delivered", delivered_at: event.deliveredAtMs }
    case "OrderCancelled":
      return closed("cancelled", event, at)
    case "OrderReturned":
      return closed("returned", event, event.returnedAtMs)
  }
}

const closed = (
  status: "cancelled" | "returned",
  { reason, refund }: Extract<Later, { readonly refund: unknown }>,
  closedAtMs: number,
): Partial<OrderSummaryRow> => ({
  status,
  closing_reason: reason,
  refund_minor: refund === null ? null : refund.minor,
  closed_at: closedAtMs,
})

/** The row of an order after its next event. Throws {@link OrderNeverPlaced}. */
export const foldOrderSummary = (
  row: OrderSummaryRow | undefined,
  projected: ProjectedEvent<OrderEvent>,
): OrderSummaryRow => {
  const { id, event, at, version } = projected
  if (event.type === "OrderPlaced") return placed(projected, event)
  if (row === undefined) throw new OrderNeverPlaced({ orderId: id, eventType: event.type, version })
  return { ...row, ...changes(row, event, at), updated_at: at, version }
}

export const OrderSummary = defineProjection({
  name: "order_summary",
  version: 1,
  from: [Order],
  table: {
    name: "order_summary",
    columns: orderSummaryColumns,
    primaryKey: ["order_id"],
    indexes: [
      "customer_id, placed_at desc, order_id desc",
      "customer_id, status, placed_at desc, order_id desc",
    ],
  },
  key: ({ id }) => ({ order_id: id }),
  fold: foldOrderSummary,
})
