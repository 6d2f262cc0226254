/**
 * Money: a positive whole number of a currency's minor units. 12.30 EUR is 1230, 500 KRW is 500; there are no
 * floats.
 *
 * Owns the arithmetic and its refusals. Amounts of two currencies cannot be combined, and no result leaves
 * the limits, so every amount in the journal is an exact JSON number. Codes: Currency.ts.
 */
import { Schema } from "effect"
import { Currency } from "./Currency.ts"

/**
 * The largest amount: 10^15 minor units, below 2^53. The largest order (100 lines of 10,000 pieces at 10^9
 * each) has this total, so an order within its own limits never exceeds it.
 */
export const AMOUNT_MINOR_MAX = 1_000_000_000_000_000

/** Minor units: a whole number from 1 to `max`. */
export const amountMinor = (max: number) => Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: max }))

export const Money = Schema.Struct({ minor: amountMinor(AMOUNT_MINOR_MAX), currency: Currency })

/** `{ minor, currency }`: minor units and an ISO 4217 code. */
export type Money = typeof Money.Type

/** Amounts of two currencies cannot be added or subtracted. */
export class CurrencyMismatch extends Schema.TaggedError<CurrencyMismatch>()("CurrencyMismatch", {
  left: Schema.String,
  right: Schema.String,
}) {
  override get message(): string {
    return `${this.left} and ${this.right} do not mix`
  }
}

/** The result is no amount of money: not a whole number, below 1, or above {@link AMOUNT_MINOR_MAX}. */
export class AmountOutOfRange extends Schema.TaggedError<AmountOutOfRange>()("AmountOutOfRange", {
  minor: Schema.Number,
  currency: Schema.String,
}) {
  override get message(): string {
    return `${this.minor} minor units of ${this.currency} are not within 1 and ${AMOUNT_MINOR_MAX}`
  }
}

const within = (minor: number, currency: string): Money => {
  if (!Number.isSafeInteger(minor) || minor < 1 || minor > AMOUNT_MINOR_MAX) {
    throw new AmountOutOfRange({ minor, currency })
  }
  return { minor, currency }
}

const requireSameCurrency = (left: Money, right: Money): void => {
  if (left.currency !== right.currency) {
    throw new CurrencyMismatch({ left: left.currency, right: right.currency })
  }
}

/** Whether two amounts are equal, currency included. */
export const sameMoney = (left: Money, right: Money): boolean =>
  left.minor === right.minor && left.currency === right.currency

/** The sum. Throws {@link CurrencyMismatch} and {@link AmountOutOfRange}. */
export const addMoney = (left: Money, right: Money): Money => {
  requireSameCurrency(left, right)
  return within(left.minor + right.minor, left.currency)
}

/** The difference, at least 1. Throws {@link CurrencyMismatch} and {@link AmountOutOfRange}. */
export const subtractMoney = (left: Money, right: Money): Money => {
  requireSameCurrency(left, right)
  return within(left.minor - right.minor, left.currency)
}

/** The amount times `count`. Throws {@link AmountOutOfRange}. */
export const timesMoney = (amount: Money, count: number): Money =>
  within(amount.minor * count, amount.currency)
