/**
 * The sentinels of a simulated mailbox, for timers and for messages, as a node reaches them.
 *
 * Owns only the access: sentinels are lost and restored with their part of the mailbox
 * (../../mailbox/MailboxContents.ts).
 */
import type { Effect } from "effect"
import type { MailboxError, MailboxService, MessageSentinels } from "../../mailbox/Mailbox.ts"
import type { MailboxContents } from "../../mailbox/MailboxContents.ts"

/** Asks the mailbox's server, which may be down. */
type Ask = <A>(what: string, answer: () => A) => Effect.Effect<A, MailboxError>

type Sentinels = Pick<MailboxService, "placeSentinel" | "removeSentinel" | "sentinels" | "messageSentinels">

const sentinelsIn = (names: Set<string>, of: string, ask: Ask): MessageSentinels => ({
  place: (name) => ask(`sentinel ${name}${of}`, () => void names.add(name)),
  remove: (name) => ask(`no sentinel ${name}${of}`, () => void names.delete(name)),
  names: ask(`sentinels${of}`, () => new Set(names)),
})

export const simulatedSentinels = (contents: MailboxContents, ask: Ask): Sentinels => {
  const timers = sentinelsIn(contents.sentinels, "", ask)
  return {
    placeSentinel: (_, name) => timers.place(name),
    removeSentinel: (_, name) => timers.remove(name),
    sentinels: timers.names,
    messageSentinels: sentinelsIn(contents.messageSentinels, " of messages", ask),
  }
}
