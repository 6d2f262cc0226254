/**
 * Whether a cell's error ends a message: it then becomes a dead letter, or an answer that says no.
 *
 * Owns that judgement for both roads of a message. Who stores the outcome: Receipt.ts.
 */
import type { DeadLetterReason } from "../deadletter/DeadLetters.ts"
import type { AskError } from "./AskError.ts"

/** Why a message is given up. */
export interface FinalRefusal {
  readonly reason: DeadLetterReason
  readonly detail: string
}

/** Why the message has no effect, now or later; `undefined`: the trouble may pass. */
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
