/**
 * The stock of one article: an actor per SKU, from its machine, its events and its commands.
 *
 * Read InventoryMachine.ts for the balance that always holds, InventoryCommands.ts for the commands,
 * Reservations.ts for the memory of reservations.
 */
import { defineActor } from "../../runtime/index.ts"
import { Commit, Receive, Release, Reserve } from "./InventoryCommands.ts"
import { inventoryEvents } from "./InventoryEvents.ts"
import { inventoryMachine } from "./InventoryMachine.ts"

export const Inventory = defineActor({
  type: "inventory",
  machine: inventoryMachine,
  events: inventoryEvents,
  commands: { Receive, Reserve, Release, Commit },
})
