/** What can have happened to a shipment. What may follow what: ShipmentMachine.ts. Golden files: test/fixtures/golden/shipment. */
import { Schema } from "effect"
import { defineEvent, type EventOf } from "../../runtime/index.ts"
import { Address } from "../Address.ts"
import { prose } from "../BoundedText.ts"
import { Carrier, SignedBy, TrackingNumber, UnixMs } from "../Carriage.ts"

/** Longest reason for a cancellation, in UTF-16 code units. */
export const CANCELLATION_REASON_LENGTH_MAX = 500

export const CancellationReason = prose(CANCELLATION_REASON_LENGTH_MAX)

export const shipmentEvents = {
  ShipmentScheduled: defineEvent(Schema.Struct({ address: Address })),
  /** Nobody delivers there, and whoever asked wants to read of it here instead of being told. */
  ShipmentRefused: defineEvent(
    Schema.Struct({ field: Schema.Literals(["country", "postalCode"]), found: Schema.String }),
  ),
  ShipmentDispatched: defineEvent(Schema.Struct({ carrier: Carrier, trackingNumber: TrackingNumber })),
  ShipmentDelivered: defineEvent(
    Schema.Struct({ deliveredAtMs: UnixMs, signedBy: Schema.optionalKey(SignedBy) }),
  ),
  /** Also of a shipment that was not scheduled yet: one that comes later is refused. */
  ShipmentCancelled: defineEvent(Schema.Struct({ reason: CancellationReason })),
}

/** Every event of a shipment, flat. */
export type ShipmentEvent = EventOf<typeof shipmentEvents>
