/**
 * The life of an order as a statechart, driven by its events. The chart is the business rule: an event that it does
 * not accept in a state, guards included, cannot happen there.
 *
 *     draft ── placed ── paid ── shipped ── delivered ── returned
 *                 └─────────┴── cancelled
 *
 * `draft` is the order before its first event: it has an id and nothing else. Everything here is pure and the
 * context is plain JSON, so a replay ends where the first run did. Who makes events: OrderCommands.ts.
 */
import { assign, setup } from "xstate"
import { type Money, sameMoney } from "../Money.ts"
import type { OrderEvent } from "./OrderEvents.ts"
import { LINES_PER_ORDER_MAX, linesTotal, type OrderLine } from "./OrderLine.ts"

/** What the rules of an order need to know about its past. */
export interface OrderContext {
  /** `null` in `draft` alone, and so is `total`. */
  readonly customerId: string | null
  readonly total: Money | null
  readonly lines: ReadonlyArray<OrderLine>
  /** Unix milliseconds; `null` until delivered. */
  readonly deliveredAtMs: number | null
}

/** Days after delivery within which an order may be returned. */
export const RETURN_WINDOW_DAYS = 30

const MS_PER_DAY = 24 * 60 * 60 * 1000

/** The last moment, Unix milliseconds, at which a return is accepted. */
export const returnableUntilMs = (deliveredAtMs: number): number =>
  deliveredAtMs + RETURN_WINDOW_DAYS * MS_PER_DAY

interface On<Type extends OrderEvent["type"]> {
  readonly context: OrderContext
  readonly event: Extract<OrderEvent, { readonly type: Type }>
}

export const hasSku = (lines: ReadonlyArray<OrderLine>, sku: string): boolean =>
  lines.some((line) => line.sku === sku)

const isNewArticleAndFits = ({ context: { lines }, event }: On<"LineAdded">): boolean =>
  lines.length < LINES_PER_ORDER_MAX && !hasSku(lines, event.line.sku)

const isThereAndNotTheLast = ({ context: { lines }, event }: On<"LineRemoved">): boolean =>
  lines.length > 1 && hasSku(lines, event.line.sku)

const amountIsTotal = ({ context: { total }, event }: On<"OrderPaid">): boolean =>
  total !== null && sameMoney(total, event.amount)

const nothingToRefund = ({ event }: On<"OrderCancelled">): boolean => event.refund === null

const refundIsTotal = ({ context: { total }, event }: On<"OrderCancelled" | "OrderReturned">): boolean =>
  total !== null && event.refund !== null && sameMoney(total, event.refund)

const isFullReturnInTime = ({ context, event }: On<"OrderReturned">): boolean =>
  context.deliveredAtMs !== null &&
  event.returnedAtMs <= returnableUntilMs(context.deliveredAtMs) &&
  refundIsTotal({ context, event })

/** Lines and their total change together. */
const withLines = ({ total }: OrderContext, lines: ReadonlyArray<OrderLine>) => ({
  lines,
  total: total === null ? null : linesTotal(lines, total.currency),
})

export const orderMachine = setup({
  types: { context: {} as OrderContext, events: {} as OrderEvent },
}).createMachine({
  id: "order",
  initial: "draft",
  context: { customerId: null, total: null, lines: [], deliveredAtMs: null },
  states: {
    draft: {
      on: {
        OrderPlaced: {
          target: "placed",
          actions: assign(({ event: { customerId, currency, lines } }) => ({
            customerId,
            lines,
            total: linesTotal(lines, currency),
          })),
        },
      },
    },
    placed: {
      on: {
        LineAdded: {
          guard: isNewArticleAndFits,
          actions: assign(({ context, event }) => withLines(context, [...context.lines, event.line])),
        },
        LineRemoved: {
          guard: isThereAndNotTheLast,
          actions: assign(({ context, event }) =>
            withLines(
              context,
              context.lines.filter(({ sku }) => sku !== event.line.sku),
            ),
          ),
        },
        OrderPaid: { guard: amountIsTotal, target: "paid" },
        OrderCancelled: { guard: nothingToRefund, target: "cancelled" },
      },
    },
    paid: {
      on: {
        OrderShipped: "shipped",
        OrderCancelled: { guard: refundIsTotal, target: "cancelled" },
      },
    },
    shipped: {
      on: {
        OrderDelivered: {
          target: "delivered",
          actions: assign({ deliveredAtMs: ({ event }) => event.deliveredAtMs }),
        },
      },
    },
    delivered: { on: { OrderReturned: { guard: isFullReturnInTime, target: "returned" } } },
    returned: { type: "final" },
    cancelled: { type: "final" },
  },
})
