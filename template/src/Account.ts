/** An account: money in, money out, never below zero. */
import { Schema } from "effect"
import { accept, defineActor, defineEvent, type EventOf, reject } from "everstate"
import { assign, setup } from "xstate"

const Amount = Schema.Struct({ minor: Schema.Int.check(Schema.isGreaterThan(0)) })

const events = {
  Opened: defineEvent(Schema.Struct({ owner: Schema.String })),
  Deposited: defineEvent(Amount),
  Withdrawn: defineEvent(Amount),
  Closed: defineEvent(Schema.Struct({})),
}

/** Driven by events: what it does not accept in a state is a rejection. */
const machine = setup({
  types: {
    context: {} as { owner: string; balance: number },
    events: {} as EventOf<typeof events>,
  },
}).createMachine({
  context: { owner: "", balance: 0 },
  initial: "new",
  states: {
    new: { on: { Opened: { target: "open", actions: assign({ owner: ({ event }) => event.owner }) } } },
    open: {
      on: {
        Deposited: { actions: assign({ balance: ({ context, event }) => context.balance + event.minor }) },
        Withdrawn: { actions: assign({ balance: ({ context, event }) => context.balance - event.minor }) },
        Closed: "closed",
      },
    },
    closed: { type: "final" },
  },
})

export const Account = defineActor({
  type: "account",
  machine,
  events,
  commands: {
    Open: {
      schema: Schema.Struct({ owner: Schema.String }),
      decide: ({ payload }) => ({ type: "Opened", ...payload }),
    },
    Deposit: { schema: Amount, decide: ({ payload }) => ({ type: "Deposited", ...payload }) },
    Withdraw: {
      schema: Amount,
      decide: ({ payload: { minor }, state: { context } }) =>
        minor > context.balance
          ? reject("InsufficientFunds", { balance: context.balance })
          : accept({ type: "Withdrawn", minor }, { reply: { left: context.balance - minor } }),
    },
    Close: {
      schema: Schema.Struct({}),
      decide: ({ state: { context } }) =>
        context.balance > 0 ? reject("NotEmpty", { balance: context.balance }) : { type: "Closed" },
    },
  },
})
