/**
 * An actor that asks for everything when it is born: a timer, a call, a message, and a context that has input and draws on
 * chance; and the meadow, which is told of each sprout once.
 */
import { Schema } from "effect"
import { assign, setup } from "xstate"
import { defineCall } from "../../runtime/call/Call.ts"
import { defineActor, defineEvent, dispatch, type EventOf, send } from "../../runtime/index.ts"

const Announced = Schema.Struct({ sprout: Schema.String })

export const Meadow = defineActor({
  type: "meadow",
  machine: setup({
    types: {} as {
      context: { sprouts: ReadonlyArray<string> }
      events: { type: "Announced"; sprout: string }
    },
  }).createMachine({
    context: { sprouts: [] },
    on: {
      Announced: {
        actions: assign({ sprouts: ({ context, event }) => [...context.sprouts, event.sprout] }),
      },
    },
  }),
  events: { Announced: defineEvent(Announced) },
  commands: {
    Announce: {
      schema: Announced,
      decide: ({ command }) => ({ type: "Announced", sprout: command.sprout }),
    },
  },
})

/** How long a sprout waits for water, in milliseconds. */
export const THIRST_MS = 5_000

const events = { Watered: defineEvent(Schema.Struct({ litres: Schema.Number })) }

export const Sprout = defineActor({
  type: "sprout",
  machine: setup({
    types: {} as {
      context: { id: string; kind: string; seed: number; litres: number; soil: string; driedCount: number }
      events: EventOf<typeof events>
      input: { id: string; kind: string }
    },
    actors: { testSoil: defineCall(async () => "loam") },
    actions: {
      announce: dispatch(({ context }) =>
        send.tell({ actor: Meadow, id: "m", command: { type: "Announce", sprout: context.id } }),
      ),
    },
    delays: { thirst: THIRST_MS },
  }).createMachine({
    context: ({ input }) => ({
      id: input.id,
      kind: input.kind,
      // The birth of one kind draws on chance, that of the others rests on the input alone.
      seed: input.kind === "elm" ? Math.random() : 0,
      litres: 0,
      soil: "unknown",
      driedCount: 0,
    }),
    entry: "announce",
    invoke: {
      src: "testSoil",
      onDone: { actions: assign({ soil: ({ event }) => event.output }) },
      onError: { actions: assign({ soil: "untested" }) },
    },
    initial: "thirsty",
    states: {
      thirsty: {
        after: {
          thirst: { target: "dry", actions: assign({ driedCount: ({ context }) => context.driedCount + 1 }) },
        },
        on: {
          Watered: {
            target: "thirsty",
            reenter: true,
            actions: assign({ litres: ({ context, event }) => context.litres + event.litres }),
          },
        },
      },
      dry: {
        on: {
          Watered: {
            target: "thirsty",
            actions: assign({ litres: ({ context, event }) => context.litres + event.litres }),
          },
        },
      },
    },
  }),
  input: Schema.Struct({ kind: Schema.String }),
  events,
  commands: {
    Water: {
      schema: Schema.Struct({ litres: Schema.Number }),
      decide: ({ command }) =>
        command.litres > 0
          ? { type: "Watered", litres: command.litres }
          : ({ _tag: "Rejection", reason: "NoWater", detail: undefined } as const),
    },
  },
})
