/**
 * The order: an actor per order id, from its machine, its events and its commands.
 *
 * Read OrderMachine.ts for the rules, OrderCommands.ts for the commands, OrderEvents.ts for the events,
 * OrderAnnouncements.ts for the integration events. Read models: ../projections.
 */
import { defineActor } from "../../runtime/index.ts"
import { OrderCancelled, OrderConfirmed } from "./OrderAnnouncements.ts"
import {
  AddLine,
  Cancel,
  Confirm,
  Deliver,
  Pay,
  Place,
  Reject,
  RemoveLine,
  Return,
  Ship,
} from "./OrderCommands.ts"
import { orderEvents } from "./OrderEvents.ts"
import { orderMachine } from "./OrderMachine.ts"

export const Order = defineActor({
  type: "order",
  machine: orderMachine,
  events: orderEvents,
  commands: { Place, AddLine, RemoveLine, Pay, Confirm, Reject, Ship, Deliver, Cancel, Return },
  publishes: [OrderConfirmed, OrderCancelled],
  // Version 2: the order knows its id.
  snapshotVersion: 2,
})
