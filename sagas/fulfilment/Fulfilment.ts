/**
 * The fulfilment of an order, orchestrated: stock, payment and shipment are asked one after the other, and undone in
 * reverse order when one of them says no.
 *
 *     reserve every line → authorise the payment → schedule the shipment → capture → confirm the order → call it shipped
 *
 * Up to there everything can be undone, the order's own word included. After it nobody is asked any more: what was
 * promised is called in (`completed`), and none of those who promised can refuse. Its id is the order's. The same flow
 * without anybody in the middle: ../choreography/.
 */
import { Schema } from "effect"
import { Currency } from "../../actors/Currency.ts"
import { Inventory } from "../../actors/inventory/Inventory.ts"
import { Order } from "../../actors/order/Order.ts"
import { Fulfilment as Means, REASON_LENGTH_MAX } from "../../actors/order/OrderEvents.ts"
import { linesTotal, OrderLines } from "../../actors/order/OrderLine.ts"
import { Payment } from "../../actors/payment/Payment.ts"
import { Shipment } from "../../actors/shipment/Shipment.ts"
import { defineSaga, type SagaCause, send } from "../../runtime/index.ts"
import { informShipped, parcelOf } from "../delivery/Parcel.ts"

/** Longest wait for a payment, in milliseconds; the gateway is tried again and again within it. */
export const PAYMENT_TIMEOUT_MS = 120_000

/** What an order needs of its fulfilment. */
export const FulfilmentInput = Schema.Struct({
  customerId: Schema.String,
  currency: Currency,
  lines: OrderLines,
  ...Means.fields,
})

export const Fulfilment = defineSaga({
  type: "fulfilment",
  input: FulfilmentInput,
  startsWhen: {
    from: Order,
    event: "OrderPlaced",
    saga: ({ event: { customerId, currency, lines, fulfilment }, id }) =>
      fulfilment === null ? undefined : { id, input: { customerId, currency, lines, ...fulfilment } },
  },
  steps: (saga) =>
    saga
      .forEach("reserveStock", {
        items: ({ input }) => input.lines,
        key: ({ sku }) => sku,
        request: ({ item: { sku, quantity }, sagaId }) => ({
          actor: Inventory,
          id: sku,
          command: { type: "Reserve", reservationId: sagaId, quantity },
        }),
        compensate: ({ item: { sku }, sagaId }) => ({
          actor: Inventory,
          id: sku,
          command: { type: "Release", reservationId: sagaId },
        }),
      })
      .step("takePayment", {
        timeoutMs: PAYMENT_TIMEOUT_MS,
        request: ({ input: { lines, currency, card }, sagaId }) => ({
          actor: Payment,
          id: sagaId,
          command: { type: "Authorise", amount: linesTotal(lines, currency), card },
        }),
        compensate: ({ sagaId }) => ({ actor: Payment, id: sagaId, command: { type: "Void" } }),
      })
      .step("scheduleShipment", {
        request: ({ input: { address }, sagaId }) => ({
          actor: Shipment,
          id: sagaId,
          command: { type: "Schedule", address },
        }),
        compensate: ({ sagaId }) => ({
          actor: Shipment,
          id: sagaId,
          command: { type: "CancelShipment", reason: "the order was not fulfilled" },
        }),
      })
      // Undone by what undoes the authorisation.
      .step("capturePayment", {
        timeoutMs: PAYMENT_TIMEOUT_MS,
        request: ({ sagaId }) => ({ actor: Payment, id: sagaId, command: { type: "Capture" } }),
      })
      .step("confirmOrder", {
        request: ({ sagaId }) => ({
          actor: Order,
          id: sagaId,
          command: { type: "Confirm", paymentId: sagaId },
        }),
      })
      .step("shipOrder", {
        request: ({ sagaId }) => ({
          actor: Order,
          id: sagaId,
          command: { type: "Ship", ...parcelOf(sagaId) },
        }),
      }),
  completed: ({ input: { customerId, lines }, sagaId }) => [
    ...lines.map(({ sku }) =>
      send.tell({ actor: Inventory, id: sku, command: { type: "Commit", reservationId: sagaId } }),
    ),
    send.tell({ actor: Shipment, id: sagaId, command: { type: "Dispatch", ...parcelOf(sagaId) } }),
    informShipped(customerId, sagaId),
  ],
  compensated: ({ cause, sagaId }) => [
    send.tell({ actor: Order, id: sagaId, command: { type: "Reject", reason: reasonOf(cause) } }),
  ],
})

/** Why the order was rejected, as its customer may read it. What an operator wrote may be anything. */
const reasonOf = ({ kind, item, reason }: SagaCause): string => {
  const text = item === null ? reason : `${item}: ${reason}`
  return text.slice(0, REASON_LENGTH_MAX).replace(UNPRINTABLE, " ").trim() || kind
}

const UNPRINTABLE = /[\p{Cc}\p{Cs}]+/gu
