/**
 * The intents of a payment, as events. The runtime stores the answers of the provider as outcomes of calls.
 *
 * `replyTo` is the request that awaits the outcome: the commit that stores the outcome answers it. Which
 * event may follow which: PaymentMachine.ts. Golden files: test/fixtures/golden/payment.
 */
import { Schema } from "effect"
import { defineEvent, type EventOf, RequestRef } from "../../runtime/index.ts"
import { lineOfText } from "../BoundedText.ts"
import { Money } from "../Money.ts"

/** Longest token of a card, in UTF-16 code units. */
export const CARD_TOKEN_LENGTH_MAX = 64

/** A provider's token for a card. Never the card's number. */
export const CardToken = lineOfText(CARD_TOKEN_LENGTH_MAX)

/**
 * States in which the outcome of the payment is settled: no call is in work except the one that takes the
 * payment back.
 */
export const SETTLED_STATUSES = [
  "authorised",
  "declined",
  "captureUnknown",
  "captured",
  "refundUnknown",
  "refunded",
  "voiding",
  "voidFailed",
  "voided",
] as const

const replyTo = Schema.optionalKey(RequestRef)

export const paymentEvents = {
  AuthorisationRequested: defineEvent(Schema.Struct({ amount: Money, card: CardToken, replyTo })),
  CaptureRequested: defineEvent(Schema.Struct({ replyTo })),
  RefundRequested: defineEvent(Schema.Struct({ replyTo })),
  VoidRequested: defineEvent(Schema.Struct({ replyTo })),
  /** The payment was taken back before it was authorised: an authorisation that comes later is refused. */
  VoidedUnused: defineEvent(Schema.Struct({})),
  /**
   * How a call ended if no request awaits it, for reactors, which do not see the outcomes of calls. `reason`
   * is the provider's reason for a refusal, else `null`: an `authorised` with a reason is a capture that was
   * refused.
   */
  PaymentSettled: defineEvent(
    Schema.Struct({ status: Schema.Literals(SETTLED_STATUSES), reason: Schema.NullOr(Schema.String) }),
  ),
  /** Another request awaits the outcome of the call in work. */
  RequesterJoined: defineEvent(Schema.Struct({ replyTo: RequestRef })),
}

/** Every event of a payment except the outcomes of its calls, flat. */
export type PaymentEvent = EventOf<typeof paymentEvents>
