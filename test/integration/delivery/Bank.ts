/**
 * A bank of accounts and vaults that move money by messages. A transfer is one commit of the sender, which takes the money
 * off and tells the receiver to add it; so the money of the bank is the same before and after, unless a message was lost
 * or applied twice.
 *
 * The actors remember four commands. What a receiver must not apply twice can therefore not rest on its memory of ids.
 */
import { Schema } from "effect"
import { assign, setup } from "xstate"
import {
  accept,
  defineActor,
  defineEvent,
  defineIntegrationEvent,
  type EventOf,
  type Outgoing,
  send,
} from "../../../runtime/index.ts"

export const COMMANDS_REMEMBERED = 4

const Amount = Schema.Struct({ minor: Schema.Int })

const Announcement = defineIntegrationEvent({
  type: "bank.announced",
  description: "The bank has something to say.",
  schema: Amount,
  example: { minor: 1 },
})
const Transfer = Schema.Struct({ minor: Schema.Int, ref: Schema.String })
const Order = Schema.Struct({
  minor: Schema.Int,
  ref: Schema.String,
  kind: Schema.Literals(["account", "vault"]),
  id: Schema.String,
})

const events = {
  Added: defineEvent(Amount),
  Announced: defineEvent(Amount),
  Sent: defineEvent(Transfer),
  Received: defineEvent(Transfer),
}

interface BankContext {
  readonly balance: number
  /** How often each transfer to this actor was applied. */
  readonly received: { readonly [ref: string]: number }
}

const machine = setup({
  types: {} as { context: BankContext; events: EventOf<typeof events> },
}).createMachine({
  context: { balance: 0, received: {} },
  on: {
    Added: { actions: assign({ balance: ({ context, event }) => context.balance + event.minor }) },
    Announced: { actions: assign({ balance: ({ context, event }) => context.balance + event.minor }) },
    Sent: { actions: assign({ balance: ({ context, event }) => context.balance - event.minor }) },
    Received: {
      actions: assign({
        balance: ({ context, event }) => context.balance + event.minor,
        received: ({ context: { received }, event: { ref } }) => ({
          ...received,
          [ref]: (received[ref] ?? 0) + 1,
        }),
      }),
    },
  },
})

const bankActor = <const Type extends string>(type: Type) =>
  defineActor({
    type,
    machine,
    events,
    publishes: [Announcement],
    commandsRememberedCount: COMMANDS_REMEMBERED,
    snapshotEveryEvents: 10,
    commands: {
      Add: { schema: Amount, decide: ({ command: { minor } }) => ({ type: "Added", minor }) },
      Announce: {
        schema: Amount,
        decide: ({ command: { minor } }) =>
          accept({ type: "Announced", minor }, { send: send.publish(Announcement, { minor }) }),
      },
      Send: {
        schema: Order,
        decide: ({ command: { minor, ref, kind, id } }) =>
          accept({ type: "Sent", minor, ref }, { send: receive(kind, id, { minor, ref }) }),
      },
      Receive: {
        schema: Transfer,
        decide: ({ command: { minor, ref } }) => ({ type: "Received", minor, ref }),
      },
    },
  })

export const Account = bankActor("account")
export const Vault = bankActor("vault")

export const bankActors = [Account, Vault]

const receive = (kind: "account" | "vault", id: string, transfer: typeof Transfer.Type): Outgoing =>
  send.tell({ actor: kind === "account" ? Account : Vault, id, command: { type: "Receive", ...transfer } })
