/**
 * The events of an order, with their payloads and upcasters.
 *
 * An event has all data that a reader needs without the order: the whole removed line, and times from which
 * later rules count. Each version of each event has a golden JSON file under test/fixtures/golden/order. A
 * stored form never changes; a new form is a new version. Which event may follow which: OrderMachine.ts.
 */
import { Schema } from "effect"
import { defineEvent, type EventOf } from "../../runtime/index.ts"
import { Address } from "../Address.ts"
import { actorId, lineOfText, prose } from "../BoundedText.ts"
import { Carrier, SignedBy, TrackingNumber, UnixMs } from "../Carriage.ts"
import { Currency } from "../Currency.ts"
import { Money } from "../Money.ts"
import { CardToken } from "../payment/PaymentEvents.ts"
import { OrderLine, OrderLines } from "./OrderLine.ts"

/** Longest customer id, in UTF-16 code units. */
export const CUSTOMER_ID_LENGTH_MAX = 64

/** Longest reference of a payment at the payment provider, in UTF-16 code units. */
export const PAYMENT_ID_LENGTH_MAX = 64

/** Longest reason for a cancellation or a return, in UTF-16 code units. */
export const REASON_LENGTH_MAX = 500

export const CustomerId = lineOfText(CUSTOMER_ID_LENGTH_MAX)
export const PaymentId = lineOfText(PAYMENT_ID_LENGTH_MAX)
export const Reason = prose(REASON_LENGTH_MAX)

/** The data that an order needs to be paid and sent automatically. */
export const Fulfilment = Schema.Struct({ address: Address, card: CardToken })

/** `{ address, card }`: the destination, and a token of the card that pays. */
export type Fulfilment = typeof Fulfilment.Type

/** Currency of orders of the first version, which did not store it. */
const CURRENCY_OF_V1 = "KRW"

export const orderEvents = {
  OrderPlaced: defineEvent({
    version: 3,
    /** `fulfilment` is `null` for an order that is paid and sent manually, as all were before version 3. */
    schema: Schema.Struct({
      customerId: CustomerId,
      currency: Currency,
      lines: OrderLines,
      fulfilment: Schema.NullOr(Fulfilment),
    }),
    upcast: {
      1: (placed: object) => ({ ...placed, currency: CURRENCY_OF_V1 }),
      2: (placed: object) => ({ ...placed, fulfilment: null }),
    },
  }),
  LineAdded: defineEvent(Schema.Struct({ line: OrderLine })),
  LineRemoved: defineEvent(Schema.Struct({ line: OrderLine })),
  OrderPaid: defineEvent(Schema.Struct({ amount: Money, paymentId: PaymentId })),
  OrderShipped: defineEvent(Schema.Struct({ carrier: Carrier, trackingNumber: TrackingNumber })),
  OrderDelivered: defineEvent(
    Schema.Struct({ deliveredAtMs: UnixMs, signedBy: Schema.optionalKey(SignedBy) }),
  ),
  /** Stock is reserved, the payment taken, the shipment planned. */
  OrderConfirmed: defineEvent(Schema.Struct({ paymentId: actorId })),
  /** The fulfilment of the order failed and was undone. */
  OrderRejected: defineEvent(Schema.Struct({ reason: Reason })),
  /** The fulfilment of the order did not end in time. */
  OrderExpired: defineEvent(Schema.Struct({})),
  /** `refund` is the amount for the customer: the total of a paid order, `null` for an unpaid one. */
  OrderCancelled: defineEvent(Schema.Struct({ reason: Reason, refund: Schema.NullOr(Money) })),
  OrderReturned: defineEvent(
    Schema.Struct({ reason: Reason, returnedAtMs: UnixMs, refund: Schema.NullOr(Money) }),
  ),
}

/** Every event of an order, flat: `{ type: "OrderPaid", amount, paymentId }`. */
export type OrderEvent = EventOf<typeof orderEvents>
