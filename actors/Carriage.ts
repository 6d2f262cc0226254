/**
 * A carrier's data on a parcel: its name, the tracking number, the time of arrival and the name of the
 * signer.
 */
import { Schema } from "effect"
import { lineOfText } from "./BoundedText.ts"

/** Longest name of a carrier, in UTF-16 code units. */
export const CARRIER_LENGTH_MAX = 64

/** Longest tracking number, in UTF-16 code units. */
export const TRACKING_NUMBER_LENGTH_MAX = 64

/** Longest name of the signer of a delivery, in UTF-16 code units. */
export const SIGNED_BY_LENGTH_MAX = 128

export const Carrier = lineOfText(CARRIER_LENGTH_MAX)
export const TrackingNumber = lineOfText(TRACKING_NUMBER_LENGTH_MAX)
export const SignedBy = lineOfText(SIGNED_BY_LENGTH_MAX)

/** Unix milliseconds in the range of a JavaScript date. */
export const UnixMs = Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 8_640_000_000_000_000 }))
