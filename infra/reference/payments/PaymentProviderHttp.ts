/**
 * The payment provider over HTTP: the port of actors/payment for a provider with the API of ProviderServer.ts.
 *
 * Owns the meaning of a status. A 4xx is a final refusal, except for 408 and 429. After any other status than
 * 200, and after a lost connection, the outcome is unknown, and the operation is tried again with the same
 * key. `fetch` keeps connections alive. The caller's signal ends the wait.
 */
import { Schema } from "effect"
import { Money } from "../../../actors/Money.ts"
import type { PaymentProvider, ProviderRequest } from "../../../actors/payment/PaymentProvider.ts"
import { CallRefused } from "../../../runtime/index.ts"
import type { Operation } from "./ProviderLedger.ts"

/** 4xx statuses that may not come again at a later attempt. */
const PASSING_STATUSES: ReadonlySet<number> = new Set([408, 429])

const Authorised = Schema.Struct({ authorisationId: Schema.String })
const Captured = Schema.Struct({ captured: Money })
const Refunded = Schema.Struct({ refunded: Money })
const Reversed = Schema.Struct({ captured: Schema.NullOr(Money), refunded: Schema.NullOr(Money) })
const Refusal = Schema.Struct({ reason: Schema.String, detail: Schema.optionalKey(Schema.Unknown) })

/** The provider did not answer as agreed: the operation may or may not have been carried out. */
export class ProviderUnavailable extends Schema.TaggedError<ProviderUnavailable>()("ProviderUnavailable", {
  operation: Schema.String,
  paymentId: Schema.String,
  detail: Schema.String,
}) {
  override get message(): string {
    return `The payment provider did not ${this.operation} ${this.paymentId}: ${this.detail}`
  }
}

export class PaymentProviderHttp implements PaymentProvider {
  readonly #url: string

  /** `url` has no slash at its end. */
  constructor(url: string) {
    this.#url = url
  }

  authorise({ amount, card, ...request }: Parameters<PaymentProvider["authorise"]>[0]) {
    return this.#post("authorise", request, Authorised, { amount, card })
  }

  capture(request: ProviderRequest) {
    return this.#post("capture", request, Captured)
  }

  refund(request: ProviderRequest) {
    return this.#post("refund", request, Refunded)
  }

  void(request: ProviderRequest) {
    return this.#post("void", request, Reversed)
  }

  async #post<A>(
    operation: Operation,
    { paymentId, idempotencyKey, signal }: ProviderRequest,
    schema: Schema.Codec<A, unknown>,
    more: object = {},
  ): Promise<A> {
    const unavailable = (detail: string) => new ProviderUnavailable({ operation, paymentId, detail })
    let status: number
    let text: string
    try {
      const response = await fetch(`${this.#url}/${operation}`, {
        method: "POST",
        headers: { "content-type": "application/json", "idempotency-key": idempotencyKey },
        body: JSON.stringify({ paymentId, ...more }),
        signal,
      })
      status = response.status
      text = await response.text()
    } catch (cause) {
      // `fetch` says only that it failed; its cause has the reason.
      const { message, cause: why } = cause as Error
      throw unavailable(why instanceof Error ? `${message}: ${why.message}` : message)
    }
    if (status >= 400 && status < 500 && !PASSING_STATUSES.has(status)) throw refusalIn(status, text)
    if (status !== 200) throw unavailable(`status ${status}`)
    try {
      return Schema.decodeUnknownSync(Schema.fromJsonString(schema))(text)
    } catch (cause) {
      throw unavailable(String(cause))
    }
  }
}

const decodeRefusal = Schema.decodeUnknownOption(Schema.fromJsonString(Refusal))

const refusalIn = (status: number, text: string): CallRefused => {
  const decoded = decodeRefusal(text)
  return decoded._tag === "Some"
    ? new CallRefused(decoded.value.reason, { status, ...decoded.value })
    : new CallRefused("RefusedByProvider", { status })
}
