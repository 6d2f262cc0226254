/**
 * The life of a payment as a statechart. In each state with `-ing` a call to the provider is in work.
 *
 *     new ── authorising ── authorised ── capturing ── captured ── refunding ── refunded
 *      │          └ declined               └ captureUnknown          └ refundUnknown
 *      └ voided ── voiding (from everywhere in between) ── voided, or voidFailed
 *
 * A refusal by the provider is an answer, so the payment's state is known. After silence it is not known. The
 * payment then takes an authorisation back to learn whether it was made. A capture or refund can be requested
 * again, because the provider makes only one for each payment. The commit that stores the outcome answers the
 * requests that await it. If there are none, the outcome becomes an event for reactors (`PaymentSettled`).
 * Who makes events: PaymentCommands.ts.
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
import { noProvider } from "./PaymentProvider.ts"

export interface PaymentContext {
  readonly paymentId: string
  /** Amount of the payment; `null` before an authorisation is requested. */
  readonly amount: Money | null
  /** Token of the card, until the provider has answered. */
  readonly card: string | null
  readonly authorisationId: string | null
  /** Captured amount, as the provider says. */
  readonly captured: Money | null
  /** Refunded amount. */
  readonly refunded: Money | null
  /** Reason of the provider's last refusal. */
  readonly refusal: string | null
  /** The outcome that reactors were told since the last call began. */
  readonly recorded: string | null
  /** Requests that await the outcome of the call in work. */
  readonly waiting: ReadonlyArray<RequestRef>
}

/** Largest number of requests that may await one call. */
export const WAITING_MAX = 16

/**
 * Amount that the merchant keeps of a payment, in minor units of its currency. The sum over payments is the
 * provider's net.
 */
export const keptMinor = ({ captured, refunded }: PaymentContext): number =>
  (captured?.minor ?? 0) - (refunded?.minor ?? 0)

/** Reason of the answer `no` if the provider did not answer. The text is in stored answers, so it keeps its old name. */
export const PROVIDER_UNAVAILABLE = "GatewayUnavailable"

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

/**
 * The payment as a receiver of messages. Its definition cannot be used here, because it is made of this
 * machine.
 */
const self = { type: "payment" } as AnyActor

/**
 * Answers all requests that wait, or has the outcome recorded. Must run before the `assign` that forgets the
 * requests.
 */
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
  no(PROVIDER_UNAVAILABLE, { message: (error as CallError).message }),
)

const refused = { waiting: [], refusal: ({ event }: Failed) => (event.error as CallError).reason } as const

const paymentOf = ({ context: { paymentId } }: { readonly context: PaymentContext }) => ({ paymentId })

/** The data of the requested authorisation. Only `authorising` needs it, and there both fields are set. */
const authorisationOf = ({ context: { paymentId, amount, card } }: { readonly context: PaymentContext }) => {
  if (amount === null || card === null) throw new Error("authorisation without an amount and a card")
  return { paymentId, amount, card }
}

const payment = setup({
  types: { context: {} as PaymentContext, events: {} as PaymentEvent, input: {} as { readonly id: string } },
  actors: paymentCalls(noProvider),
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

/** The decision (PaymentCommands.ts) answers the requests that awaited the interrupted call. */
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
