/**
 * What can have happened to the stock of one article.
 *
 * An event that ends a reservation says how many units it was about, so a reader can keep the balance without looking
 * back. Golden files: test/fixtures/golden/inventory. What may follow what: InventoryMachine.ts.
 */
import { Schema } from "effect"
import { defineEvent, type EventOf } from "../../runtime/index.ts"
import { actorId, lineOfText } from "../BoundedText.ts"

/** Longest id of a delivery from a supplier, in UTF-16 code units. */
export const DELIVERY_ID_LENGTH_MAX = 256

/** Most units in one delivery or reservation. */
export const UNITS_MAX = 1_000_000_000

/** A reservation is called like the order it is for. */
export const ReservationId = actorId

/** What the supplier calls a delivery: it is counted once. */
export const DeliveryId = lineOfText(DELIVERY_ID_LENGTH_MAX)

/** Whole units of the article. */
export const Units = Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: UNITS_MAX }))

const reservation = { reservationId: ReservationId, quantity: Units }

export const inventoryEvents = {
  StockReceived: defineEvent(Schema.Struct({ deliveryId: DeliveryId, quantity: Units })),
  StockReserved: defineEvent(Schema.Struct(reservation)),
  ReservationReleased: defineEvent(Schema.Struct(reservation)),
  /** There was not enough, and whoever asked wants to read of it here instead of being told. */
  ReservationRefused: defineEvent(
    Schema.Struct({ ...reservation, available: Schema.Int.check(Schema.isGreaterThanOrEqualTo(0)) }),
  ),
  /** Released before it was made: when it comes, it is refused. */
  ReservationCancelled: defineEvent(Schema.Struct({ reservationId: ReservationId })),
  /** The units have left the house. */
  StockCommitted: defineEvent(Schema.Struct(reservation)),
}

/** Every event of an article's stock, flat. */
export type InventoryEvent = EventOf<typeof inventoryEvents>
