/**
 * A postal address, as people write it.
 *
 * Owns its shape and limits. Whether the carrier delivers there: shipment/Deliverable.ts.
 */
import { Schema } from "effect"
import { lineOfText } from "./BoundedText.ts"

/** Longest line of an address, in UTF-16 code units. */
export const ADDRESS_LINE_LENGTH_MAX = 128

/** Longest postal code, in UTF-16 code units. */
export const POSTAL_CODE_LENGTH_MAX = 16

const line = lineOfText(ADDRESS_LINE_LENGTH_MAX)

export const Address = Schema.Struct({
  recipient: line,
  street: line,
  postalCode: lineOfText(POSTAL_CODE_LENGTH_MAX),
  city: line,
  /** ISO 3166-1 alpha-2, upper case: `"KR"`. */
  country: Schema.String.check(Schema.isPattern(/^[A-Z]{2}$/, { expected: "two upper-case letters" })),
})

/** `{ recipient, street, postalCode, city, country }`. */
export type Address = typeof Address.Type
