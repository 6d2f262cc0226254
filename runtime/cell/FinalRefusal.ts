/**
 * Whether a cell's error ends a message: the message then becomes a dead letter, or an answer with the
 * refusal.
 *
 * Owns that judgement for direct delivery and for delivery from the mailbox. Receipt.ts stores the outcome.
 */
import type { DeadLetterReason } from "../deadletter/DeadLetters.ts"
import type { AskError } from "./AskError.ts"

/** Why a message is abandoned. */
export interface FinalRefusal {
  readonly reason: DeadLetterReason
  readonly detail: string
}

/** Why the message can never have an effect; `undefined` if the error may pass. */
export const finalRefusalOf = (error: AskError): FinalRefusal | undefined => {
  const detail = error.message
  switch (error._tag) {
    case "CommandRejected":
      return { reason: "Rejected", detail }
    case "CommandFailed":
      return { reason: "Failed", detail }
    case "InvalidCommand":
      return { reason: "Malformed", detail }
    case "ActorExists":
    case "CommandIdReused":
    case "PayloadTooLarge":
    case "VersionConflict":
    case "UnknownActorType":
    case "InvalidActorId":
      return { reason: "Refused", detail }
    default:
      return undefined
  }
}
