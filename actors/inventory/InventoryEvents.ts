/**
 * The events of one article's stock.
 *
 * An event that ends a reservation has the reservation's number of units, so a reader can keep the balance
 * without a look at earlier events. Golden files: test/fixtures/golden/inventory. Which event may follow
 * which: InventoryMachine.ts.
 */
import { Schema } from "effect"
import { defineEvent, type EventOf } from "../../runtime/index.ts"
import { actorId, lineOfText } from "../BoundedText.ts"

/** Longest id of a delivery from a supplier, in UTF-16 code units. */
export const DELIVERY_ID_LENGTH_MAX = 256

/** Largest number of units in one delivery or reservation. */
export const UNITS_MAX = 1_000_000_000

/** A reservation has the id of its order. */
export const ReservationId = actorId

/** The supplier's id of a delivery. A delivery is counted once. */
export const DeliveryId = lineOfText(DELIVERY_ID_LENGTH_MAX)

/** Whole units of the article. */
export const Units = Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: UNITS_MAX }))

const reservation = { reservationId: ReservationId, quantity: Units }

export const inventoryEvents = {
  StockReceived: defineEvent(Schema.Struct({ deliveryId: DeliveryId, quantity: Units })),
  StockReserved: defineEvent(Schema.Struct(reservation)),
  ReservationReleased: defineEvent(Schema.Struct(reservation)),
  /** There was not enough, and the sender of the command reacts to events instead of a rejection. */
  ReservationRefused: defineEvent(
    Schema.Struct({ ...reservation, available: Schema.Int.check(Schema.isGreaterThanOrEqualTo(0)) }),
  ),
  /** The reservation was released before it was made: it is refused when it comes. */
  ReservationCancelled: defineEvent(Schema.Struct({ reservationId: ReservationId })),
  /** The units have left the house. */
  StockCommitted: defineEvent(Schema.Struct(reservation)),
}

/** Every event of an article's stock, flat. */
export type InventoryEvent = EventOf<typeof inventoryEvents>
