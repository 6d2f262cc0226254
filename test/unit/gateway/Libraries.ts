/** Actors and a saga with schemas of four libraries: Zod, Valibot, ArkType and Effect. */
import { toStandardJsonSchema } from "@valibot/to-json-schema"
import { type } from "arktype"
import { Schema } from "effect"
import * as v from "valibot"
import { assign, setup } from "xstate"
import { z } from "zod"
import { accept, announce, defineActor, defineEvent, type EventOf, reject } from "../../../infra/everstate.ts"
import { defineSaga } from "../../../runtime/saga.ts"

/** Time for which a seat is held, in milliseconds. */
const HOLD_MS = 600_000

const seatEvents = {
  SeatHeld: defineEvent(z.object({ guest: z.string().min(1) })),
  SeatBooked: defineEvent(z.object({ guest: z.string(), priceMinor: z.int().nonnegative() })),
  SeatReleased: defineEvent(z.object({})),
  HoldExpired: defineEvent(z.object({ guest: z.string() })),
}

interface SeatContext {
  readonly guest: string | null
  readonly since: Date | null
}

const seatMachine = setup({
  types: { context: {} as SeatContext, events: {} as EventOf<typeof seatEvents> },
  delays: { patience: HOLD_MS },
  actions: { free: assign({ guest: null }) },
}).createMachine({
  id: "seat",
  context: { guest: null, since: null },
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
      on: {
        SeatBooked: "booked",
        SeatReleased: { target: "free", actions: "free" },
      },
    },
    booked: { on: { SeatReleased: { target: "free", actions: "free" } } },
  },
})

/** A seat, with schemas of Zod. */
export const Seat = defineActor({
  type: "seat",
  machine: seatMachine,
  events: seatEvents,
  commands: {
    Hold: {
      schema: z.object({ guest: z.string().min(1).describe("Name of the guest") }),
      rejections: { Taken: z.object({ by: z.string() }) },
      decide: ({ payload, state }) =>
        state.context.guest !== null && state.context.guest !== payload.guest
          ? reject("Taken", { by: state.context.guest })
          : { type: "SeatHeld" as const, ...payload },
    },
    Book: {
      schema: z.object({ guest: z.string(), priceMinor: z.int().nonnegative() }),
      reply: z.object({ ticket: z.string() }),
      rejections: { NotYours: z.object({}) },
      decide: ({ payload, state, id }) =>
        state.context.guest === payload.guest
          ? accept(
              { type: "SeatBooked" as const, ...payload },
              { reply: { ticket: `${id}/${payload.guest}` } },
            )
          : reject("NotYours", {}),
    },
    Release: { schema: z.object({}), decide: () => ({ type: "SeatReleased" as const }) },
  },
})

const noteEvents = {
  NoteLeft: defineEvent(toStandardJsonSchema(v.object({ text: v.string() }))),
}

const guestMachine = setup({
  types: { context: {} as { notes: number }, events: {} as EventOf<typeof noteEvents> },
}).createMachine({
  id: "guest",
  context: { notes: 0 },
  initial: "known",
  states: {
    known: { on: { NoteLeft: { actions: assign({ notes: ({ context }) => context.notes + 1 }) } } },
  },
})

/** A guest, with schemas of Valibot and ArkType. */
export const Guest = defineActor({
  type: "guest",
  machine: guestMachine,
  events: noteEvents,
  commands: {
    LeaveNote: {
      schema: toStandardJsonSchema(v.object({ text: v.pipe(v.string(), v.minLength(1)) })),
      reply: type({ notes: "number" }),
      decide: ({ payload, state }) =>
        accept({ type: "NoteLeft", ...payload }, { reply: { notes: state.context.notes + 1 } }),
    },
    Shout: {
      schema: type({ text: "string > 0", loud: "boolean" }),
      decide: ({ payload: { text } }) => ({ type: "NoteLeft" as const, text: text.toUpperCase() }),
    },
  },
})

/** A booking of two seats, with schemas of Effect: both or none. */
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
