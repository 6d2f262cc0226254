/**
 * The order: an actor per order id, from its machine, its events and its commands.
 *
 * Read OrderMachine.ts for what may happen when, OrderCommands.ts for what can be asked, OrderEvents.ts for what is
 * stored, OrderAnnouncements.ts for what the world outside is told. Its read models: ../projections.
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
  // 2: the order knows its id.
  snapshotVersion: 2,
})
