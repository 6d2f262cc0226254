/**
 * The definitions that the service hosts: the reference domain with its adapters, in one of two flows.
 *
 * Owns the choice of flow. Routes take their definitions from here, because payments and notifications are
 * defined anew for each provider and mailer, and the system finds an actor by the very definition that it was
 * given. The flows: sagas/.
 */
import { Context, Effect, Layer } from "effect"
import { Customer } from "../../../actors/customer/Customer.ts"
import { Inventory } from "../../../actors/inventory/Inventory.ts"
import type { Mailer } from "../../../actors/notification/Mailer.ts"
import { notificationActor } from "../../../actors/notification/Notification.ts"
import { Order } from "../../../actors/order/Order.ts"
import { type Payment, paymentActor } from "../../../actors/payment/Payment.ts"
import type { PaymentProvider } from "../../../actors/payment/PaymentProvider.ts"
import { AuditLog } from "../../../actors/projections/AuditLog.ts"
import { OrderSummary } from "../../../actors/projections/OrderSummary.ts"
import { OrdersWithCustomers } from "../../../actors/projections/OrdersWithCustomers.ts"
import { Shipment } from "../../../actors/shipment/Shipment.ts"
import { type EventCatalog, eventCatalogOf } from "../../../runtime/operations.ts"
import { choreography } from "../../../sagas/choreography/Choreography.ts"
import { DeliveryHandover } from "../../../sagas/delivery/DeliveryHandover.ts"
import { Fulfilment } from "../../../sagas/fulfilment/Fulfilment.ts"
import type { SystemOptions } from "../../effect.ts"
import { NAMESPACE_DEFAULT } from "../../system/ActorSystem.ts"
import { OpenFulfilments } from "./OpenFulfilments.ts"

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

export class Hosted extends Context.Service<
  Hosted,
  {
    readonly flow: Flow
    readonly payment: typeof Payment
    readonly catalog: EventCatalog
  }
>()("everstate/http/Hosted") {}

/** The definitions for the system, and the ones that the routes use. */
export const hosted = ({
  flow,
  provider,
  mailer,
}: HostedOptions): { readonly definitions: Definitions; readonly layer: Layer.Layer<Hosted> } => {
  const payment = paymentActor(provider)
  const everybody = [Order, payment, Inventory, Shipment, notificationActor(mailer), Customer]
  const isSaga = flow === "saga"
  const actors = isSaga ? everybody : [...everybody, ...choreography.actors]
  const sagas = isSaga ? [Fulfilment] : []
  const reactors = isSaga ? [DeliveryHandover] : [DeliveryHandover, ...choreography.reactors]
  const catalog = Effect.sync(() =>
    eventCatalogOf({
      namespace: namespaceOf(flow),
      actors: [...actors, ...sagas.map(({ actor }) => actor)],
      reactors: reactors.map(({ name, publishes }) => ({ type: name, publishes })),
    }),
  )
  return {
    definitions: {
      actors,
      sagas,
      reactors,
      projections: [OrderSummary, AuditLog, OrdersWithCustomers, OpenFulfilments],
    },
    layer: Layer.effect(
      Hosted,
      Effect.map(catalog, (made) => ({ flow, payment, catalog: made })),
    ),
  }
}
