/** A reactor that mirrors ledgers, and what a test sees of what it sent. */
import { Schema } from "effect"
import { send } from "../../../runtime/definition/Send.ts"
import { defineIntegrationEvent } from "../../../runtime/event/IntegrationEvent.ts"
import { type CommandMessage, decodeMessage } from "../../../runtime/mailbox/Message.ts"
import { defineReactor, type Reaction } from "../../../runtime/reactor/Reactor.ts"
import { Ledger } from "../projection/Ledger.ts"
import type { World } from "./ReactorFixture.ts"

/** The one command of a ledger. */
export const open = { type: "Open" } as const

export const LedgerGrown = defineIntegrationEvent({
  type: "ledger.grown",
  schema: Schema.Struct({ by: Schema.Number }),
  description: "Something was added.",
})

/** Opens a copy of every ledger that something is added to. */
export const mirror = (
  react: (amount: number, id: string) => Reaction | Promise<Reaction> = (_, id) =>
    send.tell({ actor: Ledger, id: `copy-${id}`, command: open }),
  start: "beginning" | "now" = "beginning",
) =>
  defineReactor({
    name: "mirror",
    from: [Ledger],
    start,
    on: { Added: ({ amount }, { id }) => react(amount, id) },
    publishes: [LedgerGrown],
  })

/** The messages in the mailbox, in order. */
export const messagesIn = ({ messaging }: World): ReadonlyArray<CommandMessage & { readonly to: string }> =>
  [...messaging.mailbox.contents.messages].map(({ key, data }) => ({
    ...(decodeMessage(data) as CommandMessage),
    to: key,
  }))

/** Whom they are for. */
export const receiversIn = (world: World): ReadonlyArray<string> => messagesIn(world).map(({ to }) => to)

export const lettersIn = ({ messaging }: World) => [...messaging.deadLetters.letters.values()]
