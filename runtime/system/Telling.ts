/**
 * What a tell is given, and what comes of it.
 *
 * Owns the types that the parts of a tell share: Tell.ts chooses its road, TellOnItsWay.ts follows it.
 */
import type { Clock, Effect, Exit } from "effect"
import type { ActorAddress, InvalidActorId } from "../address/ActorAddress.ts"
import type {
  Busy,
  InvalidCommand,
  PayloadTooLarge,
  SystemStopped,
  Unavailable,
  UnknownActorType,
} from "../cell/AskError.ts"
import type { Cells } from "../cell/Cells.ts"
import type { AskOptions } from "../command/Ask.ts"
import type { DeadLettersService } from "../deadletter/DeadLetters.ts"
import type { ActorDefinition } from "../definition/Actor.ts"
import type { InboxCounts } from "../inbox/InboxCounts.ts"
import type { PublishingTell } from "../inbox/ToldMail.ts"
import type { MailboxService } from "../mailbox/Mailbox.ts"
import type { DeadlineWheel } from "../time/DeadlineWheel.ts"

/** As for an ask, without a version to compare with: the command may be applied later. */
export type TellingOptions = Omit<AskOptions, "ifVersion">

/** The command is stored: it was applied, will be applied, or is a dead letter. */
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

export type TellAnswer = (exit: Exit.Exit<Told, TellError>) => void

/** How many tells of this process took which road. */
export interface TellCounts {
  /** Given to the actor's cell on this node. Some of them then had to take the mailbox. */
  directCount: number
  /** Published to the mailbox. */
  mailedCount: number
}

/** What a process with actors of its own has for tells. */
export interface DirectTells {
  readonly cells: Pick<Cells, "offer" | "takes" | "withdraw">
  readonly isPaused: (type: string) => boolean
  readonly isClear: (definition: ActorDefinition, address: ActorAddress) => boolean
  /** A tell is being published. */
  readonly publishing: (definition: ActorDefinition, address: ActorAddress) => PublishingTell
  readonly deadLetters: DeadLettersService
  readonly counts: InboxCounts
}

export interface TellContext {
  readonly mailbox: MailboxService
  readonly wheel: DeadlineWheel
  readonly clock: Clock.Clock
  readonly nextCommandId: () => string
  readonly fork: (work: Effect.Effect<unknown, unknown>) => void
  /** The system has ended: nothing can be stored any more. */
  readonly isEnded: () => boolean
  readonly counts: TellCounts
  /** `undefined` for a client: all its tells take the mailbox. */
  readonly direct: DirectTells | undefined
}
