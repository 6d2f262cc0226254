/**
 * Whether the carrier delivers to an address: the countries it serves and what their postal codes look like.
 *
 * A table in the code and not a service: every node must agree, and a replay must find what the first run found. What an
 * address is: ../Address.ts.
 */
import type { Address } from "../Address.ts"

const POSTAL_CODES: ReadonlyMap<string, RegExp> = new Map([
  ["AT", /^\d{4}$/],
  ["CH", /^\d{4}$/],
  ["DE", /^\d{5}$/],
  ["FR", /^\d{5}$/],
  ["GB", /^[A-Z]{1,2}\d[A-Z\d]? \d[A-Z]{2}$/],
  ["JP", /^\d{3}-\d{4}$/],
  ["KR", /^\d{5}$/],
  ["NL", /^\d{4} [A-Z]{2}$/],
  ["US", /^\d{5}(-\d{4})?$/],
])

/** Which part of the address keeps it from being delivered to, and what was found there; `undefined` for a good one. */
export const addressFailure = ({
  country,
  postalCode,
}: Address): { readonly field: "country" | "postalCode"; readonly found: string } | undefined => {
  const pattern = POSTAL_CODES.get(country)
  if (pattern === undefined) return { field: "country", found: country }
  return pattern.test(postalCode) ? undefined : { field: "postalCode", found: postalCode }
}
