/**
 * The events of an order's checklist. An event has all data that its reactors need. Golden files:
 * test/fixtures/golden/checklist. Which event may follow which: Checklist.ts.
 */
import { Schema } from "effect"
import { Currency } from "../../actors/Currency.ts"
import { CustomerId, Fulfilment, Reason } from "../../actors/order/OrderEvents.ts"
import { OrderLines, Sku } from "../../actors/order/OrderLine.ts"
import { defineEvent, type EventOf } from "../../runtime/index.ts"

/** The data of an order that the participants need. */
export const whatToFulfil = {
  customerId: CustomerId,
  currency: Currency,
  lines: OrderLines,
  ...Fulfilment.fields,
}

const skus = Schema.Array(Sku)

export const checklistEvents = {
  ChecklistOpened: defineEvent(Schema.Struct(whatToFulfil)),
  ItemTicked: defineEvent(Schema.Struct({ item: Schema.String })),
  /** Every item that can be refused was promised. */
  ChecklistCompleted: defineEvent(Schema.Struct({})),
  /** The order will not be sent. All promises are to be undone. */
  ChecklistFailed: defineEvent(Schema.Struct({ reason: Reason, skus })),
  /** The order is shipped, and no participant can stop it any more. */
  ChecklistClosed: defineEvent(Schema.Struct({ customerId: CustomerId, skus })),
}

/** Every event of a checklist, flat. */
export type ChecklistEvent = EventOf<typeof checklistEvents>
