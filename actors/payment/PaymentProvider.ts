/**
 * The port to a payment provider.
 *
 * Owns the contract. Every operation names the payment by its id (the order's) and carries an idempotency
 * key: a provider that gets the same key twice acts once and gives the same answer. An operation that the
 * provider refuses throws `CallRefused` with the provider's reason. After any other error the outcome is
 * unknown, and the operation is retried. Who calls it: PaymentCalls.ts. Over HTTP: infra/reference/payments.
 */
import { CallRefused } from "../../runtime/index.ts"
import type { Money } from "../Money.ts"

/** Fields of every request. */
export interface ProviderRequest {
  readonly paymentId: string
  /** Key that is the same for all attempts of one operation and different for every other operation. */
  readonly idempotencyKey: string
  /** Aborted when the payment does not need the answer any more. */
  readonly signal: AbortSignal
}

export interface AuthoriseRequest extends ProviderRequest {
  readonly amount: Money
  /** A token of the card, never its number. */
  readonly card: string
}

/** Final amounts of a payment that was taken back. */
export interface Reversed {
  /** The captured amount; `null` if there was no capture. */
  readonly captured: Money | null
  /** The part of it that was refunded. */
  readonly refunded: Money | null
}

export interface PaymentProvider {
  /** Reserves the amount on the card. */
  readonly authorise: (request: AuthoriseRequest) => Promise<{ readonly authorisationId: string }>
  /** Takes the authorised amount. A payment is captured once, under any keys. */
  readonly capture: (request: ProviderRequest) => Promise<{ readonly captured: Money }>
  /** Refunds the captured amount, in full and once. */
  readonly refund: (request: ProviderRequest) => Promise<{ readonly refunded: Money }>
  /**
   * Takes the payment back in any state: releases an authorisation, refunds a capture, and refuses everything
   * that arrives for the payment later, even an authorisation that was sent earlier.
   */
  readonly void: (request: ProviderRequest) => Promise<Reversed>
}

const refuse = async (): Promise<never> => {
  throw new CallRefused("NoProvider", {
    hint: "Host the actor that paymentActor(provider) makes, with a provider of yours.",
  })
}

/** Refuses everything: for systems that address payments and do not host them. */
export const noProvider: PaymentProvider = {
  authorise: refuse,
  capture: refuse,
  refund: refuse,
  void: refuse,
}
