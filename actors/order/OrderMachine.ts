/**
 * The life of an order as a statechart, driven by its events. The chart is the business rule: an event that a
 * state and its guards do not accept cannot happen there.
 *
 *     draft ─┬─ placed ── paid ─────────┬─ shipped ── delivered ── returned
 *            │     └────────┴─ cancelled│
 *            └─ fulfilling ── confirmed ┘
 *                 ├─ rejected      └─ cancelled, or rejected
 *                 ├─ expired
 *                 └─ cancelled
 *
 * `draft` is the order before its first event: it has only an id. A `placed` order is changed, paid and sent
 * manually. An order with a card and an address is `fulfilling` from the start, and its lines do not change.
 * Everything here is pure and the context is plain JSON, so a replay ends where the first run did. Who makes
 * events: OrderCommands.ts.
 */
import { assign, cancel, raise, setup } from "xstate"
import { dispatch, send } from "../../runtime/index.ts"
import { type Money, sameMoney } from "../Money.ts"
import { OrderCancelled, OrderConfirmed } from "./OrderAnnouncements.ts"
import type { OrderEvent } from "./OrderEvents.ts"
import { LINES_PER_ORDER_MAX, linesTotal, type OrderLine } from "./OrderLine.ts"

/** The part of an order's past that its rules need. */
export interface OrderContext {
  readonly orderId: string
  /** Id of the customer. It and `total` are `null` only in `draft`. */
  readonly customerId: string | null
  readonly total: Money | null
  readonly lines: ReadonlyArray<OrderLine>
  /** Time of the delivery, Unix milliseconds; `null` before it. */
  readonly deliveredAtMs: number | null
}

/** Number of days after the delivery within which an order may be returned. */
export const RETURN_WINDOW_DAYS = 30

/**
 * Longest time of an order's fulfilment, in milliseconds: a day. It is the last resort of the choreography,
 * which has no coordinator, so it is far longer than the time-outs of the saga. A result that comes later is
 * undone like any other failure.
 */
export const PAYMENT_DEADLINE_MS = 24 * 60 * 60 * 1000

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

/** The changed lines and their total. */
const withLines = ({ total }: OrderContext, lines: ReadonlyArray<OrderLine>) => ({
  lines,
  total: total === null ? null : linesTotal(lines, total.currency),
})

const isFulfilled = ({ event }: On<"OrderPlaced">): boolean => event.fulfilment !== null

/** The common data of an order's integration events. An order that was never placed has none. */
const placedOrderOf = ({ orderId, customerId, total }: OrderContext) => {
  if (customerId === null || total === null) throw new Error("an order without a customer")
  return { orderId, customerId, total }
}

const announceConfirmed = dispatch(({ context }: On<"OrderConfirmed">) =>
  send.publish(OrderConfirmed, placedOrderOf(context)),
)

type Ended = On<"OrderCancelled" | "OrderRejected" | "OrderExpired">

const OUTCOMES = { OrderCancelled: "cancelled", OrderRejected: "rejected", OrderExpired: "expired" } as const

const announceEnded = dispatch(({ context, event }: Ended) => {
  const { orderId, customerId } = placedOrderOf(context)
  return send.publish(OrderCancelled, {
    orderId,
    customerId,
    outcome: OUTCOMES[event.type],
    ...("reason" in event ? { reason: event.reason } : {}),
  })
})

const order = setup({
  types: { context: {} as OrderContext, events: {} as OrderEvent, input: {} as { readonly id: string } },
  delays: { paymentDeadline: PAYMENT_DEADLINE_MS },
})

const placed = order.assign(({ context, event }) =>
  event.type === "OrderPlaced"
    ? { customerId: event.customerId, lines: event.lines, total: linesTotal(event.lines, event.currency) }
    : context,
)

export const orderMachine = order.createMachine({
  id: "order",
  initial: "draft",
  context: ({ input }) => ({
    orderId: input.id,
    customerId: null,
    total: null,
    lines: [],
    deliveredAtMs: null,
  }),
  states: {
    draft: {
      on: {
        OrderPlaced: [
          { guard: isFulfilled, target: "fulfilling", actions: placed },
          { target: "placed", actions: placed },
        ],
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
        OrderCancelled: { guard: nothingToRefund, target: "cancelled", actions: announceEnded },
      },
    },
    paid: {
      on: {
        OrderShipped: "shipped",
        OrderCancelled: { guard: refundIsTotal, target: "cancelled", actions: announceEnded },
      },
    },
    fulfilling: {
      // Not `after`, because only the machine sees its event; projections and reactors need this one.
      entry: raise({ type: "OrderExpired" }, { id: "paymentDeadline", delay: "paymentDeadline" }),
      exit: cancel("paymentDeadline"),
      on: {
        OrderConfirmed: { target: "confirmed", actions: announceConfirmed },
        OrderRejected: { target: "rejected", actions: announceEnded },
        OrderExpired: { target: "expired", actions: announceEnded },
        OrderCancelled: { guard: nothingToRefund, target: "cancelled", actions: announceEnded },
      },
    },
    confirmed: {
      on: {
        OrderShipped: "shipped",
        OrderRejected: { target: "rejected", actions: announceEnded },
        OrderCancelled: { guard: refundIsTotal, target: "cancelled", actions: announceEnded },
      },
    },
    shipped: {
      on: {
        OrderDelivered: {
          target: "delivered",
          actions: assign({ deliveredAtMs: ({ event }) => event.deliveredAtMs }),
        },
        // The fulfilment was called off at the same moment. The parcel has not left yet, because it leaves later.
        OrderRejected: { target: "rejected", actions: announceEnded },
      },
    },
    delivered: { on: { OrderReturned: { guard: isFullReturnInTime, target: "returned" } } },
    returned: { type: "final" },
    cancelled: { type: "final" },
    rejected: { type: "final" },
    expired: { type: "final" },
  },
})
