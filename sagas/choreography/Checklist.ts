/**
 * The checklist of an order: an actor for each order id that knows which promises were made, and whether all
 * were made.
 *
 *     new ── open ── complete ── closed
 *              └────────┴─ failed
 *
 * A flow without a coordinator needs it: reactors have no memory, and one actor has to know that the last of
 * several promises was made. It sends no requests. A command that comes twice or too late changes nothing.
 * Who sends the commands and reacts to the events: Choreography.ts.
 */
import { Schema } from "effect"
import { assign, setup } from "xstate"
import { Reason } from "../../actors/order/OrderEvents.ts"
import { accept, defineActor, defineCommand } from "../../runtime/index.ts"
import { type ChecklistEvent, checklistEvents, whatToFulfil } from "./ChecklistEvents.ts"

export interface ChecklistContext {
  /** Id of the customer. It and `skus` are empty only in `new`. */
  readonly customerId: string
  readonly skus: ReadonlyArray<string>
  /** Items that are not promised yet. */
  readonly left: ReadonlyArray<string>
}

export const PAYMENT_ITEM = "payment"
export const SHIPMENT_ITEM = "shipment"
export const stockItem = (sku: string): string => `stock/${sku}`

const checklistMachine = setup({
  types: { context: {} as ChecklistContext, events: {} as ChecklistEvent },
}).createMachine({
  id: "checklist",
  initial: "new",
  context: { customerId: "", skus: [], left: [] },
  states: {
    new: {
      on: {
        ChecklistOpened: {
          target: "open",
          actions: assign(({ event: { customerId, lines } }) => {
            const skus = lines.map(({ sku }) => sku)
            return { customerId, skus, left: [...skus.map(stockItem), PAYMENT_ITEM, SHIPMENT_ITEM] }
          }),
        },
      },
    },
    open: {
      on: {
        ItemTicked: {
          guard: ({ context, event }) => context.left.includes(event.item),
          actions: assign({
            left: ({ context, event }) => context.left.filter((item) => item !== event.item),
          }),
        },
        ChecklistCompleted: { guard: ({ context }) => context.left.length === 0, target: "complete" },
        ChecklistFailed: "failed",
      },
    },
    complete: { on: { ChecklistClosed: "closed", ChecklistFailed: "failed" } },
    closed: { type: "final" },
    failed: { type: "final" },
  },
})

const checklist = { machine: checklistMachine, events: checklistEvents }

const unchanged = () => accept<never>([])

const Open = defineCommand(
  { type: "Open", ...checklist },
  {
    schema: Schema.Struct(whatToFulfil),
    decide: ({ payload, state }) =>
      state.matches("new") ? { type: "ChecklistOpened", ...payload } : unchanged(),
  },
)

/** Records a promise. */
const Tick = defineCommand(
  { type: "Tick", ...checklist },
  {
    schema: Schema.Struct({ item: Schema.String }),
    decide: ({ command: { item }, state }) => {
      const { left } = state.context
      if (!state.matches("open") || !left.includes(item)) return []
      const ticked = { type: "ItemTicked", item } as const
      return left.length === 1 ? [ticked, { type: "ChecklistCompleted" }] : [ticked]
    },
  },
)

/** Fails the checklist, because an item was refused or the order has ended. */
const Strike = defineCommand(
  { type: "Strike", ...checklist },
  {
    schema: Schema.Struct({ reason: Reason }),
    decide: ({ command: { reason }, state }) =>
      state.matches("open") || state.matches("complete")
        ? { type: "ChecklistFailed", reason, skus: state.context.skus }
        : unchanged(),
  },
)

/**
 * Closes the checklist of a shipped order. If the checklist has failed meanwhile, the order is still
 * rejected.
 */
const Close = defineCommand(
  { type: "Close", ...checklist },
  {
    schema: Schema.Struct({}),
    decide: ({ state }) => {
      const { customerId, skus } = state.context
      return state.matches("complete") ? { type: "ChecklistClosed", customerId, skus } : unchanged()
    },
  },
)

export const Checklist = defineActor({
  type: "checklist",
  machine: checklistMachine,
  events: checklistEvents,
  commands: { Open, Tick, Strike, Close },
})
