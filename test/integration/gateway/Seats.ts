/**
 * A domain of strangers: seats of a theatre, bookings of several seats, and pairs of seats. It shares nothing with the order domain, and
 * has no line of HTTP.
 */
import { Schema } from "effect"
import { assign, setup } from "xstate"
import {
  accept,
  announce,
  defineActor,
  defineEvent,
  defineProjection,
  type EventOf,
  reject,
} from "../../../infra/everstate.ts"
import { defineSaga } from "../../../runtime/saga.ts"

/** Time for which a seat is held, in milliseconds. */
const HOLD_MS = 600_000

const Guest = Schema.Struct({ guest: Schema.NonEmptyString })
const Sale = Schema.Struct({ guest: Schema.NonEmptyString, priceMinor: Schema.Int })
const Nothing = Schema.Struct({})

const events = {
  SeatHeld: defineEvent(Guest),
  SeatBooked: defineEvent(Sale),
  SeatReleased: defineEvent(Nothing),
  HoldExpired: defineEvent(Guest),
}

const machine = setup({
  types: { context: {} as { guest: string | null }, events: {} as EventOf<typeof events> },
  delays: { patience: HOLD_MS },
  actions: { free: assign({ guest: null }) },
}).createMachine({
  id: "seat",
  context: { guest: null },
  initial: "free",
  states: {
    free: {
      tags: ["sellable"],
      on: { SeatHeld: { target: "held", actions: assign({ guest: ({ event }) => event.guest }) } },
    },
    held: {
      after: {
        patience: {
          target: "free",
          actions: [announce("HoldExpired", ({ context }) => ({ guest: context.guest ?? "" })), "free"],
        },
      },
      on: { SeatBooked: "booked", SeatReleased: { target: "free", actions: "free" } },
    },
    booked: { on: { SeatReleased: { target: "free", actions: "free" } } },
  },
})

/** A seat. */
export const Seat = defineActor({
  type: "seat",
  machine,
  events,
  commands: {
    Hold: {
      schema: Guest,
      rejections: { Taken: Schema.Struct({ by: Schema.String }) },
      decide: ({ payload, state }) =>
        state.context.guest !== null && state.context.guest !== payload.guest
          ? reject("Taken", { by: state.context.guest })
          : { type: "SeatHeld" as const, ...payload },
    },
    Book: {
      schema: Sale,
      reply: Schema.Struct({ ticket: Schema.String }),
      rejections: { NotYours: Nothing },
      decide: ({ payload, state, id }) =>
        state.context.guest === payload.guest
          ? accept(
              { type: "SeatBooked" as const, ...payload },
              { reply: { ticket: `${id}/${payload.guest}` } },
            )
          : reject("NotYours", {}),
    },
    Release: { schema: Nothing, decide: () => ({ type: "SeatReleased" as const }) },
    /** What an old till sends, also for seats that nobody has paid. */
    Refund: {
      schema: Nothing,
      decide: ({ state }) =>
        state.value === "booked" ? { type: "SeatReleased" as const } : reject("NoRefunds"),
    },
  },
})

/** A booking of several seats: all or none. */
export const Booking = defineSaga({
  type: "booking",
  input: Schema.Struct({ guest: Schema.NonEmptyString, seats: Schema.Array(Schema.String) }),
  steps: (saga) =>
    saga.forEach("hold", {
      items: ({ input }) => input.seats,
      key: (seat) => seat,
      request: ({ input, item }) => ({
        actor: Seat,
        id: item,
        command: { type: "Hold", guest: input.guest },
      }),
      compensate: ({ item }) => ({ actor: Seat, id: item, command: { type: "Release" } }),
    }),
})

/** Two seats at the old till, which wants to pay back a seat that is only held: such a pair is stuck. */
export const Pair = defineSaga({
  type: "pair",
  input: Schema.Struct({ guest: Schema.NonEmptyString, first: Schema.String, second: Schema.String }),
  steps: (saga) =>
    saga
      .step("first", {
        request: ({ input: { guest, first } }) => ({
          actor: Seat,
          id: first,
          command: { type: "Hold", guest },
        }),
        compensate: ({ input: { first } }) => ({ actor: Seat, id: first, command: { type: "Refund" } }),
      })
      .step("second", {
        request: ({ input: { guest, second } }) => ({
          actor: Seat,
          id: second,
          command: { type: "Hold", guest },
        }),
      }),
})

/** Who has booked which seat. */
export const Bookings = defineProjection({
  name: "bookings",
  version: 1,
  from: [Seat],
  table: { name: "bookings", columns: { seat: "text not null", guest: "text" }, primaryKey: ["seat"] },
  key: ({ id }) => ({ seat: id }),
  fold: (row, { id, event }) => ({
    seat: id,
    guest: event.type === "SeatBooked" ? event.guest : (row?.guest ?? null),
  }),
})
