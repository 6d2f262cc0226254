/**
 * The events of a shipment. Which event may follow which: ShipmentMachine.ts. Golden files:
 * test/fixtures/golden/shipment.
 */
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
  /**
   * The carrier does not deliver there, and the sender of the command reacts to events instead of a
   * rejection.
   */
  ShipmentRefused: defineEvent(
    Schema.Struct({ field: Schema.Literals(["country", "postalCode"]), found: Schema.String }),
  ),
  ShipmentDispatched: defineEvent(Schema.Struct({ carrier: Carrier, trackingNumber: TrackingNumber })),
  ShipmentDelivered: defineEvent(
    Schema.Struct({ deliveredAtMs: UnixMs, signedBy: Schema.optionalKey(SignedBy) }),
  ),
  /** Also stored for a shipment that is not scheduled yet: a later `Schedule` is refused. */
  ShipmentCancelled: defineEvent(Schema.Struct({ reason: CancellationReason })),
}

/** Every event of a shipment, flat. */
export type ShipmentEvent = EventOf<typeof shipmentEvents>
