/**
 * Stores a tell in the mailbox, from which the owner of the actor's shard takes it (../inbox/Inbox.ts).
 *
 * Owns the repeats until the deadline, and what the mailbox's refusal means for the caller.
 */
import { Effect, Schedule } from "effect"
import type { ActorAddress } from "../address/ActorAddress.ts"
import { Busy, PayloadTooLarge, type Unavailable, unavailable } from "../cell/AskError.ts"
import type { Command } from "../cell/Decide.ts"
import { type MailboxRefused, type MailboxService, MESSAGES_PER_ACTOR_MAX } from "../mailbox/Mailbox.ts"
import type { CommandMessage } from "../mailbox/Message.ts"

/** What a caller does after `Unavailable`. */
export const TELL_AGAIN = "It may have been stored all the same: tell again with the same commandId."

/** The message of a command that is told. */
export const messageOfTell = ({ commandId, given, input, metadata }: Command): CommandMessage => ({
  k: "command",
  id: commandId,
  c: given,
  ...(input === undefined ? undefined : { i: input.given }),
  ...(metadata === undefined ? undefined : { m: metadata }),
})

export const tooLargeToTell = (
  { messageBytesMax: limitBytes }: Pick<MailboxService, "messageBytesMax">,
  { type: actorType, id }: ActorAddress,
  sizeBytes: number,
  hint: string,
): PayloadTooLarge => new PayloadTooLarge({ actorType, id, sizeBytes, limitBytes, hint })

interface Mailed {
  readonly address: ActorAddress
  readonly command: Command
  readonly data: Uint8Array
  /** Time that the caller still waits, and time that it waits in total, in milliseconds. */
  readonly restMs: number
  readonly deadlineMs: number
  /** The command may be stored already. */
  readonly mayBeStored: boolean
  /** Called before each attempt but the first. */
  readonly repeated: () => void
}

/** Stores the command in the actor's mailbox; gives its position there. */
export const tellByMail = (
  mailbox: MailboxService,
  { address, command, data, restMs, deadlineMs, mayBeStored, repeated }: Mailed,
): Effect.Effect<number | undefined, Busy | PayloadTooLarge | Unavailable> =>
  Effect.suspend(() => {
    const { type: actorType, id } = address
    /** An attempt ended without an answer: the mailbox may have the message. */
    let isMaybeStored = mayBeStored
    const refused = (refusal: MailboxRefused) => {
      if (isMaybeStored) {
        const detail = `an earlier attempt had no answer; then: ${refusal.message}`
        return unavailable(address, "Unknown", detail, TELL_AGAIN)
      }
      switch (refusal.reason) {
        case "Full":
          return new Busy({ actorType, id, queue: "Actor", limitCount: MESSAGES_PER_ACTOR_MAX })
        case "TooLarge":
          return tooLargeToTell(mailbox, address, data.length, refusal.hint)
        default:
          return unavailable(address, "No", refusal.message, refusal.hint)
      }
    }
    // Another payload under the same id is another message: the actor refuses it, where it can be seen.
    const publishId = `${address.key}:${command.commandId}:${command.fingerprint}`
    return mailbox.publish({ address, id: publishId, data }).pipe(
      Effect.retry({
        while: (error) => {
          if (error._tag !== "MailboxUnavailable") return false
          isMaybeStored = true
          repeated()
          return true
        },
        schedule: Schedule.jittered(Schedule.exponential("20 millis")),
      }),
      Effect.timeoutOrElse({
        duration: restMs,
        orElse: () => Effect.fail(notInTime(address, "Unknown", deadlineMs)),
      }),
      Effect.mapError((error) =>
        error._tag === "MailboxRefused"
          ? refused(error)
          : error._tag === "MailboxUnavailable"
            ? unavailable(address, "Unknown", error.message, TELL_AGAIN)
            : error,
      ),
    )
  })

/** The deadline of a tell has passed. */
export const notInTime = (
  address: ActorAddress,
  stored: Unavailable["stored"],
  deadlineMs: number,
): Unavailable => {
  const hint = stored === "No" ? "Nothing was stored. Tell again." : TELL_AGAIN
  return unavailable(address, stored, `not stored within ${deadlineMs} ms`, hint)
}
