/**
 * What can have happened to an order: every event, its payload and the way from its older versions.
 *
 * An event says all that a reader needs without the order at hand: a removed line is there in full, times that later
 * rules measure from are written down. Each version of each has a golden JSON file under test/fixtures/golden/order;
 * a stored form never changes, a new one is a new version. What may follow what: OrderMachine.ts.
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

/** What an order needs to be paid and sent without anybody's hand. */
export const Fulfilment = Schema.Struct({ address: Address, card: CardToken })

/** `{ address, card }`: where to, and a token of the card that pays. */
export type Fulfilment = typeof Fulfilment.Type

/** Orders of the first version were all in won and did not say so. */
const CURRENCY_OF_V1 = "KRW"

export const orderEvents = {
  OrderPlaced: defineEvent({
    version: 3,
    /** `fulfilment` is `null` for an order that is paid and sent by hand, as all were before version 3. */
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
  /** Stock is held, the payment taken, the shipment planned. */
  OrderConfirmed: defineEvent(Schema.Struct({ paymentId: actorId })),
  /** Its fulfilment failed and was undone. */
  OrderRejected: defineEvent(Schema.Struct({ reason: Reason })),
  /** Its fulfilment came to no end in time. */
  OrderExpired: defineEvent(Schema.Struct({})),
  /** `refund` is what goes back to the customer: the total of a paid order, `null` for an unpaid one. */
  OrderCancelled: defineEvent(Schema.Struct({ reason: Reason, refund: Schema.NullOr(Money) })),
  OrderReturned: defineEvent(
    Schema.Struct({ reason: Reason, returnedAtMs: UnixMs, refund: Schema.NullOr(Money) }),
  ),
}

/** Every event of an order, flat: `{ type: "OrderPaid", amount, paymentId }`. */
export type OrderEvent = EventOf<typeof orderEvents>
