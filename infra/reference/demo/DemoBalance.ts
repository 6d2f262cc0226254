/**
 * The demo's balances: the sums of sold and paid orders against the books of the stock and the provider, to
 * the last unit.
 *
 * Pure. Every count is zero if the books agree. DemoAudit.ts reads the books.
 */
import type { Ledger, PaymentState, StockState } from "./DemoReads.ts"
import type { Line } from "./DemoWorkload.ts"

/** Final state of an order of the demo, from its actors. */
export interface SettledOrder {
  readonly orderId: string
  readonly currency: string
  readonly lines: ReadonlyArray<Line>
  /** True if its goods left the house. Every other order was undone, or was never placed. */
  readonly isSold: boolean
  readonly payment: PaymentState | undefined
}

export interface Books {
  readonly orders: ReadonlyArray<SettledOrder>
  /** Units that suppliers delivered, by article. */
  readonly delivered: ReadonlyMap<string, number>
  readonly stock: ReadonlyMap<string, StockState | undefined>
  readonly ledger: Ledger
}

export interface Balances {
  /** Charges beyond the first valid one, by the provider's books. */
  readonly doubleCharges: number
  /** Units that were sold but never delivered to the house. */
  readonly oversold: number
  /** Minor units, over all currencies. */
  readonly moneyImbalance: number
  /** Units, over all articles. */
  readonly stockImbalance: number
}

const totalOf = (lines: ReadonlyArray<Line>): number =>
  lines.reduce((sum, { quantity, unitPriceMinor }) => sum + quantity * unitPriceMinor, 0)

const sumOf = <A>(items: Iterable<A>, of: (item: A) => number): number => {
  let sum = 0
  for (const item of items) sum += of(item)
  return sum
}

export const balancesOf = ({ orders, delivered, stock, ledger }: Books): Balances => {
  const sold = orders.filter(({ isSold }) => isSold)
  const unitsSold = new Map<string, number>()
  for (const { sku, quantity } of sold.flatMap(({ lines }) => lines)) {
    unitsSold.set(sku, (unitsSold.get(sku) ?? 0) + quantity)
  }
  const currencies = new Set([...orders.map(({ currency }) => currency), ...Object.keys(ledger.totals)])
  return {
    doubleCharges: ledger.doubleCharges,
    oversold: sumOf(unitsSold, ([sku, units]) => Math.max(0, units - (delivered.get(sku) ?? 0))),
    stockImbalance: sumOf(delivered, ([sku, units]) =>
      stockGap(stock.get(sku), units, unitsSold.get(sku) ?? 0),
    ),
    moneyImbalance: sumOf(currencies, (currency) => {
      const { held, net } = ledger.totals[currency] ?? { held: 0, net: 0 }
      const earned = sumOf(sold, (order) => (order.currency === currency ? totalOf(order.lines) : 0))
      const kept = sumOf(orders, ({ payment }) => keptOf(payment, currency))
      return Math.abs(net - earned) + Math.abs(net - kept) + held
    }),
  }
}

const keptOf = (payment: PaymentState | undefined, currency: string): number =>
  payment?.captured?.currency === currency ? payment.captured.minor - (payment.refunded?.minor ?? 0) : 0

/**
 * Units of an article that are neither in stock nor sold, or that are still reserved; 0 if the stock is
 * right.
 */
const stockGap = (stock: StockState | undefined, delivered: number, sold: number): number => {
  if (stock === undefined) return delivered + sold
  const { received, onHand, reserved, committed } = stock
  return (
    Math.abs(received - delivered) +
    Math.abs(committed - sold) +
    Math.abs(received - onHand - committed) +
    reserved
  )
}

/** Orders whose charges at the provider differ from their worth, as texts. */
export const moneyGaps = ({ orders, ledger }: Pick<Books, "orders" | "ledger">): ReadonlyArray<string> => {
  const chargesOf = Map.groupBy(ledger.charges, ({ paymentId }) => paymentId)
  return orders.flatMap(({ orderId, lines, isSold, payment }) => {
    const standing = (chargesOf.get(orderId) ?? []).filter(({ status }) => KEPT_CHARGES.has(status))
    const taken = sumOf(standing, ({ amount }) => amount.minor)
    const isCaptured = standing.every(({ status }) => status === "captured")
    if (taken === (isSold ? totalOf(lines) : 0) && isCaptured) return []
    const at = standing.map(({ status, amount }) => `${amount.minor} ${status}`).join(", ") || "nothing"
    const worth = isSold ? `sold for ${totalOf(lines)}` : "not sold"
    return [`${orderId}: ${worth}, its payment is ${payment?.status ?? "not there"}, the provider has ${at}`]
  })
}

/** Statuses of charges that cost the customer something. */
const KEPT_CHARGES: ReadonlySet<string> = new Set(["authorised", "captured"])
