/**
 * The dead-letter port: messages that the system abandoned, with the reason and the original.
 *
 * Owns the shape of a dead letter and the contract (test/contract/DeadLetters.contract.ts). Messages are
 * abandoned in ../inbox/Inbox.ts, ../outbox/Dispatcher.ts and ../reactor/Reacting.ts. Operators work on them
 * in ../office/DeadLetterOffice.ts.
 */
import { Context, type Effect, Schema } from "effect"
import { errorClass } from "../error/EverstateError.ts"

/** Why the system abandoned the message. */
export type DeadLetterReason =
  /** The bytes are no message, or the command is unknown or refused by its schema. */
  | "Malformed"
  /** This system has no actor type of that name. */
  | "Unroutable"
  /** The domain said no, and no actor waits for the answer. */
  | "Rejected"
  /** `decide` or the machine threw, or decided a value that cannot be stored. */
  | "Failed"
  /** The actor's history cannot be read. */
  | "Quarantined"
  /** It failed too often, or crashed the process each time. */
  | "AttemptsExhausted"
  /** Its commit would be too large, or its id was used for another command. */
  | "Refused"
  /** A reactor's handler threw. */
  | "ReactorFailed"

/** Every reason, for code that lists or checks them. */
export const DEAD_LETTER_REASONS: ReadonlyArray<DeadLetterReason> = [
  "Malformed",
  "Unroutable",
  "Rejected",
  "Failed",
  "Quarantined",
  "AttemptsExhausted",
  "Refused",
  "ReactorFailed",
]

/** A message or event that was abandoned, with the reason. */
export interface DeadLetter {
  /** `type/token` of its receiver, or `reactor/<name>`. */
  readonly key: string
  readonly reason: DeadLetterReason
  readonly detail: string
  readonly attemptCount: number
  /** Unix milliseconds at which it was abandoned. */
  readonly atMs: number
  /**
   * Id of the message, with its origin, its position in the mailbox, or the tell that it was. A redriven message
   * that fails again is another letter.
   */
  readonly messageId: string
  /** The original bytes as text: JSON, unless malformed. */
  readonly original: string
}

/** A stored dead letter. `number` orders all letters, ascending. */
export interface StoredDeadLetter extends DeadLetter {
  readonly number: number
}

/** The dead letters cannot be read or written now. */
export class DeadLettersUnavailable extends errorClass<DeadLettersUnavailable>()(
  "DeadLettersUnavailable",
  { detail: Schema.String },
  { kind: "transient", retry: "later", hint: "Look at NATS, and try again." },
) {
  override get message(): string {
    return `Dead letters are unavailable: ${this.detail}`
  }
}

/** Most dead letters on one page. */
export const DEAD_LETTER_PAGE_MAX = 1_000

/** A store of abandoned messages, numbered in the order in which they came. */
export interface DeadLettersService {
  /** Stores a letter. A second letter with the same key and messageId within two minutes is not stored. */
  readonly add: (letter: DeadLetter) => Effect.Effect<void, DeadLettersUnavailable>
  /** Letters after a number, ascending, at most `limit`. */
  readonly list: (options: {
    readonly after: number
    readonly limit: number
    readonly reason?: DeadLetterReason
  }) => Effect.Effect<ReadonlyArray<StoredDeadLetter>, DeadLettersUnavailable>
  /** The letter with this number; `undefined` if there is none. */
  readonly get: (number: number) => Effect.Effect<StoredDeadLetter | undefined, DeadLettersUnavailable>
  /** The highest number of any letter so far, removed letters included; 0 if there was none. */
  readonly lastNumber: Effect.Effect<number, DeadLettersUnavailable>
  /** Deletes a letter for good. A letter that does not exist is no error. */
  readonly remove: (number: number) => Effect.Effect<void, DeadLettersUnavailable>
}

/** The port for dead letters, as a service. */
export class DeadLetters extends Context.Service<DeadLetters, DeadLettersService>()(
  "everstate/deadletter/DeadLetters",
) {}
