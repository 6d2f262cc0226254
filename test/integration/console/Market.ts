/** A saga that operators have to help: a stall is rented and nothing is sold, and some stalls are not taken back. */
import { Schema } from "effect"
import { assign, setup } from "xstate"
import {
  type AnyEvent,
  accept,
  defineActor,
  defineEvent,
  defineProjection,
  defineSaga,
  type EventOf,
  RequestRef,
  reject,
  send,
} from "../../../runtime/index.ts"
import { Garden } from "./Garden.ts"

const stallEvents = {
  Rented: defineEvent(Schema.Struct({ by: Schema.String })),
  Returned: defineEvent(Schema.Struct({ by: Schema.String })),
  Asked: defineEvent(Schema.Struct({ replyTo: RequestRef })),
  Softened: defineEvent(Schema.Struct({})),
}

interface StallContext {
  readonly isSoft: boolean
  readonly last: string
}

const noted = assign(({ context, event }: { context: StallContext; event: AnyEvent }) => ({
  ...context,
  last: event.type,
}))

const stallMachine = setup({
  types: { context: {} as StallContext, events: {} as EventOf<typeof stallEvents> },
}).createMachine({
  context: { isSoft: false, last: "" },
  on: {
    Rented: { actions: noted as never },
    Returned: { actions: noted as never },
    Asked: { actions: noted as never },
    Softened: { actions: assign({ isSoft: true }) },
  },
})

/** An id that begins with `slow` takes everything back, and does not say whether it was sold. */
const Stall = defineActor({
  type: "stall",
  machine: stallMachine,
  events: stallEvents,
  commands: {
    Rent: {
      schema: Schema.Struct({ by: Schema.String }),
      decide: ({ command: { by } }) => ({ type: "Rented", by }) as const,
    },
    Return: {
      schema: Schema.Struct({ by: Schema.String }),
      decide: ({ command: { by }, id, state }) =>
        state.context.isSoft || id.startsWith("slow")
          ? ({ type: "Returned", by } as const)
          : reject("NotNow"),
    },
    Sell: {
      schema: Schema.Struct({}),
      decide: ({ id, replyTo }) =>
        id.startsWith("slow") && replyTo !== undefined
          ? accept({ type: "Asked", replyTo } as const, { send: send.answerLater })
          : reject("NoBuyer"),
    },
    Soften: { schema: Schema.Struct({}), decide: () => ({ type: "Softened" }) as const },
  },
})

const Market = defineSaga({
  type: "market",
  input: Schema.Struct({}),
  steps: (saga) =>
    saga
      .step("rent", {
        request: ({ sagaId }) => ({ actor: Stall, id: sagaId, command: { type: "Rent", by: sagaId } }),
        compensate: ({ sagaId }) => ({ actor: Stall, id: sagaId, command: { type: "Return", by: sagaId } }),
      })
      .step("sell", {
        request: ({ sagaId }) => ({ actor: Stall, id: sagaId, command: { type: "Sell" } }),
      }),
})

/** Stops at a garden that freezes and is called `ice`. */
const Frosts = defineProjection({
  name: "frosts",
  version: 1,
  from: [Garden],
  tables: ["create table frosts (garden text not null)"],
  handle: async (events) => {
    if (events.some(({ id, event }) => id === "ice" && event.type === "Freeze")) {
      throw new Error("Nobody counts frosts of ice.")
    }
  },
})

/** What operators have to do with, beside the order domain. */
export const troubles = { actors: [Garden, Stall], sagas: [Market], projections: [Frosts] }

export { Market }
