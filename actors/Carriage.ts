/** What a carrier says of a parcel: who carries it, under which number, when it arrived and who signed. */
import { Schema } from "effect"
import { lineOfText } from "./BoundedText.ts"

/** Longest name of a carrier, in UTF-16 code units. */
export const CARRIER_LENGTH_MAX = 64

/** Longest tracking number, in UTF-16 code units. */
export const TRACKING_NUMBER_LENGTH_MAX = 64

/** Longest name of who signed for a delivery, in UTF-16 code units. */
export const SIGNED_BY_LENGTH_MAX = 128

export const Carrier = lineOfText(CARRIER_LENGTH_MAX)
export const TrackingNumber = lineOfText(TRACKING_NUMBER_LENGTH_MAX)
export const SignedBy = lineOfText(SIGNED_BY_LENGTH_MAX)

/** Unix milliseconds within what a JavaScript date can hold. */
export const UnixMs = Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 8_640_000_000_000_000 }))
