/** What TypeScript knows of messages and integration events. Checked by `npm run types`, never run. */
import { Schema } from "effect"
import { expectTypeOf } from "vitest"
import { setup } from "xstate"
import {
  type AnyActor,
  accept,
  defineActor,
  defineEvent,
  defineIntegrationEvent,
  defineReactor,
  defineSaga,
  dispatch,
  type EventOf,
  type MessageTo,
  type Outgoing,
  type RequestRef,
  reject,
  send,
} from "../../runtime/index.ts"

const Amount = Schema.Struct({ minor: Schema.Int })
const events = { Deposited: defineEvent(Amount) }
const machine = setup({ types: { events: {} as EventOf<typeof events> } }).createMachine({
  on: { Deposited: { actions: () => undefined } },
})
const Account = defineActor({
  type: "account",
  machine,
  events,
  commands: {
    Deposit: { schema: Amount, decide: ({ payload }) => ({ type: "Deposited", ...payload }) },
    Close: { schema: Schema.Struct({}), decide: () => reject("NotEmpty") },
  },
})
const deposit = { type: "Deposit", minor: 5 } as const

expectTypeOf(send.tell({ actor: Account, id: "bob", command: deposit })).toEqualTypeOf<Outgoing>()
send.tell({ actor: Account, id: "bob", command: { type: "Close" }, afterMs: 1_000 })
send.request({ actor: Account, id: "bob", command: { type: "Deposit", minor: 5 }, as: "payment" })
// @ts-expect-error no such command
send.tell({ actor: Account, id: "bob", command: { type: "Deposti", minor: 5 } })
// @ts-expect-error the payload lacks a field
send.tell({ actor: Account, id: "bob", command: { type: "Deposit" } })
// @ts-expect-error the wrong type of a field
send.tell({ actor: Account, id: "bob", command: { type: "Deposit", minor: "5" } })
// @ts-expect-error the payload has no such field
send.tell({ actor: Account, id: "bob", command: { type: "Deposit", minor: 5, major: 1 } })
// @ts-expect-error a message needs an id
send.tell({ actor: Account, command: deposit })
// @ts-expect-error an answer cannot be waited for without a name
send.request({ actor: Account, id: "bob", command: deposit })
// @ts-expect-error nobody waits for the answer of a tell
send.tell({ actor: Account, id: "bob", command: deposit, as: "payment" })
// @ts-expect-error a request cannot be put off
send.request({ actor: Account, id: "bob", command: deposit, as: "payment", afterMs: 5 })

// An actor whose definition is not known takes anything.
declare const unknownActor: AnyActor
send.tell({ actor: unknownActor, id: "bob", command: { type: "Whatever" }, input: 5 })

const Deposited = defineIntegrationEvent({
  type: "account.deposited",
  schema: Schema.Struct({ minor: Schema.Int, note: Schema.optionalKey(Schema.String) }),
  description: "Money came in.",
})
expectTypeOf(send.publish(Deposited, { minor: 5 })).toEqualTypeOf<Outgoing>()
send.publish(Deposited, { minor: 5, note: "rent" })
// @ts-expect-error a field is missing
send.publish(Deposited, {})
// @ts-expect-error the wrong type
send.publish(Deposited, { minor: "5" })
// @ts-expect-error published by its definition, not by its name
send.publish("account.deposited", { minor: 5 })

declare const replyTo: RequestRef | undefined
expectTypeOf(send.answer(replyTo, { ok: true })).toEqualTypeOf<Outgoing | undefined>()
send.answer(replyTo, { ok: false, reason: "No", isRejection: true })
// @ts-expect-error a no has a reason
send.answer(replyTo, { ok: false })

// Wherever something is sent, it is one, several, or nothing.
const message = send.tell({ actor: Account, id: "bob", command: deposit })
accept([], { send: [message, send.answer(replyTo, { ok: true }), send.answerLater] })
dispatch(() => undefined)
dispatch(() => [message, undefined])
defineReactor({
  name: "mirror",
  from: [Account],
  publishes: [Deposited],
  on: {
    Deposited: ({ minor }, { id }) => send.tell({ actor: Account, id, command: { type: "Deposit", minor } }),
  },
})

// The steps of a saga and `send` take messages of one shape.
const toBob = (minor: number): MessageTo<typeof Account> => ({
  actor: Account,
  id: "bob",
  command: { type: "Deposit", minor },
})
send.request({ ...toBob(5), as: "payment" })
defineSaga({
  type: "gift",
  input: Amount,
  steps: (saga) =>
    saga.step("give", { request: ({ input: { minor } }) => toBob(minor) }).step("close", {
      // @ts-expect-error no such command
      request: () => ({ actor: Account, id: "bob", command: { type: "Closee" } }),
    }),
  completed: ({ input: { minor } }) => send.tell(toBob(minor)),
})
