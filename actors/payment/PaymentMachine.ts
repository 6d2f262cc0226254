/**
 * The life of a payment as a statechart. Each state with `-ing` is a call to the gateway under way.
 *
 *     new ── authorising ── authorised ── capturing ── captured ── refunding ── refunded
 *      │          └ declined               └ captureUnknown          └ refundUnknown
 *      └ voided ── voiding (from everywhere in between) ── voided, or voidFailed
 *
 * A refusal of the gateway is an answer: the payment knows where it is. Silence is none: whether an authorisation was
 * made is then found out by taking it back, a capture or refund can be asked for again, for the gateway makes one per
 * payment. Whoever waits is answered by the commit that stores the outcome; where nobody does, it becomes an event for
 * reactors (`PaymentSettled`). Who makes events: PaymentCommands.ts.
 */
import { assign, setup } from "xstate"
import {
  type Answer,
  type AnyActor,
  type CallError,
  dispatch,
  type RequestRef,
  send,
} from "../../runtime/index.ts"
import type { Money } from "../Money.ts"
import { paymentCalls } from "./PaymentCalls.ts"
import type { PaymentEvent } from "./PaymentEvents.ts"
import { noGateway } from "./PaymentGateway.ts"

export interface PaymentContext {
  readonly paymentId: string
  /** `null` before authorisation was asked for. */
  readonly amount: Money | null
  /** Kept until the gateway has answered. */
  readonly card: string | null
  readonly authorisationId: string | null
  /** What was taken, as the gateway says. */
  readonly captured: Money | null
  /** What was given back of it. */
  readonly refunded: Money | null
  /** Why the gateway refused last. */
  readonly refusal: string | null
  /** The outcome that was told to reactors since the last call began. */
  readonly recorded: string | null
  /** Whom to tell how the call under way ended. */
  readonly waiting: ReadonlyArray<RequestRef>
}

/** Most requests that may wait for one call. */
export const WAITING_MAX = 16

/** What the merchant has of a payment, in minor units of its currency: the sum over payments is the gateway's net. */
export const keptMinor = ({ captured, refunded }: PaymentContext): number =>
  (captured?.minor ?? 0) - (refunded?.minor ?? 0)

/** Reason for which a request is answered `no` when the gateway kept silent. */
export const GATEWAY_UNAVAILABLE = "GatewayUnavailable"

const SILENCES: ReadonlySet<string> = new Set(["Failed", "TimedOut"])

interface Failed {
  readonly event: { readonly error: unknown }
}

const isRefused = ({ event }: Failed): boolean => !SILENCES.has((event.error as CallError).reason)

const no = (reason: string, detail?: unknown): Answer => ({
  ok: false,
  reason,
  isRejection: true,
  ...(detail === undefined ? {} : { detail }),
})

type Outcome<Event> = { readonly context: PaymentContext; readonly event: Event }
type Done<Output> = { readonly output: Output }

/** The payment itself, as messages are addressed: its definition is made of this machine. */
const self = { type: "payment" } as AnyActor

/** Answers everybody who waits, or has the outcome recorded. Before the `assign` that forgets who waits. */
const answerAll = <Event>(answerOf: (event: Event) => Answer) =>
  dispatch(({ context: { waiting, paymentId }, event }: Outcome<Event>) =>
    waiting.length === 0
      ? send.tell({ actor: self, id: paymentId, command: { type: "Record" } })
      : waiting.map((ref) => send.answer(ref, answerOf(event))),
  )

const answerDone = <Output extends object>(status: string) =>
  answerAll<Done<Output>>(({ output }) => ({ ok: true, reply: { status, ...output } }))

const answerRefused = (reason?: string) =>
  answerAll<Failed["event"]>(({ error }) => {
    const { reason: given, detail } = error as CallError
    return reason === undefined ? no(given, detail) : no(reason, { reason: given })
  })

const answerSilence = answerAll<Failed["event"]>(({ error }) =>
  no(GATEWAY_UNAVAILABLE, { message: (error as CallError).message }),
)

const refused = { waiting: [], refusal: ({ event }: Failed) => (event.error as CallError).reason } as const

const paymentOf = ({ context: { paymentId } }: { readonly context: PaymentContext }) => ({ paymentId })

/** The authorisation that was asked for; only `authorising` needs it, which is entered with both. */
const authorisationOf = ({ context: { paymentId, amount, card } }: { readonly context: PaymentContext }) => {
  if (amount === null || card === null) throw new Error("authorisation without an amount and a card")
  return { paymentId, amount, card }
}

const payment = setup({
  types: { context: {} as PaymentContext, events: {} as PaymentEvent, input: {} as { readonly id: string } },
  actors: paymentCalls(noGateway),
})

const replyToOf = (event: PaymentEvent): ReadonlyArray<RequestRef> =>
  "replyTo" in event && event.replyTo !== undefined ? [event.replyTo] : []

const waitForThis = payment.assign({
  waiting: ({ event }) => replyToOf(event),
  refusal: null,
  recorded: null,
})

const captureRequested = { target: "capturing", actions: waitForThis } as const
const refundRequested = { target: "refunding", actions: waitForThis } as const

/** Whoever waited for what was under way is answered by the decision (PaymentCommands.ts). */
const voidRequested = { target: "voiding", actions: [payment.assign({ card: null }), waitForThis] } as const

const joined = {
  guard: ({ context }: { readonly context: PaymentContext }) => context.waiting.length < WAITING_MAX,
  actions: payment.assign({ waiting: ({ context, event }) => [...context.waiting, ...replyToOf(event)] }),
}

export const paymentMachine = payment.createMachine({
  id: "payment",
  initial: "new",
  context: ({ input }) => ({
    paymentId: input.id,
    amount: null,
    card: null,
    authorisationId: null,
    captured: null,
    refunded: null,
    refusal: null,
    recorded: null,
    waiting: [],
  }),
  on: {
    PaymentSettled: {
      guard: ({ context, event }) => context.recorded !== event.status,
      actions: assign({ recorded: ({ event }) => event.status }),
    },
  },
  states: {
    new: {
      on: {
        AuthorisationRequested: {
          target: "authorising",
          actions: assign({
            amount: ({ event }) => event.amount,
            card: ({ event }) => event.card,
            waiting: ({ event }) => replyToOf(event),
          }),
        },
        VoidedUnused: "voided",
      },
    },
    authorising: {
      on: { RequesterJoined: joined, VoidRequested: voidRequested },
      invoke: {
        id: "authorise",
        src: "authorise",
        input: authorisationOf,
        onDone: {
          target: "authorised",
          actions: [
            answerDone("authorised"),
            assign({ authorisationId: ({ event }) => event.output.authorisationId, card: null, waiting: [] }),
          ],
        },
        onError: [
          {
            guard: isRefused,
            target: "declined",
            actions: [answerRefused("Declined"), assign({ ...refused, card: null })],
          },
          { target: "voiding", actions: [answerSilence, assign({ card: null, waiting: [] })] },
        ],
      },
    },
    authorised: { on: { CaptureRequested: captureRequested, VoidRequested: voidRequested } },
    declined: {},
    capturing: {
      on: { RequesterJoined: joined, VoidRequested: voidRequested },
      invoke: {
        id: "capture",
        src: "capture",
        input: paymentOf,
        onDone: {
          target: "captured",
          actions: [
            answerDone("captured"),
            assign({ captured: ({ event }) => event.output.captured, waiting: [] }),
          ],
        },
        onError: [
          { guard: isRefused, target: "authorised", actions: [answerRefused(), assign(refused)] },
          { target: "captureUnknown", actions: [answerSilence, assign({ waiting: [] })] },
        ],
      },
    },
    captureUnknown: { on: { CaptureRequested: captureRequested, VoidRequested: voidRequested } },
    captured: { on: { RefundRequested: refundRequested, VoidRequested: voidRequested } },
    refunding: {
      on: { RequesterJoined: joined, VoidRequested: voidRequested },
      invoke: {
        id: "refund",
        src: "refund",
        input: paymentOf,
        onDone: {
          target: "refunded",
          actions: [
            answerDone("refunded"),
            assign({ refunded: ({ event }) => event.output.refunded, waiting: [] }),
          ],
        },
        onError: [
          { guard: isRefused, target: "captured", actions: [answerRefused(), assign(refused)] },
          { target: "refundUnknown", actions: [answerSilence, assign({ waiting: [] })] },
        ],
      },
    },
    refundUnknown: { on: { RefundRequested: refundRequested, VoidRequested: voidRequested } },
    refunded: {},
    voiding: {
      on: { RequesterJoined: joined },
      invoke: {
        id: "void",
        src: "void",
        input: paymentOf,
        onDone: {
          target: "voided",
          actions: [
            answerDone("voided"),
            assign({
              captured: ({ event }) => event.output.captured,
              refunded: ({ event }) => event.output.refunded,
              waiting: [],
            }),
          ],
        },
        onError: [
          { guard: isRefused, target: "voidFailed", actions: [answerRefused(), assign(refused)] },
          { target: "voidFailed", actions: [answerSilence, assign({ waiting: [] })] },
        ],
      },
    },
    voidFailed: { on: { VoidRequested: voidRequested } },
    voided: {},
  },
})
