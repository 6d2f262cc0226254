/**
 * Whether the carrier delivers to an address: the countries that it serves and the form of their postal
 * codes.
 *
 * It is a table in the code and not a service, because every node must agree, and a replay must give the same
 * result as the first run. The form of an address: ../Address.ts.
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

/** The part of the address that prevents a delivery, with its value; `undefined` for a good address. */
export const addressFailure = ({
  country,
  postalCode,
}: Address): { readonly field: "country" | "postalCode"; readonly found: string } | undefined => {
  const pattern = POSTAL_CODES.get(country)
  if (pattern === undefined) return { field: "country", found: country }
  return pattern.test(postalCode) ? undefined : { field: "postalCode", found: postalCode }
}
