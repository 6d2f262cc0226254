/** An actor with one timer: rings after a time that each reminder names, unless it is forgotten, and announces it. */
import { Schema } from "effect"
import { assign, setup } from "xstate"
import { announce, defineActor, defineEvent, defineProjection, type EventOf } from "../../runtime/index.ts"

const events = {
  Reminded: defineEvent(Schema.Struct({ afterMs: Schema.Number })),
  Forgotten: defineEvent(Schema.Struct({})),
  Rang: defineEvent(Schema.Struct({ count: Schema.Number })),
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
            actions: [
              assign({ rangCount: ({ context }) => context.rangCount + 1 }),
              announce("Rang", ({ context }) => ({ count: context.rangCount })),
            ],
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

/** How often each reminder has rung, which no command has told. */
export const Rings = defineProjection({
  name: "rings",
  version: 1,
  from: [Reminder],
  table: { name: "ring", columns: { id: "text not null", count: "bigint not null" }, primaryKey: ["id"] },
  key: ({ id }) => ({ id }),
  fold: (row, { id, event }) => ({ id, count: event.type === "Rang" ? event.count : (row?.count ?? 0) }),
})
