/**
 * The integration events of an order: a promise to other systems, separate from the stored events.
 *
 * Owns their types, schemas and meaning. When they are published: OrderMachine.ts.
 */
import { Schema } from "effect"
import { defineIntegrationEvent } from "../../runtime/index.ts"
import { Money } from "../Money.ts"

const orderId = Schema.String
const customerId = Schema.String

export const OrderConfirmed = defineIntegrationEvent({
  type: "order.confirmed",
  description: "The order is paid, its stock is held and its shipment planned.",
  schema: Schema.Struct({ orderId, customerId, total: Money }),
  example: { orderId: "o-42", customerId: "c-7", total: { minor: 2500, currency: "EUR" } },
})

export const OrderCancelled = defineIntegrationEvent({
  type: "order.cancelled",
  description:
    "The order will not be delivered: cancelled by somebody, rejected because its fulfilment failed, or expired.",
  schema: Schema.Struct({
    orderId,
    customerId,
    outcome: Schema.Literals(["cancelled", "rejected", "expired"]),
    reason: Schema.optionalKey(Schema.String),
  }),
  example: { orderId: "o-42", customerId: "c-7", outcome: "rejected", reason: "OutOfStock" },
})
