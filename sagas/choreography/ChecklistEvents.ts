/**
 * What can have happened to the checklist of an order. An event says what whoever reacts to it needs, so that nobody has
 * to look anything up. Golden files: test/fixtures/golden/checklist. What may follow what: Checklist.ts.
 */
import { Schema } from "effect"
import { Currency } from "../../actors/Currency.ts"
import { CustomerId, Fulfilment, Reason } from "../../actors/order/OrderEvents.ts"
import { OrderLines, Sku } from "../../actors/order/OrderLine.ts"
import { defineEvent, type EventOf } from "../../runtime/index.ts"

/** What the participants need of an order. */
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
  /** Everything that can be refused was promised. */
  ChecklistCompleted: defineEvent(Schema.Struct({})),
  /** The order will not leave: whatever was done for it is to be undone. */
  ChecklistFailed: defineEvent(Schema.Struct({ reason: Reason, skus })),
  /** The order is shipped, and nobody can stop it any more. */
  ChecklistClosed: defineEvent(Schema.Struct({ customerId: CustomerId, skus })),
}

/** Every event of a checklist, flat. */
export type ChecklistEvent = EventOf<typeof checklistEvents>
