/**
 * A shop in memory: the whole reference domain in one of the two flows, a bank that can be told how to behave, and time
 * that the test moves.
 *
 * `inShop` opens one. `settle` lets everything happen that can happen, without waiting for timers; the balances are what
 * a book-keeper would look at.
 */
import { Effect, type Scope } from "effect"
import { TestClock } from "effect/testing"
import { Customer } from "../../../actors/customer/Customer.ts"
import { Inventory } from "../../../actors/inventory/Inventory.ts"
import { notificationActor } from "../../../actors/notification/Notification.ts"
import { Order } from "../../../actors/order/Order.ts"
import { paymentActor } from "../../../actors/payment/Payment.ts"
import type {
  AuthoriseRequest,
  PaymentProvider,
  ProviderRequest,
} from "../../../actors/payment/PaymentProvider.ts"
import { Shipment } from "../../../actors/shipment/Shipment.ts"
import { type Operation, ProviderLedger } from "../../../infra/reference/payments/ProviderLedger.ts"
import { type AnyActor, CallRefused, type CommandsOf, type StateOf } from "../../../runtime/index.ts"
import type { ActorSystemService, SystemOptions } from "../../../runtime/system/ActorSystem.ts"
import { Checklist } from "../../../sagas/choreography/Checklist.ts"
import { choreography } from "../../../sagas/choreography/Choreography.ts"
import { DeliveryHandover } from "../../../sagas/delivery/DeliveryHandover.ts"
import { Fulfilment } from "../../../sagas/fulfilment/Fulfilment.ts"
import type { JournalScripted } from "../../fixtures/memory/JournalScripted.ts"
import { type MemoryOptions, virtually } from "../../fixtures/memory/MemorySystem.ts"
import { MessagingMemory } from "../../fixtures/memory/MessagingMemory.ts"

type Definitions = Required<Pick<SystemOptions, "actors" | "sagas" | "reactors">>

/** What each flow adds to the participants. */
export const flows = {
  saga: { actors: [], sagas: [Fulfilment], reactors: [] },
  choreography: { actors: choreography.actors, sagas: [], reactors: choreography.reactors },
} satisfies { readonly [name: string]: Definitions }

export type Flow = keyof typeof flows

export const TEA = { sku: "TEA-100", quantity: 2, unitPriceMinor: 9_000 }
export const CUP = { sku: "CUP-1", quantity: 1, unitPriceMinor: 12_500 }
export const TOTAL_MINOR = 30_500
export const CUSTOMER = "c-7"
export const STOCK: { readonly [sku: string]: number } = { [TEA.sku]: 10, [CUP.sku]: 10 }

export const order = {
  type: "Place",
  customerId: CUSTOMER,
  currency: "KRW",
  lines: [TEA, CUP],
  fulfilment: {
    address: {
      recipient: "K. Lee",
      street: "Sejong-daero 110",
      postalCode: "04524",
      city: "Seoul",
      country: "KR",
    },
    card: "card-1",
  },
} satisfies CommandsOf<typeof Order>

/** A provider whose books are the ones of the fake provider. */
export class Bank implements PaymentProvider {
  readonly books = new ProviderLedger()
  /** Operations that are not answered, and not done. */
  readonly silent = new Set<Operation>()
  /** Operations that are refused, and why. */
  readonly refused = new Map<Operation, string>()

  async authorise({ amount, card, ...request }: AuthoriseRequest): Promise<never> {
    return this.#do("authorise", request, { amount, card })
  }
  async capture(request: ProviderRequest): Promise<never> {
    return this.#do("capture", request)
  }
  async refund(request: ProviderRequest): Promise<never> {
    return this.#do("refund", request)
  }
  async void(request: ProviderRequest): Promise<never> {
    return this.#do("void", request)
  }

  async #do(
    operation: Operation,
    { paymentId, idempotencyKey: key, signal }: ProviderRequest,
    more: Pick<AuthoriseRequest, "amount" | "card"> | object = {},
  ): Promise<never> {
    if (this.silent.has(operation)) {
      return new Promise((_, reject) => signal.addEventListener("abort", () => reject(new Error("aborted"))))
    }
    const isDeclined = "card" in more && more.card.startsWith("card-declined")
    const refusal = isDeclined ? "CardDeclined" : this.refused.get(operation)
    if (refusal !== undefined) throw new CallRefused(refusal)
    const entry = { key, operation, paymentId, ...more }
    const { status, body } = this.books.repeated(entry) ?? this.books.book(entry)
    if (status !== 200) throw new CallRefused(String(body.reason))
    return body as never
  }
}

interface Balance {
  readonly reserved: number
  readonly left: ReadonlyArray<number>
  readonly held: number
  readonly kept: number
  readonly doubleCharges: number
}

export interface Shop {
  readonly flow: Flow
  readonly system: ActorSystemService
  readonly journal: JournalScripted
  readonly bank: Bank
  readonly mails: Array<string>
  readonly place: (id: string, more?: Partial<typeof order>) => Effect.Effect<unknown, unknown>
  readonly stateOf: <A extends AnyActor>(actor: A, id: string) => Effect.Effect<StateOf<A>, unknown>
  readonly valueIn: (actor: AnyActor, id: string) => Effect.Effect<string, unknown>
  /** Until nobody has anything to do but wait; calls under way are waited for. */
  readonly settle: Effect.Effect<void>
  /** Reasons and details of the dead letters. */
  readonly letters: Effect.Effect<ReadonlyArray<string>, unknown>
  /** Reserved and left units per SKU, money held and kept at the bank. */
  readonly balance: Effect.Effect<Balance, unknown>
}

export interface ShopOptions extends Pick<MemoryOptions, "journal" | "messaging"> {
  readonly bank?: Bank
  /** In place of the flow's own. */
  readonly definitions?: Definitions
}

/** Looks that must agree that nothing goes on. */
const QUIET_LOOKS = 8
const CALL_STEP_MS = 250

export const inShop = (
  flow: Flow,
  program: (shop: Shop) => Effect.Effect<void, unknown, Scope.Scope>,
  options: ShopOptions = {},
): Promise<void> => {
  const { bank = new Bank(), messaging = new MessagingMemory(), definitions = flows[flow] } = options
  const mails: Array<string> = []
  const payment = paymentActor(bank)
  const mailer = {
    send: async ({ to, messageId }: { to: string; messageId: string }) =>
      void mails.push(`${to} ${messageId}`),
  }
  const participants = [Order, payment, Inventory, Shipment, Customer, notificationActor(mailer)]
  const system: MemoryOptions = {
    ...options,
    messaging,
    actors: [...participants, ...definitions.actors],
    sagas: definitions.sagas,
    reactors: [...definitions.reactors, DeliveryHandover],
  }
  return virtually(system, ({ system, journal }) => {
    const { contents } = messaging.mailbox
    /** The very definition that the system was given. */
    const hosted = (actor: AnyActor) => (actor.type === "payment" ? payment : actor)

    const turn = Effect.promise(() => new Promise<void>((resolve) => setImmediate(resolve)))
    const settle = Effect.gen(function* () {
      let seenCount = 0
      for (let quietLooks = 0; quietLooks < QUIET_LOOKS; quietLooks++) {
        const { messages, outbox, calls, committedCount } = yield* system.status
        const openCount = [...contents.messages].length + messages.openCount + outbox.pendingCount
        if (openCount > 0 || committedCount > seenCount) quietLooks = -1
        seenCount = committedCount
        yield* TestClock.adjust(calls.runningCount > 0 ? CALL_STEP_MS : 0)
        yield* turn
      }
    })
    const stateOf = <A extends AnyActor>(actor: A, id: string) =>
      Effect.map(system.get(hosted(actor), id).state(), ({ state }) => state as StateOf<A>)
    const stockOf = (sku: string) => Effect.map(stateOf(Inventory, sku), ({ context }) => context)

    const shop: Shop = {
      flow,
      system,
      journal,
      bank,
      mails,
      place: (id, more = {}) =>
        system.get(Order, id).ask({ ...order, ...more }, { commandId: `place-${id}` }),
      stateOf,
      valueIn: (actor, id) => Effect.map(stateOf(actor, id), ({ value }) => String(value)),
      settle,
      letters: Effect.map(system.deadLetters.list(), (letters) =>
        letters.map(({ key, reason, detail }) => `${key} ${reason}: ${detail}`),
      ),
      balance: Effect.gen(function* () {
        const tea = yield* stockOf(TEA.sku)
        const cup = yield* stockOf(CUP.sku)
        const { totals, doubleCharges } = bank.books.report()
        return {
          reserved: tea.reservedCount + cup.reservedCount,
          left: [tea.onHandCount, cup.onHandCount],
          held: totals["KRW"]?.held ?? 0,
          kept: totals["KRW"]?.net ?? 0,
          doubleCharges,
        }
      }),
    }
    return Effect.gen(function* () {
      for (const [sku, quantity] of Object.entries(STOCK)) {
        yield* system
          .get(Inventory, sku)
          .ask({ type: "Receive", deliveryId: "d-1", quantity }, { commandId: `d-${sku}` })
      }
      yield* system
        .get(Customer, CUSTOMER)
        .ask({ type: "Register", name: "K. Lee", email: "lee@example.com" }, { commandId: "register" })
      yield* program(shop)
    })
  })
}

/** Nothing is held, nothing is gone. */
export const UNTOUCHED = { reserved: 0, left: [10, 10], held: 0, kept: 0, doubleCharges: 0 }

/** One order has left and is paid. */
export const SOLD = { reserved: 0, left: [8, 9], held: 0, kept: TOTAL_MINOR, doubleCharges: 0 }

/** Calls the flow off by hand: what an operator does. */
export const callOff = ({ flow, system }: Shop, id: string): Effect.Effect<unknown, unknown> =>
  flow === "saga"
    ? system.get(Fulfilment, id).ask({ type: "Cancel", by: "kim", note: "customer called" })
    : system.get(Checklist, id).ask({ type: "Strike", reason: "customer called" })
