/**
 * The commands of an order. Each decision is pure: from command and state to an event or a rejection.
 *
 * A decision rejects only what a person needs words and facts for. It leaves everything else to the chart
 * (OrderMachine.ts): it gives the event, and a state that does not accept the event refuses it by name. So
 * the worded rules only look at states in which the chart would accept the event. One exception: a missing
 * line is rejected in every state.
 */
import { Schema } from "effect"
import type { SnapshotFrom } from "xstate"
import { accept, defineCommand, reject } from "../../runtime/index.ts"
import { actorId } from "../BoundedText.ts"
import { Carrier, SignedBy, TrackingNumber } from "../Carriage.ts"
import { Currency } from "../Currency.ts"
import { Money, sameMoney } from "../Money.ts"
import { CustomerId, Fulfilment, orderEvents, PaymentId, Reason } from "./OrderEvents.ts"
import { LINES_PER_ORDER_MAX, linesTotal, OrderLine, OrderLines, Sku } from "./OrderLine.ts"
import { hasSku, orderMachine, RETURN_WINDOW_DAYS, returnableUntilMs } from "./OrderMachine.ts"

const order = { machine: orderMachine, events: orderEvents }

/**
 * Creates the order with its first lines; with a `fulfilment` no lines can be added later. The reply has the
 * total.
 */
export const Place = defineCommand(
  { type: "Place", ...order },
  {
    schema: Schema.Struct({
      customerId: CustomerId,
      currency: Currency,
      lines: OrderLines,
      fulfilment: Schema.optionalKey(Fulfilment),
    }),
    decide: ({ command: { customerId, currency, lines, fulfilment = null } }) =>
      accept(
        { type: "OrderPlaced", customerId, currency, lines, fulfilment },
        { reply: { total: linesTotal(lines, currency) } },
      ),
  },
)

/** Adds an article that is not yet on the order. Only before payment. */
export const AddLine = defineCommand(
  { type: "AddLine", ...order },
  {
    schema: Schema.Struct({ line: OrderLine }),
    decide: ({ command: { line }, state }) => {
      const { lines } = state.context
      if (state.matches("placed")) {
        if (hasSku(lines, line.sku)) return reject("SkuAlreadyOnOrder", { sku: line.sku })
        if (lines.length >= LINES_PER_ORDER_MAX) {
          return reject("TooManyLines", { linesMax: LINES_PER_ORDER_MAX })
        }
      }
      return { type: "LineAdded", line }
    },
  },
)

/**
 * Removes an article from the order. Only before payment. The last article stays: cancel the order instead.
 */
export const RemoveLine = defineCommand(
  { type: "RemoveLine", ...order },
  {
    schema: Schema.Struct({ sku: Sku }),
    decide: ({ command: { sku }, state }) => {
      const { lines } = state.context
      const line = lines.find((candidate) => candidate.sku === sku)
      if (line === undefined) return reject("NoSuchLine", { sku })
      if (state.matches("placed") && lines.length === 1) return reject("LastLine", { sku })
      return { type: "LineRemoved", line }
    },
  },
)

/** Records a payment, which must be the order's total to the last minor unit, in its currency. */
export const Pay = defineCommand(
  { type: "Pay", ...order },
  {
    schema: Schema.Struct({ amount: Money, paymentId: PaymentId }),
    decide: ({ command: { amount, paymentId }, state }) => {
      const { total } = state.context
      if (state.matches("placed") && total !== null && !sameMoney(amount, total)) {
        return reject("AmountMismatch", { expected: total, given: amount })
      }
      return { type: "OrderPaid", amount, paymentId }
    },
  },
)

/**
 * For reactors, which learn late how an order ended: a command that comes too late has no effect and is not
 * rejected.
 */
const unlessEnded = Schema.optionalKey(Schema.Boolean)

type State = SnapshotFrom<typeof orderMachine>

/** Whether the order will not be delivered. */
const isEnded = (state: State): boolean =>
  state.matches("rejected") || state.matches("cancelled") || state.matches("expired")

/** Ends a fulfilment with success. A repeat is accepted without effect. */
export const Confirm = defineCommand(
  { type: "Confirm", ...order },
  {
    schema: Schema.Struct({ paymentId: actorId, unlessEnded }),
    decide: ({ command: { paymentId, unlessEnded = false }, state }) =>
      state.matches("confirmed") || (unlessEnded && isEnded(state))
        ? accept<never>([])
        : { type: "OrderConfirmed", paymentId },
  },
)

/**
 * Ends a fulfilment that failed, perhaps at the last moment, when the order is confirmed and shipped already.
 * Without effect if the order has ended in another way meanwhile.
 */
export const Reject = defineCommand(
  { type: "Reject", ...order },
  {
    schema: Schema.Struct({ reason: Reason }),
    decide: ({ command: { reason }, state }) =>
      isEnded(state) ? accept<never>([]) : { type: "OrderRejected", reason },
  },
)

/** Gives a paid or confirmed order to a carrier. After that its customer cannot cancel it. */
export const Ship = defineCommand(
  { type: "Ship", ...order },
  {
    schema: Schema.Struct({ carrier: Carrier, trackingNumber: TrackingNumber, unlessEnded }),
    decide: ({ command: { carrier, trackingNumber, unlessEnded = false }, state }) =>
      unlessEnded && isEnded(state) ? accept<never>([]) : { type: "OrderShipped", carrier, trackingNumber },
  },
)

/** Records the arrival of a shipped order. The time to return it begins now. */
export const Deliver = defineCommand(
  { type: "Deliver", ...order },
  {
    schema: Schema.Struct({ signedBy: Schema.optionalKey(SignedBy) }),
    decide: ({ command: { signedBy }, nowMs }) => ({
      type: "OrderDelivered",
      deliveredAtMs: nowMs,
      ...(signedBy === undefined ? {} : { signedBy }),
    }),
  },
)

/** Cancels an order that has not been shipped. The paid amount is to be refunded. */
export const Cancel = defineCommand(
  { type: "Cancel", ...order },
  {
    schema: Schema.Struct({ reason: Reason }),
    decide: ({ command: { reason }, state }) => ({
      type: "OrderCancelled",
      reason,
      refund: state.matches("paid") || state.matches("confirmed") ? state.context.total : null,
    }),
  },
)

/** Takes a delivered order back, within {@link RETURN_WINDOW_DAYS} days of its delivery. The total is to be refunded. */
export const Return = defineCommand(
  { type: "Return", ...order },
  {
    schema: Schema.Struct({ reason: Reason }),
    decide: ({ command: { reason }, state, nowMs }) => {
      const { deliveredAtMs, total } = state.context
      if (state.matches("delivered") && deliveredAtMs !== null) {
        const untilMs = returnableUntilMs(deliveredAtMs)
        if (nowMs > untilMs) {
          return reject("ReturnWindowClosed", { deliveredAtMs, untilMs, windowDays: RETURN_WINDOW_DAYS })
        }
      }
      return { type: "OrderReturned", reason, returnedAtMs: nowMs, refund: total }
    },
  },
)
