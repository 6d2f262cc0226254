/** A participant and the sagas that the tests of sagas are about: booking a trip. */
import { Schema } from "effect"
import { setup } from "xstate"
import {
  accept,
  defineActor,
  defineEvent,
  defineSaga,
  type EventOf,
  reject,
  send,
} from "../../../runtime/index.ts"

const bookingEvents = {
  Requested: defineEvent(Schema.Struct({ seats: Schema.Array(Schema.String) })),
  Booked: defineEvent(Schema.Struct({ code: Schema.String })),
  Freed: defineEvent(Schema.Struct({})),
}

/** Books and frees things; never run in these tests, whose answers are written by hand. */
export const Booking = defineActor({
  type: "booking",
  machine: setup({ types: { events: {} as EventOf<typeof bookingEvents> } }).createMachine({
    initial: "any",
    states: { any: { on: { Requested: {}, Booked: {}, Freed: {} } } },
  }),
  events: bookingEvents,
  commands: {
    Request: {
      schema: Schema.Struct({ seats: Schema.Array(Schema.String) }),
      decide: ({ command }) => ({ type: "Requested", seats: command.seats }),
    },
    Book: {
      schema: Schema.Struct({ what: Schema.String }),
      decide: ({ command }) =>
        command.what === ""
          ? reject("NothingToBook")
          : accept({ type: "Booked", code: command.what }, { reply: { code: command.what } }),
    },
    Free: {
      schema: Schema.Struct({ code: Schema.String }),
      decide: () => ({ type: "Freed" }),
    },
    Note: { schema: Schema.Struct({ text: Schema.String }), decide: () => [] },
  },
})

export const TripInput = Schema.Struct({
  seats: Schema.Array(Schema.String),
  withCar: Schema.Boolean,
})

const book = (id: string, what: string) => ({ actor: Booking, id, command: { type: "Book", what } }) as const
const free = (id: string, code: string) => ({ actor: Booking, id, command: { type: "Free", code } }) as const

/** Every seat at once, then hotel and insurance at once, then perhaps a car, then the payment. */
export const Trip = defineSaga({
  type: "trip",
  input: TripInput,
  startsWhen: {
    from: Booking,
    event: "Requested",
    saga: ({ event: { seats }, id }) => ({ id, input: { seats, withCar: false } }),
  },
  timeoutMs: 600_000,
  steps: (saga) =>
    saga
      .forEach("seats", {
        items: ({ input }) => input.seats,
        key: (seat) => seat,
        request: ({ item, sagaId }) => book(`${sagaId}/${item}`, item),
        compensate: ({ item, sagaId, result }) => free(`${sagaId}/${item}`, result.code),
      })
      .parallel("extras", (extras) =>
        extras
          .step("hotel", {
            timeoutMs: 1_000,
            request: () => book("hotel", "room"),
            compensate: ({ result }) => free("hotel", result.code),
          })
          .step("insurance", { request: () => book("insurance", "all") }),
      )
      .step("car", {
        when: ({ input }) => input.withCar,
        request: ({ results }) => book("car", `near ${results.extras.hotel.code}`),
        compensate: ({ result }) => free("car", result.code),
      })
      .step("payment", {
        timeoutMs: 5_000,
        onTimeout: "retry",
        retry: { attemptsMax: 3, pauseFirstMs: 100, pauseMaxMs: 150 },
        request: ({ results }) => book("payment", Object.keys(results.seats).join("+")),
        compensate: ({ result }) => free("payment", result.code),
        compensationRetry: { attemptsMax: 2, pauseFirstMs: 1_000 },
      }),
  completed: ({ sagaId, results }) => [
    send.tell({
      actor: Booking,
      id: sagaId,
      command: { type: "Note", text: `booked ${results.payment.code}` },
    }),
  ],
  compensated: ({ sagaId, cause }) => [
    send.tell({ actor: Booking, id: sagaId, command: { type: "Note", text: `gave up: ${cause.reason}` } }),
  ],
})

/** A journey is a trip and a visa. */
export const Journey = defineSaga({
  type: "journey",
  input: Schema.Struct({ who: Schema.String }),
  steps: (saga) =>
    saga
      .parallel("both", (both) =>
        both
          .nested("trip", Trip, {
            timeoutMs: 60_000,
            start: ({ input, sagaId }) => ({
              id: `${sagaId}-trip`,
              input: { seats: [input.who], withCar: false },
            }),
          })
          .step("visa", {
            request: ({ input }) => book("visa", input.who),
            compensate: ({ result }) => free("visa", result.code),
          }),
      )
      .step("farewell", { request: ({ results }) => book("farewell", results.both.trip.payment.code) }),
})
