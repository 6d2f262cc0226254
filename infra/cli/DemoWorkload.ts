/**
 * What the demo's customers do: a script per order, the same for the same seed.
 *
 * Owns the mix: most orders run their course, some are invalid, some break a rule, some steps are sent twice under one
 * key, some orders get two commands at once. It knows nothing of answers; who sends is DemoClient.ts.
 */
import { Effect, Random } from "effect"

/** One request, to be sent until it is answered. */
export interface Sending {
  readonly orderId: string
  /** The Idempotency-Key. */
  readonly key: string
  readonly method: "PUT" | "POST" | "DELETE"
  readonly path: string
  readonly body?: unknown
  /** Version for If-Match. */
  readonly ifVersion?: number
}

/** Steps one after the other; the sendings of a step go out at once. */
export interface OrderScript {
  readonly orderId: string
  readonly customerId: string
  readonly steps: ReadonlyArray<ReadonlyArray<Sending>>
}

/** Orders of one customer, on average. */
const ORDERS_PER_CUSTOMER = 25

/** Shares of all orders or steps, 0 to 1. */
const SHARE = {
  invalid: 0.04,
  unknownOrder: 0.02,
  addLine: 0.35,
  addSameLine: 0.2,
  removeLine: 0.4,
  removeLastLine: 0.03,
  wrongAmount: 0.06,
  staleVersion: 0.04,
  keyReused: 0.04,
  shipTooEarly: 0.06,
  payAndCancel: 0.08,
  pay: 0.85,
  cancelUnpaid: 0.4,
  ship: 0.85,
  deliver: 0.8,
  returned: 0.1,
  sentTwice: 0.08,
  sentTwiceAtOnce: 0.4,
} as const

const SKUS = ["book", "lamp", "chair", "kettle", "pen", "desk", "globe", "clock"] as const
const CURRENCIES = ["EUR", "USD", "KRW", "JPY"] as const
const QUANTITY_MAX = 5
const UNIT_PRICE_MINOR_MAX = 20_000

interface Line {
  readonly sku: string
  readonly quantity: number
  readonly unitPriceMinor: number
}

type Chance = (share: number) => boolean
type Pick = <A>(from: ReadonlyArray<A>) => A
type WholeNumber = (max: number) => number

/** Writes one order's script, in the order in which things are asked. */
class Script {
  readonly #orderId: string
  readonly #steps: Array<ReadonlyArray<Sending>> = []
  readonly #chance: Chance
  #keyCount = 0

  constructor(orderId: string, chance: Chance) {
    this.#orderId = orderId
    this.#chance = chance
  }

  get steps(): ReadonlyArray<ReadonlyArray<Sending>> {
    return this.#steps
  }

  sending(
    method: Sending["method"],
    path: string,
    body?: unknown,
    more: { readonly key?: string; readonly ifVersion?: number } = {},
  ): Sending {
    const key = more.key ?? `${this.#orderId}-${++this.#keyCount}`
    return {
      orderId: this.#orderId,
      key,
      method,
      path: `/orders/${this.#orderId}${path}`,
      ...(body === undefined ? {} : { body }),
      ...(more.ifVersion === undefined ? {} : { ifVersion: more.ifVersion }),
    }
  }

  /** A step; some are sent a second time under the same key, at once or after the answer. */
  add(...sendings: ReadonlyArray<Sending>): void {
    if (!this.#chance(SHARE.sentTwice)) this.#steps.push(sendings)
    else if (this.#chance(SHARE.sentTwiceAtOnce)) this.#steps.push([...sendings, ...sendings])
    else this.#steps.push(sendings, sendings)
  }
}

const totalOf = (lines: ReadonlyArray<Line>): number =>
  lines.reduce((sum, line) => sum + line.quantity * line.unitPriceMinor, 0)

/** Scripts for `orderCount` orders. */
export const demoWorkload = (orderCount: number, seed: number): Effect.Effect<ReadonlyArray<OrderScript>> =>
  Effect.gen(function* () {
    const random = yield* Random.Random
    const chance: Chance = (share) => random.nextDoubleUnsafe() < share
    const wholeNumber: WholeNumber = (max) => 1 + Math.floor(random.nextDoubleUnsafe() * max)
    const pick: Pick = (from) => from[wholeNumber(from.length) - 1] as (typeof from)[number]
    const customerCount = Math.max(1, Math.round(orderCount / ORDERS_PER_CUSTOMER))
    return Array.from({ length: orderCount }, (_, index) => {
      const orderId = `demo-${index + 1}`
      const customerId = `customer-${wholeNumber(customerCount)}`
      const script = new Script(orderId, chance)
      writeScript(script, customerId, { chance, pick, wholeNumber })
      return { orderId, customerId, steps: script.steps }
    })
  }).pipe(Random.withSeed(seed))

interface Dice {
  readonly chance: Chance
  readonly pick: Pick
  readonly wholeNumber: WholeNumber
}

const writeScript = (script: Script, customerId: string, dice: Dice): void => {
  const { chance, pick } = dice
  const currency = pick(CURRENCIES)
  if (chance(SHARE.invalid)) {
    script.add(script.sending("PUT", "", { customerId, currency, lines: [] }))
    return
  }
  if (chance(SHARE.unknownOrder)) {
    script.add(script.sending("POST", "/pay", payment(1, currency, "nothing")))
    return
  }
  const first = newLine(pick(SKUS), dice)
  const placing = script.sending("PUT", "", { customerId, currency, lines: [first] })
  script.add(placing)
  if (chance(SHARE.keyReused)) {
    script.add(script.sending("POST", "/cancel", { reason: "not this one" }, { key: placing.key }))
  }
  if (chance(SHARE.removeLastLine)) script.add(script.sending("DELETE", `/lines/${first.sku}`))
  const lines = writeLines(script, first, dice)
  writeLife(script, totalOf(lines), currency, dice)
}

const newLine = (sku: string, { wholeNumber }: Dice): Line => ({
  sku,
  quantity: wholeNumber(QUANTITY_MAX),
  unitPriceMinor: wholeNumber(UNIT_PRICE_MINOR_MAX),
})

const writeLines = (script: Script, first: Line, dice: Dice): ReadonlyArray<Line> => {
  const { chance, pick } = dice
  if (!chance(SHARE.addLine)) return [first]
  const second = newLine(pick(SKUS.filter((sku) => sku !== first.sku)), dice)
  script.add(script.sending("POST", "/lines", second))
  if (chance(SHARE.addSameLine)) script.add(script.sending("POST", "/lines", second))
  if (!chance(SHARE.removeLine)) return [first, second]
  script.add(script.sending("DELETE", `/lines/${first.sku}`))
  return [second]
}

const payment = (minor: number, currency: string, paymentId: string) => ({
  amount: { minor, currency },
  paymentId,
})

const writeLife = (script: Script, total: number, currency: string, { chance }: Dice): void => {
  const cancel = (reason: string) => script.sending("POST", "/cancel", { reason })
  const pay = (minor: number) => script.sending("POST", "/pay", payment(minor, currency, "card-1"))
  const ship = () => script.sending("POST", "/ship", { carrier: "post", trackingNumber: "T-1" })

  if (chance(SHARE.shipTooEarly)) script.add(ship())
  if (chance(SHARE.wrongAmount)) script.add(pay(total + 1))
  if (chance(SHARE.staleVersion)) {
    script.add(script.sending("POST", "/cancel", { reason: "seen long ago" }, { ifVersion: 0 }))
  }
  if (chance(SHARE.payAndCancel)) {
    script.add(pay(total), cancel("changed my mind"))
    return
  }
  if (!chance(SHARE.pay)) {
    if (chance(SHARE.cancelUnpaid)) script.add(cancel("too expensive"))
    return
  }
  script.add(pay(total))
  if (!chance(SHARE.ship)) return
  script.add(ship())
  if (!chance(SHARE.deliver)) return
  script.add(script.sending("POST", "/deliver", { signedBy: "neighbour" }))
  if (chance(SHARE.returned)) script.add(script.sending("POST", "/return", { reason: "does not fit" }))
}
