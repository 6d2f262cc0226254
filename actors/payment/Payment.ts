/**
 * The payment: an actor per order id, from its machine, its events, its commands and a provider.
 *
 * Read PaymentMachine.ts for the rules, PaymentCommands.ts for the commands, PaymentProvider.ts for the duties
 * of a provider.
 */
import { defineActor } from "../../runtime/index.ts"
import { paymentCalls } from "./PaymentCalls.ts"
import { Authorise, Capture, Record, Refund, Void } from "./PaymentCommands.ts"
import { paymentEvents } from "./PaymentEvents.ts"
import { paymentMachine } from "./PaymentMachine.ts"
import { noProvider, type PaymentProvider } from "./PaymentProvider.ts"

/** The payment for hosting: its calls go to `provider`. */
export const paymentActor = (provider: PaymentProvider) =>
  defineActor({
    type: "payment",
    machine: paymentMachine.provide({ actors: paymentCalls(provider) }),
    events: paymentEvents,
    commands: { Authorise, Capture, Refund, Void, Record },
  })

/** The payment for addressing and simulation; if it is hosted, its provider refuses everything. */
export const Payment = paymentActor(noProvider)
