/**
 * The calls that a payment's machine invokes, by their names: `authorise`, `capture`, `refund`, `void`.
 *
 * Owns their time-outs and retries. The called port: PaymentProvider.ts. When they are made:
 * PaymentMachine.ts.
 */
import { type CallArgs, type CallOptions, defineCall } from "../../runtime/index.ts"
import type { Money } from "../Money.ts"
import type { PaymentProvider } from "./PaymentProvider.ts"

/** Options of calls whose outcome a requester awaits: about twenty seconds with a provider that hangs. */
const PATIENCE: CallOptions = { timeoutMs: 3_000, attemptsMax: 5, pauseFirstMs: 100, pauseMaxMs: 2_000 }

/** Options of the call that takes money back, whose outcome no requester awaits: about half an hour. */
const PERSISTENCE: CallOptions = { timeoutMs: 5_000, attemptsMax: 50, pauseFirstMs: 100, pauseMaxMs: 30_000 }

interface PaymentInput {
  readonly paymentId: string
}

interface AuthorisationInput extends PaymentInput {
  readonly amount: Money
  readonly card: string
}

export const paymentCalls = (provider: PaymentProvider) => ({
  authorise: defineCall(
    ({ input, idempotencyKey, signal }: CallArgs<AuthorisationInput>) =>
      provider.authorise({ ...input, idempotencyKey, signal }),
    PATIENCE,
  ),
  capture: defineCall(
    ({ input, idempotencyKey, signal }: CallArgs<PaymentInput>) =>
      provider.capture({ ...input, idempotencyKey, signal }),
    PATIENCE,
  ),
  refund: defineCall(
    ({ input, idempotencyKey, signal }: CallArgs<PaymentInput>) =>
      provider.refund({ ...input, idempotencyKey, signal }),
    PERSISTENCE,
  ),
  void: defineCall(
    ({ input, idempotencyKey, signal }: CallArgs<PaymentInput>) =>
      provider.void({ ...input, idempotencyKey, signal }),
    PERSISTENCE,
  ),
})
