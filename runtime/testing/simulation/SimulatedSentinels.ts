/**
 * The sentinels of a simulated mailbox, those of its timers and those of its messages, as a node reaches them.
 *
 * Owns nothing but the way to them: they are lost and restored with what they lie beside (MailboxContents.ts).
 */
import type { Effect } from "effect"
import type { MailboxError, MailboxService, MessageSentinels } from "../../mailbox/Mailbox.ts"
import type { MailboxContents } from "../../mailbox/MailboxContents.ts"

/** Asks the mailbox's server, which may be away. */
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
