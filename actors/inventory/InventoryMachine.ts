/**
 * The stock of one article as a statechart of one state, in which the guards are the rules.
 *
 * Units move on hand → reserved → committed, or back from reserved to on hand. `received = on hand + reserved
 * + committed` holds after every event, and none of these is ever below zero. Who makes events:
 * InventoryCommands.ts. The memory of reservations: Reservations.ts.
 */
import { assign, setup } from "xstate"
import type { InventoryEvent } from "./InventoryEvents.ts"
import {
  ended,
  endingOf,
  heldBy,
  noReservations,
  OPEN_MAX,
  openCount,
  opened,
  type Reservations,
} from "./Reservations.ts"

export interface InventoryContext {
  /** Number of all units that ever came in. */
  readonly receivedCount: number
  /** Number of units that can be reserved. */
  readonly onHandCount: number
  readonly reservedCount: number
  /** Number of all units that ever left the stock. */
  readonly committedCount: number
  readonly reservations: Reservations
  /** The latest deliveries, oldest first. */
  readonly deliveries: ReadonlyArray<string>
}

/** Number of latest deliveries that are recognised when they are reported again. */
export const DELIVERIES_REMEMBERED_COUNT = 100

/** Largest number of units that an article ever receives: far below 2^53, so every count is exact. */
export const RECEIVED_MAX = 1_000_000_000_000_000

interface On<Type extends InventoryEvent["type"]> {
  readonly context: InventoryContext
  readonly event: Extract<InventoryEvent, { readonly type: Type }>
}

const isNewAndFits = ({ context, event }: On<"StockReceived">): boolean =>
  !context.deliveries.includes(event.deliveryId) && context.receivedCount + event.quantity <= RECEIVED_MAX

const isNewAndOnHand = ({ context, event }: On<"StockReserved">): boolean =>
  event.quantity <= context.onHandCount &&
  heldBy(context.reservations, event.reservationId) === undefined &&
  endingOf(context.reservations, event.reservationId) === undefined &&
  openCount(context.reservations) < OPEN_MAX

const isHeld = ({ context, event }: On<"ReservationReleased" | "StockCommitted">): boolean =>
  heldBy(context.reservations, event.reservationId) === event.quantity

const isUnknown = ({ context, event }: On<"ReservationCancelled" | "ReservationRefused">): boolean =>
  heldBy(context.reservations, event.reservationId) === undefined &&
  endingOf(context.reservations, event.reservationId) === undefined

export const inventoryMachine = setup({
  types: { context: {} as InventoryContext, events: {} as InventoryEvent },
}).createMachine({
  id: "inventory",
  initial: "counted",
  context: {
    receivedCount: 0,
    onHandCount: 0,
    reservedCount: 0,
    committedCount: 0,
    reservations: noReservations,
    deliveries: [],
  },
  states: {
    counted: {
      on: {
        StockReceived: {
          guard: isNewAndFits,
          actions: assign(({ context, event: { deliveryId, quantity } }) => ({
            receivedCount: context.receivedCount + quantity,
            onHandCount: context.onHandCount + quantity,
            deliveries: [...context.deliveries.slice(1 - DELIVERIES_REMEMBERED_COUNT), deliveryId],
          })),
        },
        StockReserved: {
          guard: isNewAndOnHand,
          actions: assign(({ context, event: { reservationId, quantity } }) => ({
            onHandCount: context.onHandCount - quantity,
            reservedCount: context.reservedCount + quantity,
            reservations: opened(context.reservations, reservationId, quantity),
          })),
        },
        ReservationReleased: {
          guard: isHeld,
          actions: assign(({ context, event: { reservationId, quantity } }) => ({
            onHandCount: context.onHandCount + quantity,
            reservedCount: context.reservedCount - quantity,
            reservations: ended(context.reservations, reservationId, "released"),
          })),
        },
        ReservationCancelled: {
          guard: isUnknown,
          actions: assign(({ context, event: { reservationId } }) => ({
            reservations: ended(context.reservations, reservationId, "cancelled"),
          })),
        },
        ReservationRefused: {
          guard: isUnknown,
          actions: assign(({ context, event: { reservationId } }) => ({
            reservations: ended(context.reservations, reservationId, "refused"),
          })),
        },
        StockCommitted: {
          guard: isHeld,
          actions: assign(({ context, event: { reservationId, quantity } }) => ({
            reservedCount: context.reservedCount - quantity,
            committedCount: context.committedCount + quantity,
            reservations: ended(context.reservations, reservationId, "committed"),
          })),
        },
      },
    },
  },
})
