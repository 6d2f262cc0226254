/**
 * A machine with children of every kind: a ledger that counts, a boiler that heats with a timer and a call, guests that
 * come, stay and go by themselves. All of it is one actor.
 */
import { Schema } from "effect"
import { type ActorRefFrom, assign, fromTransition, sendParent, sendTo, setup, stopChild } from "xstate"
import { defineCall } from "../../runtime/call/Call.ts"
import { defineActor, defineEvent, type EventOf, reject } from "../../runtime/index.ts"

/** How long the boiler heats before it reads its meter, and how long a guest stays, in milliseconds. */
const HEATS_MS = 2_000
const STAYS_MS = 4_000

const GUESTS_MAX = 3

/** Counts what the household tells it. */
const ledger = fromTransition(
  (state: { count: number }, told: { type: "count" }) =>
    told.type === "count" ? { count: state.count + 1 } : state,
  { count: 0 },
)

const boiler = setup({
  types: {} as { context: { readings: ReadonlyArray<number> }; events: { type: "heat" | "burst" } },
  actors: { readMeter: defineCall(async () => 20) },
  delays: { heats: HEATS_MS },
}).createMachine({
  context: { readings: [] },
  initial: "cold",
  states: {
    cold: { on: { heat: "heating" } },
    heating: { after: { heats: "reading" } },
    reading: {
      invoke: {
        src: "readMeter",
        id: "meter",
        onDone: {
          target: "cold",
          actions: [
            assign({ readings: ({ context, event }) => [...context.readings, event.output].slice(-3) }),
            sendParent(({ event }) => ({ type: "warm", degrees: event.output })),
          ],
        },
      },
    },
  },
  on: {
    burst: {
      actions: assign(() => {
        throw new Error("the boiler bursts")
      }),
    },
  },
})

const guest = setup({
  types: {} as {
    context: { name: string; meals: number }
    input: { name: string }
    events: { type: "feed" }
  },
  delays: { stays: STAYS_MS },
}).createMachine({
  context: ({ input }) => ({ name: input.name, meals: 0 }),
  initial: "here",
  states: {
    here: {
      after: { stays: "gone" },
      on: { feed: { actions: assign({ meals: ({ context }) => context.meals + 1 }) } },
    },
    gone: {
      type: "final",
      entry: sendParent(({ context }) => ({ type: "left", name: context.name, meals: context.meals })),
    },
  },
})

const events = {
  Heated: defineEvent(Schema.Struct({})),
  Burst: defineEvent(Schema.Struct({})),
  Arrived: defineEvent(Schema.Struct({ name: Schema.String })),
  Fed: defineEvent(Schema.Struct({ name: Schema.String })),
  SentHome: defineEvent(Schema.Struct({ name: Schema.String })),
}

interface HouseholdContext {
  readonly guests: Readonly<Record<string, ActorRefFrom<typeof guest>>>
  readonly told: number
  readonly counted: number
  readonly meals: number
  readonly degrees: number
  readonly bursts: number
}

type Word = { type: "left"; name: string; meals: number } | { type: "warm"; degrees: number }

const without = (guests: HouseholdContext["guests"], name: string): HouseholdContext["guests"] =>
  Object.fromEntries(Object.entries(guests).filter(([other]) => other !== name))

export const Household = defineActor({
  type: "household",
  snapshotEveryEvents: 5,
  machine: setup({
    types: {} as { context: HouseholdContext; events: EventOf<typeof events> | Word },
    actors: { ledger, boiler, guest },
    actions: {
      tell: assign({ told: ({ context }) => context.told + 1 }),
      count: sendTo("ledger", { type: "count" }),
    },
  }).createMachine({
    context: { guests: {}, told: 0, counted: 0, meals: 0, degrees: 0, bursts: 0 },
    invoke: {
      src: "ledger",
      id: "ledger",
      onSnapshot: { actions: assign({ counted: ({ event }) => event.snapshot.context.count }) },
    },
    initial: "warm",
    states: {
      warm: {
        invoke: {
          src: "boiler",
          id: "boiler",
          systemId: "boiler",
          onError: { target: "cold", actions: assign({ bursts: ({ context }) => context.bursts + 1 }) },
        },
        on: { Burst: { actions: [sendTo("boiler", { type: "burst" }), "tell", "count"] } },
      },
      cold: { on: { Heated: { target: "warm", actions: ["tell", "count"] } } },
    },
    on: {
      Heated: {
        actions: [sendTo(({ system }) => system.get("boiler"), { type: "heat" }), "tell", "count"],
      },
      Burst: { actions: ["tell", "count"] },
      Arrived: {
        actions: [
          assign({
            guests: ({ context, event, spawn }) => ({
              ...context.guests,
              [event.name]: spawn("guest", { id: `guest-${event.name}`, input: { name: event.name } }),
            }),
          }),
          "tell",
          "count",
        ],
      },
      Fed: {
        actions: [
          sendTo(({ context, event }) => context.guests[event.name] as ActorRefFrom<typeof guest>, {
            type: "feed",
          }),
          "tell",
          "count",
        ],
      },
      SentHome: {
        actions: [
          stopChild(({ context, event }) => context.guests[event.name] as never),
          assign({ guests: ({ context, event }) => without(context.guests, event.name) }),
          "tell",
          "count",
        ],
      },
      left: {
        actions: [
          stopChild(({ event }) => `guest-${event.name}`),
          assign({
            guests: ({ context, event }) => without(context.guests, event.name),
            meals: ({ context, event }) => context.meals + event.meals,
          }),
          "tell",
          "count",
        ],
      },
      warm: { actions: [assign({ degrees: ({ event }) => event.degrees }), "tell", "count"] },
    },
  }),
  events,
  commands: {
    Heat: { schema: Schema.Struct({}), decide: () => ({ type: "Heated" }) },
    Burst: { schema: Schema.Struct({}), decide: () => ({ type: "Burst" }) },
    Arrive: {
      schema: Schema.Struct({ name: Schema.String }),
      decide: ({ command, state }) => {
        const names = Object.keys(state.context.guests)
        if (names.includes(command.name) || names.length >= GUESTS_MAX) return reject("NoRoom")
        return { type: "Arrived", name: command.name }
      },
    },
    Feed: {
      schema: Schema.Struct({ name: Schema.String }),
      decide: ({ command, state }) => {
        const meals = state.context.guests[command.name]?.getSnapshot().context.meals
        if (meals === undefined) return reject("NotHere")
        return meals > 2 ? reject("NotHungry") : { type: "Fed", name: command.name }
      },
    },
    SendHome: {
      schema: Schema.Struct({ name: Schema.String }),
      decide: ({ command, state }) =>
        state.context.guests[command.name] === undefined
          ? reject("NotHere")
          : { type: "SentHome", name: command.name },
    },
  },
})
