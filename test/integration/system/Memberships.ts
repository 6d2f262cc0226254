/** Actors that are born with input: of a spawn, of a first command, and of messages of another actor. */
import { Schema } from "effect"
import { assign, setup } from "xstate"
import { accept, defineActor, defineEvent, send } from "../../../runtime/index.ts"

/** A membership whose trial ends by itself. */
export const Membership = defineActor({
  type: "membership",
  machine: setup({
    types: {} as {
      context: { id: string; plan: string; uses: number }
      input: { id: string; plan: string }
      events: { type: "Used" }
    },
    delays: { trialTime: 300 },
  }).createMachine({
    context: ({ input }) => ({ ...input, uses: 0 }),
    on: { Used: { actions: assign({ uses: ({ context }) => context.uses + 1 }) } },
    initial: "trial",
    states: { trial: { after: { trialTime: "paid" } }, paid: {} },
  }),
  input: Schema.Struct({ plan: Schema.String }),
  events: { Used: defineEvent(Schema.Struct({})) },
  commands: {
    Use: {
      schema: Schema.Struct({}),
      decide: ({ state }) => accept({ type: "Used" }, { reply: state.context.plan }),
    },
  },
})

/** Invites others: one by a message, one by a request. */
export const Host = defineActor({
  type: "host",
  machine: setup({
    types: {} as {
      context: { answers: number }
      events: { type: "Invited" } | { type: "everstate.answered" }
    },
  }).createMachine({
    context: { answers: 0 },
    on: {
      Invited: { actions: () => undefined },
      "everstate.answered": { actions: assign({ answers: ({ context }) => context.answers + 1 }) },
    },
  }),
  events: { Invited: defineEvent(Schema.Struct({})) },
  commands: {
    Invite: {
      schema: Schema.Struct({ plan: Schema.String }),
      decide: ({ command: { plan }, id }) =>
        accept(
          { type: "Invited" },
          {
            send: [
              send.tell({ actor: Membership, id: `${id}-told`, command: { type: "Use" }, input: { plan } }),
              send.request({
                actor: Membership,
                id: `${id}-asked`,
                command: { type: "Use" },
                as: "use",
                input: { plan },
              }),
            ],
          },
        ),
    },
  },
})
