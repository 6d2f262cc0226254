/** What TypeScript knows of the order, whose commands live in a file of their own. Checked, never run. */
import { expectTypeOf } from "vitest"
import type { Money } from "../../actors/Money.ts"
import type { Order } from "../../actors/order/Order.ts"
import type { CommandsOf, EventsOf, ReasonsOf, ReplyOf, StateOf } from "../../runtime/index.ts"

type Command = CommandsOf<typeof Order>

expectTypeOf<Command["type"]>().toEqualTypeOf<
  "Place" | "AddLine" | "RemoveLine" | "Pay" | "Confirm" | "Reject" | "Ship" | "Deliver" | "Cancel" | "Return"
>()
expectTypeOf<EventsOf<typeof Order>["type"]>().toEqualTypeOf<
  | "OrderPlaced"
  | "LineAdded"
  | "LineRemoved"
  | "OrderPaid"
  | "OrderConfirmed"
  | "OrderRejected"
  | "OrderExpired"
  | "OrderShipped"
  | "OrderDelivered"
  | "OrderCancelled"
  | "OrderReturned"
>()
expectTypeOf<StateOf<typeof Order>["value"]>().toEqualTypeOf<
  | "draft"
  | "placed"
  | "paid"
  | "fulfilling"
  | "confirmed"
  | "shipped"
  | "delivered"
  | "returned"
  | "cancelled"
  | "rejected"
  | "expired"
>()
expectTypeOf<StateOf<typeof Order>["context"]["total"]>().toEqualTypeOf<Money | null>()

expectTypeOf<ReasonsOf<typeof Order, "AddLine">>().toEqualTypeOf<"SkuAlreadyOnOrder" | "TooManyLines">()
expectTypeOf<ReasonsOf<typeof Order, "RemoveLine">>().toEqualTypeOf<"NoSuchLine" | "LastLine">()
expectTypeOf<ReasonsOf<typeof Order, "Pay">>().toEqualTypeOf<"AmountMismatch">()
expectTypeOf<ReasonsOf<typeof Order, "Return">>().toEqualTypeOf<"ReturnWindowClosed">()
expectTypeOf<ReasonsOf<typeof Order, "Ship">>().toEqualTypeOf<never>()

expectTypeOf<ReplyOf<typeof Order, "Place">>().toExtend<{ readonly total: Money }>()
expectTypeOf<ReplyOf<typeof Order, "Pay">>().toEqualTypeOf<undefined>()

const pay: Command = { type: "Pay", amount: { minor: 5, currency: "KRW" }, paymentId: "p" }
// @ts-expect-error money has a currency
const bare: Command = { type: "Pay", amount: { minor: 5 }, paymentId: "p" }
// @ts-expect-error money is no number
const float: Command = { type: "Pay", amount: 5.5, paymentId: "p" }
// @ts-expect-error a reason is asked for
const silent: Command = { type: "Cancel" }
const deliver: Command = { type: "Deliver" }
export const commandsOfOrder = [pay, bare, float, silent, deliver]
