/**
 * The bodies of the participants of a fulfilment: stock, payment, shipment, customer.
 *
 * Owns their shapes, and how states become them. The domain (actors/) says which values are valid. Routes:
 * ParticipantApi.ts.
 */
import { Schema } from "effect"
import { Address } from "../../../actors/Address.ts"
import { SignedBy } from "../../../actors/Carriage.ts"
import type { Customer } from "../../../actors/customer/Customer.ts"
import { CustomerName } from "../../../actors/customer/CustomerEvents.ts"
import { EmailAddress } from "../../../actors/EmailAddress.ts"
import type { Inventory } from "../../../actors/inventory/Inventory.ts"
import { DeliveryId, Units } from "../../../actors/inventory/InventoryEvents.ts"
import { Money } from "../../../actors/Money.ts"
import type { Payment } from "../../../actors/payment/Payment.ts"
import type { Shipment } from "../../../actors/shipment/Shipment.ts"
import { type CurrentState, type StateOf, stateName } from "../../effect.ts"

export const StockDelivery = Schema.Struct({
  deliveryId: DeliveryId.annotate({
    description: "Id that the supplier gave the delivery; a delivery counts once",
  }),
  quantity: Units,
}).annotate({ identifier: "StockDelivery" })

export const Registration = Schema.Struct({ name: CustomerName, email: EmailAddress }).annotate({
  identifier: "Registration",
})

export const NewEmail = Schema.Struct({ email: EmailAddress }).annotate({ identifier: "NewEmail" })

export const Receipt = Schema.Struct({ signedBy: Schema.optionalKey(SignedBy) }).annotate({
  identifier: "Receipt",
})

/** The answer to an accepted command. */
export const Accepted = Schema.Struct({
  id: Schema.String,
  version: Schema.Int,
  sequence: Schema.Int,
  duplicate: Schema.Boolean,
}).annotate({ identifier: "Accepted" })

/** `received` = `onHand` + `reserved` + `committed`, in units. */
export const StockDocument = Schema.Struct({
  sku: Schema.String,
  received: Schema.Int,
  onHand: Schema.Int,
  reserved: Schema.Int,
  committed: Schema.Int,
  version: Schema.Int,
}).annotate({ identifier: "Stock" })

export const PaymentDocument = Schema.Struct({
  paymentId: Schema.String,
  status: Schema.String,
  amount: Schema.NullOr(Money),
  captured: Schema.NullOr(Money),
  refunded: Schema.NullOr(Money),
  refusal: Schema.NullOr(Schema.String).annotate({ description: "Reason of the provider's latest refusal" }),
  version: Schema.Int,
}).annotate({ identifier: "PaymentState" })

export const ShipmentDocument = Schema.Struct({
  shipmentId: Schema.String,
  status: Schema.String,
  address: Schema.NullOr(Address),
  trackingNumber: Schema.NullOr(Schema.String),
  version: Schema.Int,
}).annotate({ identifier: "ShipmentState" })

export const CustomerDocument = Schema.Struct({
  customerId: Schema.String,
  name: Schema.NullOr(Schema.String),
  email: Schema.NullOr(Schema.String),
  version: Schema.Int,
}).annotate({ identifier: "Customer" })

type Now<A extends typeof Inventory | typeof Payment | typeof Shipment | typeof Customer> = CurrentState<
  StateOf<A>
>

export const stockDocument = (sku: string, { state, version }: Now<typeof Inventory>) => {
  const { receivedCount, onHandCount, reservedCount, committedCount } = state.context
  return {
    sku,
    received: receivedCount,
    onHand: onHandCount,
    reserved: reservedCount,
    committed: committedCount,
    version,
  }
}

export const paymentDocument = (paymentId: string, { state, version }: Now<typeof Payment>) => {
  const { amount, captured, refunded, refusal } = state.context
  return { paymentId, status: stateName(state.value), amount, captured, refunded, refusal, version }
}

export const shipmentDocument = (shipmentId: string, { state, version }: Now<typeof Shipment>) => {
  const { address, trackingNumber } = state.context
  return { shipmentId, status: stateName(state.value), address, trackingNumber, version }
}

export const customerDocument = (customerId: string, { state, version }: Now<typeof Customer>) => {
  const { name, email } = state.context
  return { customerId, name, email, version }
}
