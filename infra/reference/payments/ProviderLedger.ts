/**
 * The books of the fake payment provider: every charge with its status, and the answer to each key.
 *
 * Owns what a provider does with an operation, as a fold: the same entries in the same order give the same
 * books, so a restart needs only a file of entries. Like a real provider, it charges a card again for each
 * new key, and counts that. It keeps every charge and key for good, because it is for demos and tests.
 * ProviderServer.ts takes operations and sends answers.
 */
import type { Money } from "../../../actors/Money.ts"

export const OPERATIONS = ["authorise", "capture", "refund", "void"] as const
export type Operation = (typeof OPERATIONS)[number]

/** One booked operation. */
export interface ProviderEntry {
  readonly key: string
  readonly operation: Operation
  readonly paymentId: string
  /** Amount of an `authorise`, which also has a `card`. */
  readonly amount?: Money
  readonly card?: string
  /** Reason of the card's bank for declining. */
  readonly declined?: string
}

/** An HTTP status and its body. */
export interface ProviderAnswer {
  readonly status: number
  readonly body: { readonly [field: string]: unknown }
}

export interface Charge {
  readonly chargeId: string
  readonly paymentId: string
  readonly amount: Money
  readonly card: string
  readonly status: "authorised" | "captured" | "refunded" | "released"
  /** True if it was made while another charge of the same payment was valid. */
  readonly isDouble: boolean
}

/** Sums of one currency, in minor units. `net` = `captured` - `refunded`. */
export interface LedgerTotals {
  readonly held: number
  readonly captured: number
  readonly refunded: number
  readonly net: number
}

export interface LedgerReport {
  readonly charges: ReadonlyArray<Charge>
  readonly totals: { readonly [currency: string]: LedgerTotals }
  /** Operations with new keys. */
  readonly operations: number
  /** Requests with keys that were answered before. */
  readonly repeats: number
  readonly declined: number
  /** Charges beyond the first valid one. */
  readonly doubleCharges: number
  /** Ids of the double-charged payments, which are the ids of their orders. */
  readonly doubleCharged: ReadonlyArray<string>
}

const refusal = (status: number, reason: string): ProviderAnswer => ({ status, body: { reason } })

export class ProviderLedger {
  readonly #charges = new Map<string, Array<Charge>>()
  readonly #answers = new Map<string, { readonly asked: string; readonly answer: ProviderAnswer }>()
  readonly #voided = new Set<string>()
  #chargeCount = 0
  #repeatCount = 0
  #declinedCount = 0

  /** The earlier answer if the key was used before; 422 if it was used for another operation. */
  repeated({ key, operation, paymentId, amount, card }: ProviderEntry): ProviderAnswer | undefined {
    const before = this.#answers.get(key)
    if (before === undefined) return undefined
    if (before.asked !== askedOf({ key, operation, paymentId, amount, card } as ProviderEntry)) {
      return refusal(422, "KeyReused")
    }
    this.#repeatCount++
    return before.answer
  }

  /** Books an operation with a new key. */
  book(entry: ProviderEntry): ProviderAnswer {
    const answer = this.#answerTo(entry)
    this.#answers.set(entry.key, { asked: askedOf(entry), answer })
    return answer
  }

  report(): LedgerReport {
    const charges = [...this.#charges.values()].flat()
    const doubles = charges.filter(({ isDouble }) => isDouble)
    return {
      charges,
      totals: Object.fromEntries(
        [...Map.groupBy(charges, ({ amount }) => amount.currency)].map(([currency, ofOne]) => [
          currency,
          totalsOf(ofOne),
        ]),
      ),
      operations: this.#answers.size,
      repeats: this.#repeatCount,
      declined: this.#declinedCount,
      doubleCharges: doubles.length,
      doubleCharged: [...new Set(doubles.map(({ paymentId }) => paymentId))],
    }
  }

  #answerTo(entry: ProviderEntry): ProviderAnswer {
    const { operation, paymentId } = entry
    switch (operation) {
      case "authorise":
        return this.#authorise(entry)
      case "capture": {
        if (this.#find(paymentId, "captured") === undefined) {
          const held = this.#find(paymentId, "authorised")
          if (held === undefined)
            return refusal(409, this.#voided.has(paymentId) ? "PaymentVoided" : "NotAuthorised")
          this.#move(held, "captured")
        }
        return { status: 200, body: { captured: this.#find(paymentId, "captured")?.amount } }
      }
      case "refund": {
        const taken = this.#find(paymentId, "captured")
        if (taken !== undefined) this.#move(taken, "refunded")
        const returned = this.#find(paymentId, "refunded")
        return returned === undefined
          ? refusal(409, "NotCaptured")
          : { status: 200, body: { refunded: returned.amount } }
      }
      case "void":
        return this.#void(paymentId)
    }
  }

  #authorise({ paymentId, amount, card, declined }: ProviderEntry): ProviderAnswer {
    if (this.#voided.has(paymentId)) return refusal(409, "PaymentVoided")
    if (declined !== undefined) {
      this.#declinedCount++
      return refusal(402, declined)
    }
    if (amount === undefined || card === undefined) return refusal(400, "NoAmountOrCard")
    const charges = this.#charges.get(paymentId) ?? []
    const isDouble = charges.some(({ status }) => status === "authorised" || status === "captured")
    const chargeId = `ch-${++this.#chargeCount}`
    this.#charges.set(paymentId, [
      ...charges,
      { chargeId, paymentId, amount, card, status: "authorised", isDouble },
    ])
    return { status: 200, body: { authorisationId: chargeId } }
  }

  #void(paymentId: string): ProviderAnswer {
    this.#voided.add(paymentId)
    for (const charge of this.#charges.get(paymentId) ?? []) {
      if (charge.status === "authorised") this.#move(charge, "released")
      if (charge.status === "captured") this.#move(charge, "refunded")
    }
    const refunded = this.#find(paymentId, "refunded")?.amount ?? null
    return { status: 200, body: { captured: refunded, refunded } }
  }

  #find(paymentId: string, status: Charge["status"]): Charge | undefined {
    return this.#charges.get(paymentId)?.find((charge) => charge.status === status)
  }

  #move(charge: Charge, status: Charge["status"]): void {
    const charges = this.#charges.get(charge.paymentId) ?? []
    this.#charges.set(
      charge.paymentId,
      charges.map((each) => (each.chargeId === charge.chargeId ? { ...each, status } : each)),
    )
  }
}

const askedOf = ({ operation, paymentId, amount, card }: ProviderEntry): string =>
  JSON.stringify([operation, paymentId, amount?.minor, amount?.currency, card])

const totalsOf = (charges: ReadonlyArray<Charge>): LedgerTotals => {
  const sum = (...statuses: ReadonlyArray<Charge["status"]>) =>
    charges
      .filter(({ status }) => statuses.includes(status))
      .reduce((total, { amount }) => total + amount.minor, 0)
  const captured = sum("captured", "refunded")
  const refunded = sum("refunded")
  return { held: sum("authorised"), captured, refunded, net: captured - refunded }
}
