/**
 * Whether the mailbox still has what a former owner has parked.
 *
 * Owns the proof: the message at the position that the takeover note names belongs to the range. If it is
 * missing, either its receiver took it, or it was lost because the mailbox was replaced by a new or older
 * one. The node cannot tell which, so it reads the range from the journal and sends it again. A receiver that
 * has taken the message recognises it.
 */
import { Effect } from "effect"
import type { MailboxService, StoredMessage } from "../mailbox/Mailbox.ts"
import { decodeMessage } from "../mailbox/Message.ts"
import { sequenceOfId } from "../message/OutboxItem.ts"
import type { ParkedRange } from "./Exceptions.ts"

/** Queries to the mailbox at once. */
const ASKED_AT_ONCE_MAX = 16

/**
 * Name that a call waits for in the mailbox. It differs from the actor's key, because a call delays no
 * message of the actor.
 */
export const callReceiver = (key: string, name: string): string => `${key} call ${name}`

/** Whether the message belongs to the range that the sender with the slot `source` has parked. */
const isOfRange = (source: string, { receiver, from, upTo }: ParkedRange, { key, data }: StoredMessage) => {
  const message = decodeMessage(data)
  if (message.k === "timer") return false
  const waitsFor = message.k === "call" ? callReceiver(key, message.n) : key
  const sequence = message.k === "call" ? sequenceOfId(message.id) : message.o?.[2]
  const isOfSource = message.k === "call" || message.o?.[0] === source
  return isOfSource && waitsFor === receiver && sequence !== undefined && from <= sequence && sequence <= upTo
}

/** The ranges whose last message is missing. A mailbox that gives no answer counts as empty. */
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
