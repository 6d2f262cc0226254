import { Schema } from "effect"
import * as fc from "fast-check"
import { describe, expect, it } from "vitest"
import {
  AMOUNT_MINOR_MAX,
  AmountOutOfRange,
  addMoney,
  CurrencyMismatch,
  Money,
  sameMoney,
  subtractMoney,
  timesMoney,
} from "../../../actors/Money.ts"
import { LINES_PER_ORDER_MAX, QUANTITY_MAX, UNIT_PRICE_MINOR_MAX } from "../../../actors/order/OrderLine.ts"

const krw = (minor: number): Money => ({ minor, currency: "KRW" })
const eur = (minor: number): Money => ({ minor, currency: "EUR" })
const minor = fc.integer({ min: 1, max: AMOUNT_MINOR_MAX })
const isMoney = Schema.is(Money)

describe("Money", () => {
  it("is a positive whole number of minor units and an ISO 4217 code", () => {
    for (const amount of [1, 500, AMOUNT_MINOR_MAX]) expect(isMoney(krw(amount))).toBe(true)
  })

  it("FAULT 43: refuses fractions, zero, negatives, NaN, infinities, strings and what is past the bound", () => {
    const wrong = [
      0,
      -1,
      0.5,
      1e-9,
      Number.NaN,
      Infinity,
      -Infinity,
      AMOUNT_MINOR_MAX + 1,
      "1",
      1n,
      null,
      undefined,
    ]
    for (const amount of wrong) expect(isMoney({ minor: amount, currency: "KRW" })).toBe(false)
  })

  it("refuses what is no currency code", () => {
    for (const currency of ["krw", "KR", "KRWW", "QQQ", "", " KRW", 410, null, "__proto__"]) {
      expect(isMoney({ minor: 1, currency })).toBe(false)
    }
  })

  it("does not mix currencies", () => {
    expect(() => addMoney(krw(1), eur(1))).toThrow(CurrencyMismatch)
    expect(() => subtractMoney(krw(2), eur(1))).toThrow("KRW and EUR do not mix")
    expect(sameMoney(krw(1), eur(1))).toBe(false)
  })

  it("adds and takes away exactly, or refuses", () => {
    fc.assert(
      fc.property(minor, minor, (a, b) => {
        if (a + b > AMOUNT_MINOR_MAX) {
          expect(() => addMoney(krw(a), krw(b))).toThrow(AmountOutOfRange)
          return
        }
        const sum = addMoney(krw(a), krw(b))
        expect(BigInt(sum.minor)).toBe(BigInt(a) + BigInt(b))
        expect(sameMoney(subtractMoney(sum, krw(b)), krw(a))).toBe(true)
      }),
    )
  })

  it("multiplies exactly, or refuses", () => {
    fc.assert(
      fc.property(minor, fc.integer({ min: 1, max: 1_000_000 }), (amount, count) => {
        const exact = BigInt(amount) * BigInt(count)
        if (exact > BigInt(AMOUNT_MINOR_MAX)) {
          expect(() => timesMoney(krw(amount), count)).toThrow(AmountOutOfRange)
        } else {
          expect(BigInt(timesMoney(krw(amount), count).minor)).toBe(exact)
        }
      }),
    )
  })

  it("refuses to become nothing, a debt or a fraction", () => {
    expect(() => subtractMoney(krw(5), krw(5))).toThrow(AmountOutOfRange)
    expect(() => subtractMoney(krw(5), krw(6))).toThrow(AmountOutOfRange)
    expect(() => timesMoney(krw(5), 0)).toThrow(AmountOutOfRange)
    expect(() => timesMoney(krw(5), 0.5)).toThrow(AmountOutOfRange)
    expect(() => timesMoney(krw(5), Number.NaN)).toThrow(AmountOutOfRange)
  })

  it("has room for the largest order", () => {
    expect(LINES_PER_ORDER_MAX * QUANTITY_MAX * UNIT_PRICE_MINOR_MAX).toBeLessThanOrEqual(AMOUNT_MINOR_MAX)
  })
})
