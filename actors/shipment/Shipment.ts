/**
 * The shipment: an actor per order id, from its machine, its events and its commands.
 *
 * Read ShipmentMachine.ts for the rules, ShipmentCommands.ts for the commands, Deliverable.ts for the
 * destinations.
 */
import { defineActor } from "../../runtime/index.ts"
import { CancelShipment, Deliver, Dispatch, Schedule } from "./ShipmentCommands.ts"
import { shipmentEvents } from "./ShipmentEvents.ts"
import { shipmentMachine } from "./ShipmentMachine.ts"

export const Shipment = defineActor({
  type: "shipment",
  machine: shipmentMachine,
  events: shipmentEvents,
  commands: { Schedule, Dispatch, Deliver, CancelShipment },
})
