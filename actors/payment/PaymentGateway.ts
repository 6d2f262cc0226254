/**
 * The port to a payment provider, as the payment needs it.
 *
 * Owns the contract. Every operation names the payment by its id (that of the order) and carries an idempotency key:
 * a provider that is asked twice under one key acts once and gives the same answer. An operation that the provider
 * refuses throws `CallRefused` with the provider's reason; any other error leaves open what happened, and is tried
 * again. Who calls it: PaymentCalls.ts. Over HTTP: infra/reference/payments.
 */
import { CallRefused } from "../../runtime/index.ts"
import type { Money } from "../Money.ts"

/** What every operation is given. */
export interface GatewayRequest {
  readonly paymentId: string
  /** The same for every attempt of one operation, different for every other. */
  readonly idempotencyKey: string
  /** Aborted when nobody waits for the answer any more. */
  readonly signal: AbortSignal
}

export interface AuthoriseRequest extends GatewayRequest {
  readonly amount: Money
  /** A token of the card, never its number. */
  readonly card: string
}

/** What a payment has come to at the provider once it was taken back. */
export interface Reversed {
  /** What had been captured, `null` for nothing. */
  readonly captured: Money | null
  /** What was given back of it. */
  readonly refunded: Money | null
}

export interface PaymentGateway {
  /** Reserves the amount on the card. */
  readonly authorise: (request: AuthoriseRequest) => Promise<{ readonly authorisationId: string }>
  /** Takes what was authorised. A payment is captured once, under whatever keys it is asked. */
  readonly capture: (request: GatewayRequest) => Promise<{ readonly captured: Money }>
  /** Gives back what was captured, in full and once. */
  readonly refund: (request: GatewayRequest) => Promise<{ readonly refunded: Money }>
  /**
   * Takes the payment back, whatever became of it: an authorisation is released, a capture refunded, and what arrives
   * for it later is refused, an authorisation that this one overtook included.
   */
  readonly void: (request: GatewayRequest) => Promise<Reversed>
}

const refuse = async (): Promise<never> => {
  throw new CallRefused("NoGateway", {
    hint: "Host the actor that paymentActor(gateway) makes, with a gateway of yours.",
  })
}

/** Refuses everything: stands in where payments are only addressed, not hosted. */
export const noGateway: PaymentGateway = { authorise: refuse, capture: refuse, refund: refuse, void: refuse }
