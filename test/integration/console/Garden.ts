/** An actor whose chart has parallel regions, nested states, history, a timer and a final state. */
import { assign, setup } from "xstate"
import { defineActor } from "../../../runtime/index.ts"

type GardenEvent =
  | { readonly type: "Plant"; readonly crop: string; readonly beds: number }
  | { readonly type: "Harvest"; readonly crop: string; readonly kilograms: number }
  | { readonly type: "Grow" | "Freeze" | "Thaw" | "Open" | "Close" | "Clear" }

const machine = setup({
  types: {
    context: {} as { readonly crop: string | null; readonly beds: number; readonly kilograms: number },
    events: {} as GardenEvent,
  },
  delays: { daylight: 8 * 60 * 60 * 1_000 },
}).createMachine({
  id: "garden",
  context: { crop: null, beds: 0, kilograms: 0 },
  type: "parallel",
  states: {
    beds: {
      initial: "fallow",
      states: {
        fallow: {
          on: {
            Plant: {
              target: "growing",
              actions: assign(({ event }) => ({ crop: event.crop, beds: event.beds })),
            },
            Clear: "cleared",
          },
        },
        growing: {
          initial: "sprouting",
          on: { Freeze: "frozen" },
          states: {
            sprouting: { on: { Grow: "ripe" } },
            ripe: {
              on: {
                Harvest: {
                  target: "#garden.beds.fallow",
                  actions: assign(({ context, event }) => ({
                    kilograms: context.kilograms + event.kilograms,
                  })),
                },
              },
            },
            before: { type: "history" },
          },
        },
        frozen: { on: { Thaw: "growing.before" } },
        cleared: { type: "final" },
      },
    },
    gate: {
      initial: "closed",
      states: {
        closed: { on: { Open: "open" } },
        open: { on: { Close: "closed" }, after: { daylight: "closed" } },
      },
    },
  },
})

export const Garden = defineActor({
  type: "garden",
  machine,
  directory: { columns: ({ context: { crop, beds } }) => ({ crop, beds, planted: crop !== null }) },
})
