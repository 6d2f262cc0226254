/**
 * A line of an order: a number of pieces of one article at one price. An order has one line for each article
 * (SKU).
 *
 * Owns the line, the lines of an order and their limits. Who changes them: OrderMachine.ts.
 */
import { Schema } from "effect"
import { lineOfText } from "../BoundedText.ts"
import { addMoney, amountMinor, type Money, timesMoney } from "../Money.ts"

/** Largest number of lines of one order. */
export const LINES_PER_ORDER_MAX = 100

/** Largest number of pieces in one line. */
export const QUANTITY_MAX = 10_000

/** Highest price of one piece, in minor units. */
export const UNIT_PRICE_MINOR_MAX = 1_000_000_000

/** Longest SKU, in UTF-16 code units. */
export const SKU_LENGTH_MAX = 64

export const Sku = lineOfText(SKU_LENGTH_MAX)

export const OrderLine = Schema.Struct({
  sku: Sku,
  quantity: Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: QUANTITY_MAX })),
  unitPriceMinor: amountMinor(UNIT_PRICE_MINOR_MAX),
})

/** `{ sku, quantity, unitPriceMinor }`; the currency is the order's. */
export type OrderLine = typeof OrderLine.Type

const oneLinePerSku = Schema.makeFilter(
  (lines: ReadonlyArray<OrderLine>) => new Set(lines.map(({ sku }) => sku)).size === lines.length,
  { expected: "one line per SKU" },
)

/** The lines of an order: 1 to {@link LINES_PER_ORDER_MAX}, one for each SKU. */
export const OrderLines = Schema.Array(OrderLine).check(
  Schema.isMinLength(1),
  Schema.isMaxLength(LINES_PER_ORDER_MAX),
  oneLinePerSku,
)

export const lineTotal = (line: OrderLine, currency: string): Money =>
  timesMoney({ minor: line.unitPriceMinor, currency }, line.quantity)

/** The total of at least one line. */
export const linesTotal = (lines: ReadonlyArray<OrderLine>, currency: string): Money =>
  lines.map((line) => lineTotal(line, currency)).reduce(addMoney)
