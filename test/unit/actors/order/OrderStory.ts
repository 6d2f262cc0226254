/** An order that goes all the way, event by event, and cuts of it. */
import type { Money } from "../../../../actors/Money.ts"
import type { Fulfilment, OrderEvent } from "../../../../actors/order/OrderEvents.ts"
import type { OrderLine } from "../../../../actors/order/OrderLine.ts"
import { NOW_MS } from "./OrderScenario.ts"

export const tea: OrderLine = { sku: "TEA-100", quantity: 2, unitPriceMinor: 9_000 }
export const cup: OrderLine = { sku: "CUP-1", quantity: 1, unitPriceMinor: 12_500 }
export const pot: OrderLine = { sku: "POT-2", quantity: 1, unitPriceMinor: 49_000 }

/** Of tea and cup. */
export const total: Money = { minor: 30_500, currency: "KRW" }

export const placed = {
  type: "OrderPlaced",
  customerId: "c-7",
  currency: "KRW",
  lines: [tea, cup],
  fulfilment: null,
} satisfies OrderEvent

export const fulfilment: Fulfilment = {
  address: {
    recipient: "K. Lee",
    street: "Sejong-daero 110",
    postalCode: "04524",
    city: "Seoul",
    country: "KR",
  },
  card: "card-1",
}
export const placedToFulfil = { ...placed, fulfilment } satisfies OrderEvent
export const confirmed = { type: "OrderConfirmed", paymentId: "o-1" } satisfies OrderEvent
export const rejected = { type: "OrderRejected", reason: "OutOfStock" } satisfies OrderEvent
export const expired = { type: "OrderExpired" } satisfies OrderEvent
export const paid = { type: "OrderPaid", amount: total, paymentId: "pay-1" } satisfies OrderEvent
export const shipped = { type: "OrderShipped", carrier: "CJ", trackingNumber: "T-1" } satisfies OrderEvent
export const delivered = { type: "OrderDelivered", deliveredAtMs: NOW_MS } satisfies OrderEvent
export const returned = {
  type: "OrderReturned",
  reason: "leaks",
  returnedAtMs: NOW_MS,
  refund: total,
} satisfies OrderEvent
export const cancelled = {
  type: "OrderCancelled",
  reason: "changed my mind",
  refund: null,
} satisfies OrderEvent
export const refunded = { type: "OrderCancelled", reason: "too slow", refund: total } satisfies OrderEvent

/** The events that lead to each state. */
export const historyOf = {
  draft: [],
  placed: [placed],
  paid: [placed, paid],
  shipped: [placed, paid, shipped],
  delivered: [placed, paid, shipped, delivered],
  returned: [placed, paid, shipped, delivered, returned],
  cancelled: [placed, cancelled],
  fulfilling: [placedToFulfil],
  confirmed: [placedToFulfil, confirmed],
  rejected: [placedToFulfil, rejected],
  expired: [placedToFulfil, expired],
} satisfies { readonly [state: string]: ReadonlyArray<OrderEvent> }
