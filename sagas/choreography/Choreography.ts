/**
 * The fulfilment of an order without a coordinator: each participant reacts to the events of the others.
 *
 *     order placed → checklist opened → stock reserved, payment authorised, shipment scheduled: all at once
 *         → checklist complete → payment captured → order confirmed and shipped → checklist closed
 *         → stock committed, parcel dispatched, customer informed
 *
 * Any refusal on the way fails the checklist, and then each participant undoes its part. Each reactor tells
 * its participant in the order of the events, so an undo never overtakes the promise. The same flow with a
 * coordinator: ../fulfilment/Fulfilment.ts. A system has only one of the two for its whole life, because each
 * starts with the oldest order.
 */
import { Inventory } from "../../actors/inventory/Inventory.ts"
import { Order } from "../../actors/order/Order.ts"
import { linesTotal } from "../../actors/order/OrderLine.ts"
import { Payment } from "../../actors/payment/Payment.ts"
import { Shipment } from "../../actors/shipment/Shipment.ts"
import { defineReactor, type Outgoing, send } from "../../runtime/index.ts"
import { informShipped, parcelOf } from "../delivery/Parcel.ts"
import { Checklist, PAYMENT_ITEM, SHIPMENT_ITEM, stockItem } from "./Checklist.ts"

const tick = (orderId: string, item: string): Outgoing =>
  send.tell({ actor: Checklist, id: orderId, command: { type: "Tick", item } })

const strike = (orderId: string, reason: string): Outgoing =>
  send.tell({ actor: Checklist, id: orderId, command: { type: "Strike", reason } })

/** Ticks and strikes the checklists. */
const checklists = defineReactor({
  name: "fulfil-checklists",
  from: [Order, Inventory, Payment, Shipment],
  on: {
    OrderPlaced: ({ customerId, currency, lines, fulfilment }, { id }) =>
      fulfilment === null
        ? undefined
        : send.tell({
            actor: Checklist,
            id,
            command: { type: "Open", customerId, currency, lines, ...fulfilment },
          }),
    OrderCancelled: ({ reason }, { id }) => strike(id, reason),
    OrderRejected: ({ reason }, { id }) => strike(id, reason),
    OrderExpired: (_, { id }) => strike(id, "the order expired"),
    OrderShipped: (_, { id }) => send.tell({ actor: Checklist, id, command: { type: "Close" } }),
    StockReserved: ({ reservationId }, { id }) => tick(reservationId, stockItem(id)),
    ReservationRefused: ({ reservationId }, { id }) => strike(reservationId, `${stockItem(id)}: OutOfStock`),
    PaymentSettled: ({ status, reason }, { id }) => {
      if (status === "captured") return undefined
      const isPromised = status === "authorised" && reason === null
      return isPromised ? tick(id, PAYMENT_ITEM) : strike(id, `${PAYMENT_ITEM}: ${status}`)
    },
    ShipmentScheduled: (_, { id }) => tick(id, SHIPMENT_ITEM),
    ShipmentRefused: ({ field }, { id }) => strike(id, `${SHIPMENT_ITEM}: ${field}`),
  },
})

const stock = defineReactor({
  name: "fulfil-stock",
  from: [Checklist],
  on: {
    ChecklistOpened: ({ lines }, { id: reservationId }) =>
      lines.map(({ sku, quantity }) =>
        send.tell({
          actor: Inventory,
          id: sku,
          command: { type: "Reserve", reservationId, quantity, recordRefusal: true },
        }),
      ),
    ChecklistFailed: ({ skus }, { id: reservationId }) =>
      skus.map((sku) =>
        send.tell({ actor: Inventory, id: sku, command: { type: "Release", reservationId } }),
      ),
    ChecklistClosed: ({ skus }, { id: reservationId }) =>
      skus.map((sku) => send.tell({ actor: Inventory, id: sku, command: { type: "Commit", reservationId } })),
  },
})

const payments = defineReactor({
  name: "fulfil-payments",
  from: [Checklist],
  on: {
    ChecklistOpened: ({ lines, currency, card }, { id }) =>
      send.tell({
        actor: Payment,
        id,
        command: { type: "Authorise", amount: linesTotal(lines, currency), card },
      }),
    ChecklistCompleted: (_, { id }) => send.tell({ actor: Payment, id, command: { type: "Capture" } }),
    ChecklistFailed: (_, { id }) => send.tell({ actor: Payment, id, command: { type: "Void" } }),
  },
})

const shipments = defineReactor({
  name: "fulfil-shipments",
  from: [Checklist],
  on: {
    ChecklistOpened: ({ address }, { id }) =>
      send.tell({ actor: Shipment, id, command: { type: "Schedule", address, recordRefusal: true } }),
    ChecklistFailed: ({ reason }, { id }) =>
      send.tell({ actor: Shipment, id, command: { type: "CancelShipment", reason } }),
    ChecklistClosed: (_, { id }) =>
      send.tell({ actor: Shipment, id, command: { type: "Dispatch", ...parcelOf(id) } }),
  },
})

const orders = defineReactor({
  name: "fulfil-orders",
  from: [Checklist, Payment],
  on: {
    PaymentSettled: ({ status, reason }, { id }) =>
      status === "captured" && reason === null
        ? [
            send.tell({ actor: Order, id, command: { type: "Confirm", paymentId: id, unlessEnded: true } }),
            send.tell({ actor: Order, id, command: { type: "Ship", ...parcelOf(id), unlessEnded: true } }),
          ]
        : undefined,
    ChecklistFailed: ({ reason }, { id }) =>
      send.tell({ actor: Order, id, command: { type: "Reject", reason } }),
  },
})

const customers = defineReactor({
  name: "fulfil-customers",
  from: [Checklist],
  on: { ChecklistClosed: ({ customerId }, { id }) => informShipped(customerId, id) },
})

/** The parts of a system that replace the saga. */
export const choreography = {
  actors: [Checklist],
  reactors: [checklists, stock, payments, shipments, orders, customers],
}
