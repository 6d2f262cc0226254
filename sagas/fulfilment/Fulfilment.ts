/**
 * The fulfilment of an order as a saga: it asks stock, payment and shipment one after the other, and undoes
 * them in reverse order if one of them refuses.
 *
 *     reserve every line → authorise the payment → schedule the shipment → capture → confirm the order → call it shipped
 *
 * Up to the last of these steps everything can be undone, the order's confirmation included. After it the
 * saga asks no more: it calls in the promises (`completed`), and no participant can refuse. Its id is the
 * order's. The same flow without a coordinator: ../choreography/.
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

/** Longest wait for a payment, in milliseconds. The provider is tried repeatedly within it. */
export const PAYMENT_TIMEOUT_MS = 120_000

/** The data of an order that its fulfilment needs. */
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
      // No compensation here, because undoing the authorisation also undoes the capture.
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

/** The reason of the rejection for the customer. An operator's reason may be any text. */
const reasonOf = ({ kind, item, reason }: SagaCause): string => {
  const text = item === null ? reason : `${item}: ${reason}`
  return text.slice(0, REASON_LENGTH_MAX).replace(UNPRINTABLE, " ").trim() || kind
}

const UNPRINTABLE = /[\p{Cc}\p{Cs}]+/gu
