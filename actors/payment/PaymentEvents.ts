/**
 * What is asked of a payment, as events. What the gateway answered is stored by the runtime, as the outcome of a call.
 *
 * `replyTo` is whoever waits for the outcome: it is answered by the commit that stores it. What may follow what:
 * PaymentMachine.ts. Golden files: test/fixtures/golden/payment.
 */
import { Schema } from "effect"
import { defineEvent, type EventOf, RequestRef } from "../../runtime/index.ts"
import { lineOfText } from "../BoundedText.ts"
import { Money } from "../Money.ts"

/** Longest token of a card, in UTF-16 code units. */
export const CARD_TOKEN_LENGTH_MAX = 64

/** What a provider gives for a card. Not the number of one. */
export const CardToken = lineOfText(CARD_TOKEN_LENGTH_MAX)

/** States in which it is settled what becomes of the payment: no call is under way, or the one that takes it back. */
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
  /** Taken back before there was anything to take back: an authorisation that comes later is refused. */
  VoidedUnused: defineEvent(Schema.Struct({})),
  /**
   * How a call ended, for reactors, which do not see the outcomes of calls: where nobody waits for an answer. `reason` is
   * why the gateway refused, `null` where it did not: an `authorised` with a reason is a capture that was refused.
   */
  PaymentSettled: defineEvent(
    Schema.Struct({ status: Schema.Literals(SETTLED_STATUSES), reason: Schema.NullOr(Schema.String) }),
  ),
  /** Somebody else waits for what is under way. */
  RequesterJoined: defineEvent(Schema.Struct({ replyTo: RequestRef })),
}

/** Every event of a payment but the outcomes of its calls, flat. */
export type PaymentEvent = EventOf<typeof paymentEvents>
