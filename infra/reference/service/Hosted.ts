/**
 * The definitions that the service hosts: the reference domain with its adapters, in one of two flows.
 *
 * Owns the choice of flow. The flows: sagas/.
 */
import { Customer } from "../../../actors/customer/Customer.ts"
import { Inventory } from "../../../actors/inventory/Inventory.ts"
import type { Mailer } from "../../../actors/notification/Mailer.ts"
import { notificationActor } from "../../../actors/notification/Notification.ts"
import { Order } from "../../../actors/order/Order.ts"
import { paymentActor } from "../../../actors/payment/Payment.ts"
import type { PaymentProvider } from "../../../actors/payment/PaymentProvider.ts"
import { AuditLog } from "../../../actors/projections/AuditLog.ts"
import { OrderSummary } from "../../../actors/projections/OrderSummary.ts"
import { OrdersWithCustomers } from "../../../actors/projections/OrdersWithCustomers.ts"
import { Shipment } from "../../../actors/shipment/Shipment.ts"
import { choreography } from "../../../sagas/choreography/Choreography.ts"
import { DeliveryHandover } from "../../../sagas/delivery/DeliveryHandover.ts"
import { Fulfilment } from "../../../sagas/fulfilment/Fulfilment.ts"
import type { SystemOptions } from "../../effect.ts"
import { NAMESPACE_DEFAULT } from "../../system/ActorSystem.ts"

/**
 * `saga`: one saga asks all participants. `choreography`: each participant reacts to the events of the
 * others.
 */
export const FLOWS = ["saga", "choreography"] as const
export type Flow = (typeof FLOWS)[number]

export const FLOW_DEFAULT: Flow = "saga"

/**
 * Namespace of a flow. Each flow has its own, so that the orders of one are never shown to the other: its
 * read models begin with the oldest order of their namespace.
 */
export const namespaceOf = (flow: Flow): string =>
  flow === FLOW_DEFAULT ? NAMESPACE_DEFAULT : `${NAMESPACE_DEFAULT}-${flow}`

export interface HostedOptions {
  readonly flow: Flow
  readonly provider: PaymentProvider
  readonly mailer: Mailer
}

type Definitions = Required<Pick<SystemOptions, "actors" | "sagas" | "reactors" | "projections">>

/** The definitions for the system. */
export const hosted = ({ flow, provider, mailer }: HostedOptions): Definitions => {
  const participants = [
    Order,
    paymentActor(provider),
    Inventory,
    Shipment,
    notificationActor(mailer),
    Customer,
  ]
  const projections = [OrderSummary, AuditLog, OrdersWithCustomers]
  return flow === "saga"
    ? { actors: participants, sagas: [Fulfilment], reactors: [DeliveryHandover], projections }
    : {
        actors: [...participants, ...choreography.actors],
        sagas: [],
        reactors: [DeliveryHandover, ...choreography.reactors],
        projections,
      }
}
