/**
 * The payment: an actor per order id, from its machine, its events, its commands and a gateway.
 *
 * Read PaymentMachine.ts for the rules, PaymentCommands.ts for the commands, PaymentGateway.ts for the duties
 * of a gateway.
 */
import { defineActor } from "../../runtime/index.ts"
import { paymentCalls } from "./PaymentCalls.ts"
import { Authorise, Capture, Record, Refund, Void } from "./PaymentCommands.ts"
import { paymentEvents } from "./PaymentEvents.ts"
import { noGateway, type PaymentGateway } from "./PaymentGateway.ts"
import { paymentMachine } from "./PaymentMachine.ts"

/** The payment for hosting: its calls go to `gateway`. */
export const paymentActor = (gateway: PaymentGateway) =>
  defineActor({
    type: "payment",
    machine: paymentMachine.provide({ actors: paymentCalls(gateway) }),
    events: paymentEvents,
    commands: { Authorise, Capture, Refund, Void, Record },
  })

/** The payment for addressing and simulation; if it is hosted, its gateway refuses everything. */
export const Payment = paymentActor(noGateway)
