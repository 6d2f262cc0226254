/**
 * The customer: an actor per customer id, who has a name and an e-mail address.
 *
 * Orders name a customer by id, registered or not; ../projections/OrdersWithCustomers.ts joins them. Events:
 * CustomerEvents.ts.
 */
import { Schema } from "effect"
import { assign, setup } from "xstate"
import { accept, defineActor, defineCommand, reject, send } from "../../runtime/index.ts"
import { actorId } from "../BoundedText.ts"
import { EmailAddress } from "../EmailAddress.ts"
import { Notification } from "../notification/Notification.ts"
import { letter } from "../notification/NotificationEvents.ts"
import { type CustomerEvent, CustomerName, customerEvents } from "./CustomerEvents.ts"

export interface CustomerContext {
  /** Name of the customer. It and `email` are `null` before registration. */
  readonly name: string | null
  readonly email: string | null
}

const customerMachine = setup({
  types: { context: {} as CustomerContext, events: {} as CustomerEvent },
}).createMachine({
  id: "customer",
  initial: "unknown",
  context: { name: null, email: null },
  states: {
    unknown: {
      on: {
        CustomerRegistered: {
          target: "registered",
          actions: assign(({ event: { name, email } }) => ({ name, email })),
        },
      },
    },
    registered: {
      on: { EmailChanged: { actions: assign({ email: ({ event }) => event.email }) } },
    },
  },
})

const customer = { machine: customerMachine, events: customerEvents }

/** Registers the customer. A repeat with the same data is accepted without effect. */
const Register = defineCommand(
  { type: "Register", ...customer },
  {
    schema: Schema.Struct({ name: CustomerName, email: EmailAddress }),
    decide: ({ command: { name, email }, state }) => {
      if (state.matches("unknown")) return { type: "CustomerRegistered", name, email }
      const isSame = state.context.name === name && state.context.email === email
      return isSame ? accept<never>([]) : reject("AlreadyRegistered")
    },
  },
)

const ChangeEmail = defineCommand(
  { type: "ChangeEmail", ...customer },
  {
    schema: Schema.Struct({ email: EmailAddress }),
    decide: ({ command: { email }, state }) =>
      state.context.email === email ? accept<never>([]) : { type: "EmailChanged", email },
  },
)

/** Sends the customer an e-mail, once for each notification id; sends nothing to an unregistered customer. */
const Inform = defineCommand(
  { type: "Inform", ...customer },
  {
    schema: Schema.Struct({
      notificationId: actorId,
      subject: letter.subject,
      text: letter.text,
    }),
    decide: ({ command: { notificationId, subject, text }, state }) => {
      const { email } = state.context
      return email === null
        ? accept<never>([])
        : accept<never>([], {
            send: send.tell({
              actor: Notification,
              id: notificationId,
              command: { type: "Send", to: email, subject, text },
            }),
          })
    },
  },
)

export const Customer = defineActor({
  type: "customer",
  machine: customerMachine,
  events: customerEvents,
  commands: { Register, ChangeEmail, Inform },
})
