/**
 * The shipment: an actor per order id, from its machine, its events and its commands.
 *
 * Read ShipmentMachine.ts for what may happen when, ShipmentCommands.ts for what can be asked, Deliverable.ts for where
 * to.
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
