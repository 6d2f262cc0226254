/**
 * Whether the mailbox still has what a former owner has parked.
 *
 * Owns the proof: the message at the position that the takeover note names is one of these. What is not there was taken by
 * its receiver, or it was lost with the mailbox, which may be another one by now or an older copy. The node cannot tell which, so
 * it is read from the journal and sent again: its receiver knows it if it has taken it.
 */
import { Effect } from "effect"
import type { MailboxService, StoredMessage } from "../mailbox/Mailbox.ts"
import { decodeMessage } from "../mailbox/Message.ts"
import { sequenceOfId } from "../message/OutboxItem.ts"
import type { ParkedRange } from "./Exceptions.ts"

/** Questions to the mailbox at once. */
const ASKED_AT_ONCE_MAX = 16

/** Name of what a call waits for in the mailbox: calls of an actor keep none of its messages waiting. */
export const callReceiver = (key: string, name: string): string => `${key} call ${name}`

/** Whether the message is one of the range, which the sender with the slot `source` has parked. */
const isOfRange = (source: string, { receiver, from, upTo }: ParkedRange, { key, data }: StoredMessage) => {
  const message = decodeMessage(data)
  if (message.k === "timer") return false
  const waitsFor = message.k === "call" ? callReceiver(key, message.n) : key
  const sequence = message.k === "call" ? sequenceOfId(message.id) : message.o?.[2]
  const isOfSource = message.k === "call" || message.o?.[0] === source
  return isOfSource && waitsFor === receiver && sequence !== undefined && from <= sequence && sequence <= upTo
}

/** The ranges whose last message is not there. A mailbox that does not say counts as one that has nothing. */
export const noLongerParked = (
  mailbox: MailboxService,
  source: string,
  ranges: ReadonlyArray<ParkedRange>,
): Effect.Effect<ReadonlyArray<ParkedRange>> =>
  Effect.map(
    Effect.forEach(
      ranges,
      (range) =>
        mailbox.messageAt(range.position).pipe(
          Effect.map((found) => found !== undefined && isOfRange(source, range, found)),
          // A client may have written a message there that no node can read.
          Effect.catchDefect(() => Effect.succeed(false)),
          Effect.orElseSucceed(() => false),
        ),
      { concurrency: ASKED_AT_ONCE_MAX },
    ),
    (isThere) => ranges.filter((_, index) => isThere[index] !== true),
  )
