/**
 * The commands of an article's stock. Every command may come twice, late, or in the wrong order.
 *
 * A repeat finds its reservation, or how the reservation ended, and is accepted without effect. A release
 * that comes before its reserve wins: the reserve is refused when it arrives. How long ended reservations are
 * remembered: Reservations.ts.
 */
import { Schema } from "effect"
import { accept, defineCommand, reject } from "../../runtime/index.ts"
import { DeliveryId, inventoryEvents, ReservationId, Units } from "./InventoryEvents.ts"
import { inventoryMachine, RECEIVED_MAX } from "./InventoryMachine.ts"
import { endingOf, heldBy, OPEN_MAX, openCount } from "./Reservations.ts"

const inventory = { machine: inventoryMachine, events: inventoryEvents }

const unchanged = () => accept<never>([])

/** Adds a delivery to the stock, once. */
export const Receive = defineCommand(
  { type: "Receive", ...inventory },
  {
    schema: Schema.Struct({ deliveryId: DeliveryId, quantity: Units }),
    decide: ({ command: { deliveryId, quantity }, state }) => {
      const { deliveries, receivedCount } = state.context
      if (deliveries.includes(deliveryId)) return unchanged()
      if (receivedCount + quantity > RECEIVED_MAX)
        return reject("TooMuchStock", { receivedMax: RECEIVED_MAX })
      return { type: "StockReceived", deliveryId, quantity }
    },
  },
)

/**
 * Holds units for an order: all of them or none. If there are too few, it is rejected as `OutOfStock` with
 * the number that is available. With `recordRefusal` the refusal is an event instead, for reactors, and
 * final.
 */
export const Reserve = defineCommand(
  { type: "Reserve", ...inventory },
  {
    schema: Schema.Struct({
      reservationId: ReservationId,
      quantity: Units,
      recordRefusal: Schema.optionalKey(Schema.Boolean),
    }),
    decide: ({ command: { reservationId, quantity, recordRefusal = false }, state }) => {
      const { reservations, onHandCount } = state.context
      const held = heldBy(reservations, reservationId)
      if (held !== undefined) {
        return held === quantity ? unchanged() : reject("ReservationDiffers", { held, asked: quantity })
      }
      const ending = endingOf(reservations, reservationId)
      if (ending === "committed" || (ending !== undefined && recordRefusal)) return unchanged()
      if (ending !== undefined) return reject("ReservationCancelled", { ending })
      if (quantity > onHandCount) {
        return recordRefusal
          ? { type: "ReservationRefused", reservationId, quantity, available: onHandCount }
          : reject("OutOfStock", { available: onHandCount, asked: quantity })
      }
      if (openCount(reservations) >= OPEN_MAX) return reject("TooManyReservations", { openMax: OPEN_MAX })
      return { type: "StockReserved", reservationId, quantity }
    },
  },
)

/** Ends a reservation, whether it is open, has ended, or is still to come. */
export const Release = defineCommand(
  { type: "Release", ...inventory },
  {
    schema: Schema.Struct({ reservationId: ReservationId }),
    decide: ({ command: { reservationId }, state: { context } }) => {
      const quantity = heldBy(context.reservations, reservationId)
      if (quantity !== undefined) return { type: "ReservationReleased", reservationId, quantity }
      const ending = endingOf(context.reservations, reservationId)
      if (ending === "committed") return reject("ReservationCommitted")
      return ending === undefined ? { type: "ReservationCancelled", reservationId } : unchanged()
    },
  },
)

/** Takes the reserved units out of the stock. */
export const Commit = defineCommand(
  { type: "Commit", ...inventory },
  {
    schema: Schema.Struct({ reservationId: ReservationId }),
    decide: ({ command: { reservationId }, state: { context } }) => {
      const quantity = heldBy(context.reservations, reservationId)
      if (quantity !== undefined) return { type: "StockCommitted", reservationId, quantity }
      const ending = endingOf(context.reservations, reservationId)
      if (ending === "committed") return unchanged()
      return ending === undefined ? reject("UnknownReservation") : reject("ReservationCancelled", { ending })
    },
  },
)
