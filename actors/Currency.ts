/**
 * Currencies: the alphabetic codes of ISO 4217.
 *
 * The list is in the code and not the platform's, because every node must have the same one. A code that
 * leaves the standard stays here, because stored events may have it. Amounts: Money.ts.
 */
import { Schema } from "effect"

const CODES: ReadonlySet<string> = new Set(
  (
    "AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BGN BHD BIF BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF CHF " +
    "CLP CNY COP CRC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GNF GTQ GYD HKD HNL " +
    "HTG HUF IDR ILS INR IQD IRR ISK JMD JOD JPY KES KGS KHR KMF KPW KRW KWD KYD KZT LAK LBP LKR LRD LSL LYD MAD " +
    "MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD OMR PAB PEN PGK PHP PKR PLN PYG " +
    "QAR RON RSD RUB RWF SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TND TOP TRY TTD " +
    "TWD TZS UAH UGX USD UYU UZS VES VND VUV WST XAF XCD XCG XOF XPF YER ZAR ZMW ZWG"
  ).split(" "),
)

/** An ISO 4217 code, upper case: `"KRW"`. */
export const Currency = Schema.String.check(
  Schema.makeFilter((code: string) => CODES.has(code), {
    expected: "an ISO 4217 currency code",
    toJsonSchema: () => ({ pattern: "^[A-Z]{3}$" }),
  }),
)
