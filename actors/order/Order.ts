/**
 * The order: an actor per order id, from its machine, its events and its commands.
 *
 * Read OrderMachine.ts for what may happen when, OrderCommands.ts for what can be asked, OrderEvents.ts for what is
 * stored. Its read models: ../projections.
 */
import { defineActor } from "../../runtime/index.ts"
import { AddLine, Cancel, Deliver, Pay, Place, RemoveLine, Return, Ship } from "./OrderCommands.ts"
import { orderEvents } from "./OrderEvents.ts"
import { orderMachine } from "./OrderMachine.ts"

export const Order = defineActor({
  type: "order",
  machine: orderMachine,
  events: orderEvents,
  commands: { Place, AddLine, RemoveLine, Pay, Ship, Deliver, Cancel, Return },
})
