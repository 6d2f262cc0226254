/**
 * The requests of the demo's customers: a script per order, the same for the same seed, and the stock for all
 * orders.
 *
 * Owns the mix. Most orders succeed. Some cards are declined, some articles run out, some addresses do not
 * exist, some providers answer late or never, some customers cancel, some requests are invalid or sent twice.
 * Answers are not handled here; DemoClient.ts sends the requests.
 */
import { Effect, Random } from "effect"

/** One request, to be sent until it is answered. */
export interface Sending {
  /** Order of the request, or another id for which the key is unique. */
  readonly orderId: string
  /** The Idempotency-Key. */
  readonly key: string
  readonly method: "PUT" | "POST"
  readonly path: string
  readonly body?: unknown
}

/** Why an order of the demo cannot be fulfilled. */
export type Flaw = "declined card" | "missing stock" | "bad address"

export interface Line {
  readonly sku: string
  readonly quantity: number
  readonly unitPriceMinor: number
}

/** The steps run one after the other; the sendings of one step are sent at the same time. */
export interface OrderScript {
  readonly orderId: string
  readonly customerId: string
  readonly currency: string
  readonly lines: ReadonlyArray<Line>
  /** Reasons for which only a rejection is expected. Without any, the outcome depends on the other orders. */
  readonly flaws: ReadonlyArray<Flaw>
  /** True if at least one of its requests can place an order. */
  readonly isOrder: boolean
  readonly steps: ReadonlyArray<ReadonlyArray<Sending>>
}

export interface Workload {
  readonly scripts: ReadonlyArray<OrderScript>
  /** Requests before the first order: deliveries of stock, and customers. */
  readonly before: ReadonlyArray<Sending>
  /** Units that suppliers deliver, by article. */
  readonly delivered: ReadonlyMap<string, number>
}

/** Orders of one customer, on average. */
const ORDERS_PER_CUSTOMER = 25

/** Shares of all orders or steps, 0 to 1. */
const SHARE = {
  invalid: 0.03,
  declined: 0.07,
  badAddress: 0.05,
  soldOut: 0.04,
  secondLine: 0.4,
  hotLine: 0.15,
  cancelled: 0.05,
  keyReused: 0.03,
  placedAgain: 0.03,
  sentTwice: 0.08,
  sentTwiceAtOnce: 0.4,
  error: 0.04,
  lost: 0.04,
  slow: 0.04,
  hang: 0.01,
} as const

/**
 * Share of the course in which orders may have a hanging provider. They come early, because each takes twenty
 * seconds to time out.
 */
const HANGING_UNTIL_SHARE = 0.3

const SKUS = ["book", "lamp", "chair", "kettle", "pen", "desk", "clock"] as const

/** An article that many orders want, with stock for some of them. */
const HOT_SKU = "globe"
const HOT_SUPPLY_SHARE = 0.6

/** An article that no order gets: there is one unit, and every order wants at least two. */
const SOLD_OUT_SKU = "unicorn"

const CURRENCIES = ["EUR", "USD", "KRW", "JPY"] as const
const QUANTITY_MAX = 5
const UNIT_PRICE_MINOR_MAX = 20_000

const GOOD_ADDRESS = {
  recipient: "Ann",
  street: "Mapo-daero 1",
  postalCode: "04175",
  city: "Seoul",
  country: "KR",
}
const BAD_ADDRESSES = [
  { ...GOOD_ADDRESS, postalCode: "nowhere" },
  { ...GOOD_ADDRESS, country: "AQ" },
] as const

interface Dice {
  readonly chance: (share: number) => boolean
  readonly pick: <A>(from: ReadonlyArray<A>) => A
  readonly wholeNumber: (max: number) => number
}

/** Scripts for `orderCount` orders, whose ids and keys begin with `name`. */
export const demoWorkload = (orderCount: number, seed: number, name = "demo"): Effect.Effect<Workload> =>
  Effect.gen(function* () {
    const random = yield* Random.Random
    const wholeNumber = (max: number) => 1 + Math.floor(random.nextDoubleUnsafe() * max)
    const dice: Dice = {
      chance: (share) => random.nextDoubleUnsafe() < share,
      wholeNumber,
      pick: (from) => from[wholeNumber(from.length) - 1] as (typeof from)[number],
    }
    const customerCount = Math.max(1, Math.round(orderCount / ORDERS_PER_CUSTOMER))
    const customers = Array.from({ length: customerCount }, (_, index) => `customer-${index + 1}`)
    const scripts = Array.from({ length: orderCount }, (_, index) =>
      scriptOf(`${name}-${index + 1}`, dice.pick(customers), index < orderCount * HANGING_UNTIL_SHARE, dice),
    )
    const delivered = supplyFor(scripts)
    return { scripts, delivered, before: [...deliveries(delivered, name), ...customers.map(registration)] }
  }).pipe(Random.withSeed(seed))

const scriptOf = (orderId: string, customerId: string, mayHang: boolean, dice: Dice): OrderScript => {
  const { chance, pick } = dice
  const currency = pick(CURRENCIES)
  const path = `/orders/${orderId}`
  const order = { orderId, customerId, currency }
  if (chance(SHARE.invalid)) {
    const sending = { orderId, key: `${orderId}-place`, method: "PUT", path } as const
    const steps = [[{ ...sending, body: { customerId, currency, lines: [] } }]]
    return { ...order, lines: [], flaws: [], isOrder: false, steps }
  }
  const isDeclined = chance(SHARE.declined)
  const hasBadAddress = chance(SHARE.badAddress)
  const isSoldOut = chance(SHARE.soldOut)
  const lines = linesOf(isSoldOut, dice)
  const card = isDeclined ? "card-declined" : cardOf(mayHang, dice)
  const address = hasBadAddress ? pick(BAD_ADDRESSES) : GOOD_ADDRESS
  const body = { customerId, currency, lines, fulfilment: { address, card } }
  const placing: Sending = { orderId, key: `${orderId}-place`, method: "PUT", path, body }
  const cancelling = (key: string, reason: string): Sending => ({
    orderId,
    key,
    method: "POST",
    path: `${path}/cancel`,
    body: { reason },
  })
  return {
    ...order,
    lines,
    isOrder: true,
    flaws: [
      ...(isDeclined ? (["declined card"] as const) : []),
      ...(isSoldOut ? (["missing stock"] as const) : []),
      ...(hasBadAddress ? (["bad address"] as const) : []),
    ],
    steps: [
      ...sentOnceOrTwice(placing, dice),
      ...(chance(SHARE.keyReused) ? [[cancelling(placing.key, "not this one")]] : []),
      ...(chance(SHARE.placedAgain) ? [[{ ...placing, key: `${orderId}-again` }]] : []),
      ...(chance(SHARE.cancelled) ? [[cancelling(`${orderId}-cancel`, "changed my mind")]] : []),
    ],
  }
}

/** Sends some requests a second time with the same key, at once or after the answer. */
const sentOnceOrTwice = (sending: Sending, { chance }: Dice): ReadonlyArray<ReadonlyArray<Sending>> => {
  if (!chance(SHARE.sentTwice)) return [[sending]]
  return chance(SHARE.sentTwiceAtOnce) ? [[sending, sending]] : [[sending], [sending]]
}

const linesOf = (isSoldOut: boolean, dice: Dice): ReadonlyArray<Line> => {
  const { chance, pick } = dice
  const first = newLine(pick(SKUS), dice)
  const second = newLine(pick(SKUS.filter((sku) => sku !== first.sku)), dice)
  return [
    first,
    ...(chance(SHARE.secondLine) ? [second] : []),
    ...(chance(SHARE.hotLine) ? [newLine(HOT_SKU, dice)] : []),
    ...(isSoldOut ? [{ ...newLine(SOLD_OUT_SKU, dice), quantity: 2 }] : []),
  ]
}

const newLine = (sku: string, { wholeNumber }: Dice): Line => ({
  sku,
  quantity: wholeNumber(QUANTITY_MAX),
  unitPriceMinor: wholeNumber(UNIT_PRICE_MINOR_MAX),
})

/** A card token that tells the fake provider how to behave. */
const cardOf = (mayHang: boolean, { chance }: Dice): string => {
  if (chance(SHARE.error)) return "card-error"
  if (chance(SHARE.lost)) return "card-lost"
  if (chance(SHARE.slow)) return "card-slow"
  return mayHang && chance(SHARE.hang / HANGING_UNTIL_SHARE) ? "card-hang" : "card-1"
}

/** Stock for all orders, except for the two articles that must run out. */
const supplyFor = (scripts: ReadonlyArray<OrderScript>): ReadonlyMap<string, number> => {
  const wanted = new Map<string, number>()
  for (const { sku, quantity } of scripts.flatMap(({ lines }) => lines)) {
    wanted.set(sku, (wanted.get(sku) ?? 0) + quantity)
  }
  const supplied = (sku: string, quantity: number): number => {
    if (sku === SOLD_OUT_SKU) return 1
    return sku === HOT_SKU ? Math.max(1, Math.floor(quantity * HOT_SUPPLY_SHARE)) : quantity
  }
  return new Map([...wanted].map(([sku, quantity]) => [sku, supplied(sku, quantity)]))
}

const deliveries = (delivered: ReadonlyMap<string, number>, name: string): ReadonlyArray<Sending> =>
  [...delivered].map(([sku, quantity]) => ({
    orderId: sku,
    key: `${name}-deliver-${sku}`,
    method: "POST",
    path: `/stock/${sku}/receive`,
    body: { deliveryId: name, quantity },
  }))

const registration = (customerId: string): Sending => ({
  orderId: customerId,
  key: `register-${customerId}`,
  method: "POST",
  path: `/actors/customer/${customerId}/Register`,
  body: { name: customerId, email: `${customerId}@example.org` },
})
