/**
 * The receipt: the commit entry of a message that changed nothing. With receipts every message that an actor
 * has handled is in its journal, so a repeat is recognised by its origin.
 *
 * Owns the content of a receipt: nothing, or the outcome of a refused message, which is an answer with the
 * refusal or a dead letter. A receipt's id is not remembered as a command id, because an operator may send
 * the refused message again. Round.ts decides when to write a receipt.
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
 * The entry of a message that was refused with `error`. `undefined`: the item was not a message with an
 * origin, or the error may pass.
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

/**
 * Id of the dead letter. It includes the origin, because an operator may send the message again and a second
 * refusal is another dead letter.
 */
const letterIdOf = ({ message, origin: { source, era, sequence, index } }: Sent): string =>
  `${message.id}@${source}.${era}.${sequence}.${index}`
