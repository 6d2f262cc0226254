/** An actor with one timer: rings after a time that each reminder names, unless it is forgotten. */
import { Schema } from "effect"
import { assign, setup } from "xstate"
import { defineActor, type EventOf, event } from "../../runtime/index.ts"

const events = {
  Reminded: event(Schema.Struct({ afterMs: Schema.Number })),
  Forgotten: event(Schema.Struct({})),
}

export const Reminder = defineActor({
  type: "reminder",
  machine: setup({
    types: {} as { context: { afterMs: number; rangCount: number }; events: EventOf<typeof events> },
    delays: { patience: ({ context }) => context.afterMs },
  }).createMachine({
    context: { afterMs: 0, rangCount: 0 },
    initial: "idle",
    states: {
      idle: {
        on: { Reminded: { target: "waiting", actions: assign({ afterMs: ({ event }) => event.afterMs }) } },
      },
      waiting: {
        after: {
          patience: {
            target: "idle",
            actions: assign({ rangCount: ({ context }) => context.rangCount + 1 }),
          },
        },
        on: { Forgotten: "idle" },
      },
    },
  }),
  events,
  commands: {
    Remind: {
      schema: Schema.Struct({ afterMs: Schema.Number }),
      decide: ({ command }) => ({ type: "Reminded", afterMs: command.afterMs }),
    },
    Forget: { schema: Schema.Struct({}), decide: () => ({ type: "Forgotten" }) },
  },
})
