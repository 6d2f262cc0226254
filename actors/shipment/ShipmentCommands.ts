/**
 * The commands of a shipment. Every command may come twice. A cancellation may come first, and then it is
 * final.
 *
 * If a state does not accept an event and no rule here rejects the command, the chart refuses it by the
 * state's name (ShipmentMachine.ts).
 */
import { Schema } from "effect"
import { accept, defineCommand, reject } from "../../runtime/index.ts"
import { Address } from "../Address.ts"
import { Carrier, SignedBy, TrackingNumber } from "../Carriage.ts"
import { addressFailure } from "./Deliverable.ts"
import { CancellationReason, shipmentEvents } from "./ShipmentEvents.ts"
import { shipmentMachine } from "./ShipmentMachine.ts"

const shipment = { machine: shipmentMachine, events: shipmentEvents }

const unchanged = () => accept<never>([])

/**
 * Plans the delivery. Rejected as `AddressFailure` if the carrier does not deliver there. With
 * `recordRefusal` the refusal is an event instead, for reactors, and final.
 */
export const Schedule = defineCommand(
  { type: "Schedule", ...shipment },
  {
    schema: Schema.Struct({ address: Address, recordRefusal: Schema.optionalKey(Schema.Boolean) }),
    decide: ({ command: { address, recordRefusal = false }, state }) => {
      if (state.matches("cancelled") && !recordRefusal) return reject("ShipmentCancelled")
      if (state.matches("refused") && !recordRefusal) return reject("AddressFailure")
      if (!state.matches("new")) return unchanged()
      const failure = addressFailure(address)
      if (failure === undefined) return { type: "ShipmentScheduled", address }
      return recordRefusal ? { type: "ShipmentRefused", ...failure } : reject("AddressFailure", failure)
    },
  },
)

/** Hands the parcel to the carrier. */
export const Dispatch = defineCommand(
  { type: "Dispatch", ...shipment },
  {
    schema: Schema.Struct({ carrier: Carrier, trackingNumber: TrackingNumber }),
    decide: ({ command: { carrier, trackingNumber }, state }) => {
      const { trackingNumber: before } = state.context
      if (before === trackingNumber) return unchanged()
      if (before !== null) return reject("DispatchedOtherwise", { trackingNumber: before })
      return { type: "ShipmentDispatched", carrier, trackingNumber }
    },
  },
)

/** Records the delivery. */
export const Deliver = defineCommand(
  { type: "Deliver", ...shipment },
  {
    schema: Schema.Struct({ signedBy: Schema.optionalKey(SignedBy) }),
    decide: ({ command: { signedBy }, state, nowMs }) =>
      state.matches("delivered")
        ? unchanged()
        : {
            type: "ShipmentDelivered",
            deliveredAtMs: nowMs,
            ...(signedBy === undefined ? {} : { signedBy }),
          },
  },
)

/** Cancels the delivery, whether it is planned or not planned yet. Not possible after the parcel has left. */
export const CancelShipment = defineCommand(
  { type: "CancelShipment", ...shipment },
  {
    schema: Schema.Struct({ reason: CancellationReason }),
    decide: ({ command: { reason }, state }) => {
      if (state.matches("cancelled") || state.matches("refused")) return unchanged()
      if (state.matches("dispatched") || state.matches("delivered")) return reject("AlreadyDispatched")
      return { type: "ShipmentCancelled", reason }
    },
  },
)
