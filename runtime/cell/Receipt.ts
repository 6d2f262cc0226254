/**
 * The receipt: the commit entry of a message that changed nothing. With it every message that an actor has handled is
 * in its journal, so that one which comes again is known by its origin.
 *
 * Owns what a receipt carries: nothing; or what became of a refused message, an answer that says no or a dead letter. A
 * receipt's id is not remembered as that of a command, because an operator may send the refused message again. When
 * there is one: Round.ts.
 */
import type { CommitEntry } from "../commit/Commit.ts"
import { storableText } from "../json/StorableText.ts"
import { messageText } from "../mailbox/Message.ts"
import { rowCarried } from "../message/Origin.ts"
import type { OutboxItem } from "../message/OutboxItem.ts"
import type { AskError } from "./AskError.ts"
import { entryOf } from "./Decide.ts"
import { finalRefusalOf } from "./FinalRefusal.ts"
import type { Sent, WaitingCommand } from "./Waiting.ts"

/** The entry of a message that was handled and changed nothing. */
export const receipt = (
  { command }: WaitingCommand,
  { origin, floor }: Sent,
  items: ReadonlyArray<OutboxItem> = [],
): CommitEntry => ({
  ...entryOf(command, [], items, undefined),
  o: rowCarried(origin, floor),
  no: true,
})

/**
 * The entry of a message that was refused with `error`. `undefined`: the item did not come by a message that has an
 * origin, or the trouble may pass.
 */
export const refusalReceipt = (waiting: WaitingCommand, error: AskError): CommitEntry | undefined => {
  const { command, sent } = waiting
  const refusal = finalRefusalOf(error)
  if (sent === undefined || refusal === undefined) return undefined
  const { reason } = refusal
  const detail = storableText(refusal.detail)
  const replyTo = command._tag === "Signal" ? undefined : command.replyTo
  const item: OutboxItem =
    replyTo === undefined
      ? { k: "letter", id: letterIdOf(sent), reason, detail, m: messageText(sent.message) }
      : {
          k: "answer",
          to: replyTo.to,
          n: replyTo.as,
          re: replyTo.re,
          a: { ok: false, reason, detail, isRejection: false },
        }
  return receipt(waiting, sent, [item])
}

/** A message that is refused again after an operator has sent it again has another origin: it is another letter. */
const letterIdOf = ({ message, origin: { source, era, sequence, index } }: Sent): string =>
  `${message.id}@${source}.${era}.${sequence}.${index}`
