/**
 * The actors under attack: a register that adds, and a mirror that is told of some of what was added.
 *
 * Every answer of a register is determined by what was applied before it, so a wrong one shows. Every eighth amount goes
 * to the mirror of the same id, as a message of the commit: it must get there once, in order.
 */
import { Schema } from "effect"
import { assign, setup } from "xstate"
import { accept, defineActor, defineEvent, dispatch, type EventOf, send } from "../../runtime/index.ts"

const Amount = Schema.Struct({ by: Schema.Int })

const mirrorEvents = { Noted: defineEvent(Amount) }

export const Mirror = defineActor({
  type: "mirror",
  machine: setup({
    types: {
      context: {} as { readonly total: number },
      events: {} as EventOf<typeof mirrorEvents>,
    },
  }).createMachine({
    context: { total: 0 },
    on: { Noted: { actions: assign(({ context, event: { by } }) => ({ total: context.total + by })) } },
  }),
  events: mirrorEvents,
  commands: { Note: { schema: Amount, decide: ({ command: { by } }) => ({ type: "Noted", by }) } },
})

const MIRRORED_EVERY = 8

/** Whether a register tells its mirror of this amount. */
export const isMirrored = (by: number): boolean => by % MIRRORED_EVERY === 0

const events = { Added: defineEvent(Amount) }

interface RegisterContext {
  readonly id: string
  readonly total: number
}

export const Register = defineActor({
  type: "register",
  machine: setup({
    types: {
      context: {} as RegisterContext,
      events: {} as EventOf<typeof events>,
      input: {} as { readonly id: string },
    },
    actions: { add: assign(({ context, event: { by } }) => ({ total: context.total + by })) },
    guards: { isMirrored: ({ event: { by } }) => isMirrored(by) },
  }).createMachine({
    context: ({ input }) => ({ id: input.id, total: 0 }),
    on: {
      Added: [
        {
          guard: "isMirrored",
          actions: [
            "add",
            dispatch(({ context: { id }, event: { by } }) =>
              send.tell({ actor: Mirror, id, command: { type: "Note", by } }),
            ),
          ],
        },
        { actions: "add" },
      ],
    },
  }),
  events,
  snapshotEveryEvents: 50,
  commands: {
    Add: {
      schema: Amount,
      decide: ({ command: { by }, state }) =>
        accept({ type: "Added", by }, { reply: { total: state.context.total + by } }),
    },
  },
})

export const nemesisActors = [Register, Mirror]
