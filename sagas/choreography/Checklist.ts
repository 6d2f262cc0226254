/**
 * The checklist of an order: an actor per order id that knows what was promised so far, and whether that is all.
 *
 *     new ── open ── complete ── closed
 *              └────────┴─ failed
 *
 * It is what a flow without anybody in the middle cannot do without: reactors have no memory, and somebody has to know
 * that the last of several promises was made. It asks nobody for anything. Every command may come twice or too late, and
 * then changes nothing. Who ticks, and who reacts to it: Choreography.ts.
 */
import { Schema } from "effect"
import { assign, setup } from "xstate"
import { Reason } from "../../actors/order/OrderEvents.ts"
import { accept, defineActor, defineCommand } from "../../runtime/index.ts"
import { type ChecklistEvent, checklistEvents, whatToFulfil } from "./ChecklistEvents.ts"

export interface ChecklistContext {
  /** Empty in `new` alone, as is `skus`. */
  readonly customerId: string
  readonly skus: ReadonlyArray<string>
  /** What is not ticked yet. */
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

/** Something was promised. */
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

/** Something was refused, or somebody does not want the order any more. */
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

/** The order is shipped. Where the checklist has failed meanwhile, the order is rejected all the same. */
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
