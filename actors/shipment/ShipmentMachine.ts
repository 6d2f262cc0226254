/**
 * The life of a shipment as a statechart.
 *
 *     new ─┬─ scheduled ── dispatched ── delivered
 *          ├──────┴─ cancelled
 *          └─ refused
 *
 * Who makes events: ShipmentCommands.ts.
 */
import { assign, setup } from "xstate"
import type { Address } from "../Address.ts"
import type { ShipmentEvent } from "./ShipmentEvents.ts"

export interface ShipmentContext {
  readonly address: Address | null
  readonly trackingNumber: string | null
}

export const shipmentMachine = setup({
  types: { context: {} as ShipmentContext, events: {} as ShipmentEvent },
}).createMachine({
  id: "shipment",
  initial: "new",
  context: { address: null, trackingNumber: null },
  states: {
    new: {
      on: {
        ShipmentScheduled: {
          target: "scheduled",
          actions: assign({ address: ({ event }) => event.address }),
        },
        ShipmentRefused: "refused",
        ShipmentCancelled: "cancelled",
      },
    },
    scheduled: {
      on: {
        ShipmentDispatched: {
          target: "dispatched",
          actions: assign({ trackingNumber: ({ event }) => event.trackingNumber }),
        },
        ShipmentCancelled: "cancelled",
      },
    },
    dispatched: { on: { ShipmentDelivered: "delivered" } },
    delivered: { type: "final" },
    cancelled: { type: "final" },
    refused: { type: "final" },
  },
})
