/** Orders that are fulfilled, by the saga or by reactors: cards that are declined, stock that runs out, bad addresses. */
import { Customer } from "../../../actors/customer/Customer.ts"
import { Inventory } from "../../../actors/inventory/Inventory.ts"
import type { InventoryContext } from "../../../actors/inventory/InventoryMachine.ts"
import { Notification } from "../../../actors/notification/Notification.ts"
import { Order } from "../../../actors/order/Order.ts"
import { Payment } from "../../../actors/payment/Payment.ts"
import type { PaymentContext } from "../../../actors/payment/PaymentMachine.ts"
import { Shipment } from "../../../actors/shipment/Shipment.ts"
import { CallRefused } from "../../../runtime/index.ts"
import {
  type ActorSeen,
  type CallStandIns,
  type Draw,
  type Invariant,
  type Randomness,
  type Request,
  sometimes,
  type Workload,
} from "../../../runtime/testing.ts"

export const fulfilmentActors = [Order, Payment, Inventory, Shipment, Notification, Customer]

const SKUS = ["lamp", "chair", "table"]
const UNITS_PER_SKU = 12

const DECLINED_CHANCE = 0.2
const BAD_ADDRESS_CHANCE = 0.15
const STUMBLES_CHANCE = 0.2
const CANCEL_CHANCE = 0.15

const place = (random: Randomness, id: string): Request => {
  const address = {
    recipient: "Kim Min",
    street: "Sejong-daero 1",
    postalCode: random.chance(BAD_ADDRESS_CHANCE) ? "nowhere" : "04524",
    city: "Seoul",
    country: "KR",
  }
  const lines = SKUS.slice(0, 1 + random.index(SKUS.length)).map((sku) => ({
    sku,
    quantity: 1 + random.index(3),
    unitPriceMinor: 1_000,
  }))
  const card = random.chance(DECLINED_CHANCE) ? "card-declined" : "card-fine"
  const command = { type: "Place", customerId: "kim", currency: "KRW", lines, fulfilment: { address, card } }
  return { actor: Order, id, command, commandId: `place-${id}`, via: "tell" }
}

/** Stock comes in, orders are placed, and some are cancelled by their customers. */
export const fulfilmentWorkload = (orderCount: number): Workload =>
  function* ({ random }: Draw) {
    yield {
      actor: Customer,
      id: "kim",
      command: { type: "Register", name: "Kim", email: "kim@example.com" },
      commandId: "register",
    }
    for (const sku of SKUS) {
      const command = { type: "Receive", deliveryId: "first", quantity: UNITS_PER_SKU }
      yield { actor: Inventory, id: sku, command, commandId: `receive-${sku}` }
    }
    for (let index = 0; index < orderCount; index++) {
      yield place(random, `o-${index}`)
      if (!random.chance(CANCEL_CHANCE)) continue
      const id = `o-${random.index(index + 1)}`
      yield {
        actor: Order,
        id,
        command: { type: "Cancel", reason: "changed my mind" },
        commandId: `cancel-${index}`,
      }
    }
  }

interface PaymentInput {
  readonly amount?: { readonly minor: number; readonly currency: string }
  readonly card?: string
}

const stumbling = (random: Randomness): void => {
  if (random.chance(STUMBLES_CHANCE)) throw new Error("the provider stumbles")
}

/** What the payment provider gives back is of no interest here; what it was asked, it does. */
const money = { minor: 1_000, currency: "KRW" }

/** The payment provider and the mail. */
export const fulfilmentCalls: CallStandIns = {
  payment: {
    authorise: ({ input, random, idempotencyKey }) => {
      if ((input as PaymentInput).card === "card-declined") throw new CallRefused("CardDeclined")
      stumbling(random)
      return { authorisationId: idempotencyKey }
    },
    capture: ({ random }) => {
      stumbling(random)
      return { captured: money }
    },
    refund: ({ random }) => {
      stumbling(random)
      return { refunded: money }
    },
    void: ({ random }) => {
      stumbling(random)
      return { captured: null, refunded: null }
    },
  },
  notification: { send: () => null },
}

export const fulfilmentInvariants: { readonly [name: string]: Invariant } = {
  "units are neither made nor lost, and never below zero": ({ type, state }) => {
    if (type !== "inventory") return true
    const { receivedCount, onHandCount, reservedCount, committedCount } = state.context as InventoryContext
    const sum = onHandCount + reservedCount + committedCount
    return sum === receivedCount && Math.min(onHandCount, reservedCount, committedCount) >= 0
  },
  "nothing is taken twice": ({ type, events }) =>
    type !== "payment" || events.filter(({ event }) => event.type === "CaptureRequested").length <= 2,
  "an order ends once": ({ type, events }) => {
    const ends = new Set(["OrderRejected", "OrderExpired", "OrderCancelled"])
    return type !== "order" || events.filter(({ event }) => ends.has(event.type)).length <= 1
  },
}

const UNDER_WAY: ReadonlySet<string> = new Set(["authorising", "capturing", "refunding", "voiding"])

/** Whatever has begun comes to an end by itself, and leaves nothing held for an order that came to nothing. */
export const unfinished = ({ type, state }: ActorSeen): string | undefined => {
  const value = state.value as string
  switch (type) {
    case "order":
      return value === "fulfilling" ? "is not fulfilled, and not rejected" : undefined
    case "payment":
      if (UNDER_WAY.has(value)) return `is ${value}`
      return value === "authorised" ? `holds ${(state.context as PaymentContext).amount?.minor}` : undefined
    case "inventory": {
      const { reservedCount } = state.context as InventoryContext
      return reservedCount > 0 ? `holds ${reservedCount} units` : undefined
    }
    case "fulfilment":
      if (value === "completed" || value === "compensated") sometimes(`a saga is ${value}`)
      return value === "completed" || value === "compensated" || value === "idle" ? undefined : `is ${value}`
    default:
      return undefined
  }
}
