/**
 * From a message to the item in the queue of its actor's cell.
 *
 * Owns that step for both roads of a message: through the mailbox (../inbox/ActorDelivery.ts) and directly
 * from the sender's node (../router/DirectDelivery.ts). A message becomes the same item on both roads, so it
 * is applied once even if it takes both. What a refusal by the cell means for the message:
 * ../cell/FinalRefusal.ts.
 */
import type { Exit } from "effect"
import type { ActorAddress } from "../address/ActorAddress.ts"
import { type AskError, InvalidCommand } from "../cell/AskError.ts"
import type { Command, Undecidable } from "../cell/Decide.ts"
import type { Signal } from "../cell/Signal.ts"
import { type Accepted, type Sent, WaitingCommand } from "../cell/Waiting.ts"
import type { Metadata } from "../commit/Commit.ts"
import type { ActorDefinition } from "../definition/Actor.ts"
import type { CommandMessage, DirectMessage, Message } from "../mailbox/Message.ts"
import { floorOf, originOf } from "../message/Origin.ts"
import { sequenceOfId } from "../message/OutboxItem.ts"
import type { RequestRef } from "../message/Outgoing.ts"
import { commandOf } from "./Ask.ts"

/**
 * The item of a message. Its refusals rest on the actor's newest state. Throws InvalidCommand if the message
 * has no origin, and what a schema throws.
 */
export const messageItem = (
  definition: ActorDefinition,
  address: ActorAddress,
  message: DirectMessage,
  answer: (exit: Exit.Exit<Accepted, AskError>) => void,
): WaitingCommand =>
  new WaitingCommand(
    message.k === "command"
      ? commandIn(definition, address, message)
      : { ...signalOf(message), kind: "answer", name: message.n, answer: message.a },
    undefined,
    answer,
    true,
    sentOf(message),
  )

/** The origin that the message tells. */
const sentOf = (message: DirectMessage): Sent | undefined => {
  const { o, f } = message
  if (o === undefined) return undefined
  return { origin: originOf(o), floor: f === undefined ? undefined : floorOf(f), message }
}

/** Fields that the signals of all messages share. */
export const signalOf = ({
  id,
  m,
}: Message): Pick<Signal, "_tag" | "commandId" | "fingerprint" | "metadata" | "since"> => ({
  _tag: "Signal",
  commandId: id,
  fingerprint: "",
  metadata: m,
  since: sequenceOfId(id),
})

/** What the answer to a request goes on with, however late it is. */
const causeOf = ({ correlationId, trace }: Metadata = {}): Pick<RequestRef, "correlationId" | "trace"> => ({
  ...(correlationId === undefined ? undefined : { correlationId }),
  ...(trace === undefined ? undefined : { trace }),
})

const commandIn = (
  definition: ActorDefinition,
  address: ActorAddress,
  { id, c, m, from, n, o, i: input }: CommandMessage,
): Command | Undecidable => {
  const replyTo =
    from === undefined || n === undefined ? undefined : { to: from, as: n, re: id, ...causeOf(m) }
  try {
    const options = { ...(m === undefined ? undefined : { metadata: m }), input }
    const checked = commandOf(definition, address, c, options, () => id)
    return { ...checked, replyTo }
  } catch (cause) {
    // The cell refuses the command, so that the refusal is in the journal.
    if (o === undefined || !(cause instanceof InvalidCommand)) throw cause
    return { _tag: "Undecidable", commandId: id, fingerprint: "", metadata: m, replyTo, error: cause }
  }
}
