/**
 * The commands of a payment. Every command may come twice, late, or before the command that it is about.
 *
 * A `request` is answered when the provider has answered; an `ask` or `tell` when the intent is stored. A
 * repeat joins the call in work, or finds its outcome. `Void` is the compensation that always fits: in any
 * state of the payment, no money is kept afterwards. What follows: PaymentMachine.ts.
 */
import { Schema } from "effect"
import type { SnapshotFrom } from "xstate"
import { accept, defineCommand, type Outgoing, type RequestRef, reject, send } from "../../runtime/index.ts"
import { Money, sameMoney } from "../Money.ts"
import { CardToken, type PaymentEvent, paymentEvents, SETTLED_STATUSES } from "./PaymentEvents.ts"
import { paymentMachine, WAITING_MAX } from "./PaymentMachine.ts"

const payment = { machine: paymentMachine, events: paymentEvents }

type State = SnapshotFrom<typeof paymentMachine>

interface Requested {
  readonly replyTo?: RequestRef
}

const requestedBy = (replyTo: RequestRef | undefined): Requested => (replyTo === undefined ? {} : { replyTo })

/** Stores the intent; the answer to a request waits for the provider. */
const start = <const Event extends PaymentEvent>(
  event: Event,
  replyTo: RequestRef | undefined,
  outgoing: ReadonlyArray<Outgoing | undefined> = [],
) =>
  accept<Event, { readonly status: string }>(event, {
    reply: { status: "pending" },
    send: replyTo === undefined ? outgoing : [...outgoing, send.answerLater],
  })

/** Joins the same call, which is in work already. */
const join = (state: State, replyTo: RequestRef | undefined) => {
  if (replyTo === undefined) return done({ status: "pending" })
  if (state.context.waiting.length >= WAITING_MAX)
    return reject("TooManyRequests", { waitingMax: WAITING_MAX })
  return start({ type: "RequesterJoined", replyTo }, replyTo)
}

/** Replies with the outcome of the same command before. */
const done = <Reply extends { readonly status: string }>(reply: Reply) => accept<never, Reply>([], { reply })

/** Reserves the amount on the card. Rejected as `Declined` when the provider refuses. */
export const Authorise = defineCommand(
  { type: "Authorise", ...payment },
  {
    schema: Schema.Struct({ amount: Money, card: CardToken }),
    decide: ({ command: { amount, card }, state, replyTo }) => {
      const { context } = state
      if (state.matches("new")) {
        return start({ type: "AuthorisationRequested", amount, card, ...requestedBy(replyTo) }, replyTo)
      }
      if (isVoid(state)) return reject("PaymentVoided")
      if (state.matches("declined")) return reject("Declined", { reason: context.refusal })
      if (context.amount === null || !sameMoney(amount, context.amount)) {
        return reject("AmountMismatch", { expected: context.amount, given: amount })
      }
      if (state.matches("authorising")) return join(state, replyTo)
      return done({ status: "authorised", authorisationId: context.authorisationId })
    },
  },
)

/** Takes the authorised amount. */
export const Capture = defineCommand(
  { type: "Capture", ...payment },
  {
    schema: Schema.Struct({}),
    decide: ({ state, replyTo }) => {
      const { captured } = state.context
      if (state.matches("capturing")) return join(state, replyTo)
      if (state.matches("captured")) return done({ status: "captured", captured })
      if (isVoid(state)) return reject("PaymentVoided")
      if (isRefund(state)) return reject("PaymentRefunded")
      if (!isHeld(state)) return reject("NotAuthorised")
      return start({ type: "CaptureRequested", ...requestedBy(replyTo) }, replyTo)
    },
  },
)

/** Gives the captured amount back, in full. */
export const Refund = defineCommand(
  { type: "Refund", ...payment },
  {
    schema: Schema.Struct({}),
    decide: ({ state, replyTo }) => {
      const { refunded } = state.context
      if (state.matches("refunding")) return join(state, replyTo)
      if (refunded !== null) return done({ status: "refunded", refunded })
      if (isVoid(state)) return reject("PaymentVoided")
      if (!state.matches("captured") && !state.matches("refundUnknown")) return reject("NotCaptured")
      return start({ type: "RefundRequested", ...requestedBy(replyTo) }, replyTo)
    },
  },
)

/**
 * Takes the payment back in any state: releases the authorisation, refunds the capture, and refuses an
 * authorisation that comes later. Nothing is left to do if the payment was declined or refunded.
 */
export const Void = defineCommand(
  { type: "Void", ...payment },
  {
    schema: Schema.Struct({}),
    decide: ({ state, replyTo }) => {
      if (state.matches("new")) return accept({ type: "VoidedUnused" }, { reply: { status: "voided" } })
      if (state.matches("voiding")) return join(state, replyTo)
      if (state.matches("voided") || state.matches("refunded") || state.matches("declined")) {
        return done({ status: "voided" })
      }
      const overtaken = state.context.waiting.map((ref) =>
        send.answer(ref, { ok: false, reason: "PaymentVoided", isRejection: true }),
      )
      return start({ type: "VoidRequested", ...requestedBy(replyTo) }, replyTo, overtaken)
    },
  },
)

/**
 * Stores an event for how the last call ended. The payment sends this to itself if no requester awaits the
 * outcome.
 */
export const Record = defineCommand(
  { type: "Record", ...payment },
  {
    schema: Schema.Struct({}),
    decide: ({ state }) => {
      const { recorded, refusal } = state.context
      const status = SETTLED_STATUSES.find((settled) => state.matches(settled))
      if (status === undefined || status === recorded) return accept<never>([])
      return { type: "PaymentSettled", status, reason: refusal }
    },
  },
)

const isVoid = (state: State): boolean =>
  state.matches("voiding") || state.matches("voided") || state.matches("voidFailed")

const isRefund = (state: State): boolean =>
  state.matches("refunding") || state.matches("refunded") || state.matches("refundUnknown")

const isHeld = (state: State): boolean => state.matches("authorised") || state.matches("captureUnknown")
