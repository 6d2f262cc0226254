/**
 * The dead-letter port: messages that the system gave up on, with the reason and the original.
 *
 * Owns the shape of a dead letter and the contract (test/contract/DeadLetters.contract.ts). Who gives up on what:
 * ../inbox/Inbox.ts and ../reactor/Reactor.ts. What an operator does with them: ../office/DeadLetterOffice.ts.
 */
import { Context, type Effect, Schema } from "effect"
import { errorClass } from "../error/EverstateError.ts"

/** Why the system gave up. */
export type DeadLetterReason =
  /** The bytes are no message, or the command is unknown or refused by its schema. */
  | "Malformed"
  /** This system has no actor type of that name. */
  | "Unroutable"
  /** The domain said no, and nobody waits for the answer. */
  | "Rejected"
  /** `decide` or the machine threw, or decided what cannot be stored. */
  | "Failed"
  /** The actor's history cannot be read. */
  | "Quarantined"
  /** It was tried too often, or took the process down each time. */
  | "AttemptsExhausted"
  /** What it would store is too large, or its id was used for another command. */
  | "Refused"
  /** A reactor's handler threw. */
  | "ReactorFailed"

/** Every reason, for those who list or check them. */
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

export interface DeadLetter {
  /** `type/token` of the actor that it was for, or `reactor/<name>`. */
  readonly key: string
  readonly reason: DeadLetterReason
  readonly detail: string
  readonly attemptCount: number
  /** Unix milliseconds at which it was given up. */
  readonly atMs: number
  /** Id of the message, with its place in the mailbox: one that fails again after it was redriven is another letter. */
  readonly messageId: string
  /** The original bytes as text: JSON, unless malformed. */
  readonly original: string
}

/** A stored dead letter. `number` is its place among all, ascending. */
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

export interface DeadLettersService {
  /** Stores a letter; one with the same key and messageId within two minutes is stored once. */
  readonly add: (letter: DeadLetter) => Effect.Effect<void, DeadLettersUnavailable>
  /** Those after a number, ascending, at most `limit`. */
  readonly list: (options: {
    readonly after: number
    readonly limit: number
    readonly reason?: DeadLetterReason
  }) => Effect.Effect<ReadonlyArray<StoredDeadLetter>, DeadLettersUnavailable>
  readonly get: (number: number) => Effect.Effect<StoredDeadLetter | undefined, DeadLettersUnavailable>
  /** Forgets a letter for good; one that is not there is no error. */
  readonly remove: (number: number) => Effect.Effect<void, DeadLettersUnavailable>
}

export class DeadLetters extends Context.Service<DeadLetters, DeadLettersService>()(
  "everstate/deadletter/DeadLetters",
) {}
