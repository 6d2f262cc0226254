/**
 * `tell`: a command as a durable message. Accepted when it is stored in the mailbox; applied once, later.
 *
 * Owns the way from a caller's command to the mailbox. The same check as for an ask (../command/Ask.ts) comes first, so
 * what is malformed never becomes a message. Who applies it: ../inbox/Inbox.ts.
 */
import { Effect, Schedule } from "effect"
import type { ActorAddress, InvalidActorId } from "../address/ActorAddress.ts"
import {
  Busy,
  InvalidCommand,
  PayloadTooLarge,
  type SystemStopped,
  type Unavailable,
  type UnknownActorType,
  unavailable,
} from "../cell/AskError.ts"
import { type AskOptions, commandOf, optionsOf } from "../command/Ask.ts"
import type { ActorDefinition } from "../definition/Actor.ts"
import { type MailboxRefused, type MailboxService, MESSAGES_PER_ACTOR_MAX } from "../mailbox/Mailbox.ts"
import { encodeMessage } from "../mailbox/Message.ts"

/** As for an ask, without a version to compare with: the message is applied later. */
export type TellingOptions = Omit<AskOptions, "ifVersion">

/** The message is stored and will be applied. */
export interface Told {
  /** Id under which it is applied once. */
  readonly commandId: string
}

/** What can come of a tell. After `Unavailable` send it again with the same `commandId`. */
export type TellError =
  | Busy
  | InvalidCommand
  | PayloadTooLarge
  | Unavailable
  | SystemStopped
  | UnknownActorType
  | InvalidActorId

interface TellContext {
  readonly mailbox: MailboxService
  readonly askDeadlineMs: number
  readonly nextCommandId: () => string
}

const TELL_AGAIN = "It may have been stored all the same: tell again with the same commandId."

/** Stores the command in the actor's mailbox. */
export const tellActor = (
  context: TellContext,
  definition: ActorDefinition,
  address: ActorAddress,
  given: unknown,
  options: TellingOptions,
): Effect.Effect<Told, TellError> =>
  Effect.suspend((): Effect.Effect<Told, TellError> => {
    const { type: actorType, id } = address
    let message: Uint8Array
    let commandId: string
    let fingerprint: string
    let read: TellingOptions
    try {
      read = optionsOf(address, options)
      const command = commandOf(definition, address, given, read, context.nextCommandId)
      ;({ commandId, fingerprint } = command)
      const m = command.metadata === undefined ? undefined : { m: command.metadata }
      const input = command.input === undefined ? undefined : { i: command.input.given }
      message = encodeMessage({ k: "command", id: commandId, c: command.given, ...input, ...m })
    } catch (cause) {
      if (cause instanceof InvalidCommand) return Effect.fail(cause)
      throw cause
    }
    /** An attempt ended without an answer: the mailbox may have the message. */
    let isMaybeStored = false
    const refused = (refusal: MailboxRefused) => {
      if (isMaybeStored) {
        const detail = `an earlier attempt had no answer; then: ${refusal.message}`
        return unavailable(address, "Unknown", detail, TELL_AGAIN)
      }
      switch (refusal.reason) {
        case "Full":
          return new Busy({ actorType, id, queue: "Actor", limitCount: MESSAGES_PER_ACTOR_MAX })
        case "TooLarge": {
          const limitBytes = context.mailbox.messageBytesMax
          return new PayloadTooLarge({
            actorType,
            id,
            sizeBytes: message.length,
            limitBytes,
            hint: refusal.hint,
          })
        }
        default:
          return unavailable(address, "No", refusal.message, refusal.hint)
      }
    }
    // Another payload under the same id is another message: the actor refuses it, where it can be seen.
    const publishId = `${address.key}:${commandId}:${fingerprint}`
    const deadlineMs = read.deadlineMs ?? context.askDeadlineMs
    return context.mailbox.publish({ address, id: publishId, data: message }).pipe(
      Effect.retry({
        while: (error) => {
          if (error._tag !== "MailboxUnavailable") return false
          isMaybeStored = true
          return true
        },
        schedule: Schedule.jittered(Schedule.exponential("20 millis")),
      }),
      Effect.timeoutOrElse({
        duration: deadlineMs,
        orElse: () =>
          Effect.fail(unavailable(address, "Unknown", `not stored within ${deadlineMs} ms`, TELL_AGAIN)),
      }),
      Effect.mapError((error) =>
        error._tag === "MailboxRefused"
          ? refused(error)
          : error._tag === "MailboxUnavailable"
            ? unavailable(address, "Unknown", error.message, TELL_AGAIN)
            : error,
      ),
      Effect.as({ commandId }),
    )
  })
