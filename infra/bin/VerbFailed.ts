/**
 * The failure of a verb, as its user sees it: a message, a hint, and the exit code of the process.
 *
 * Owns the exit codes. docs/OPERATIONS.md documents them; a test compares the page with this file.
 */
import { Schema } from "effect"
import { isEverstateError } from "../../runtime/error/EverstateError.ts"

/** Exit codes of `everstate`, by what happened. */
export const EXIT_CODES = {
  /** The verb did what it was asked. */
  done: 0,
  /** The verb failed, or a check found a fault (`doctor`, `sim`, `journal verify`). */
  failed: 1,
  /** The command line is wrong: an unknown verb or flag, a value out of its bounds, a missing setting. */
  wrongUse: 2,
  /** The system said no: an actor rejected the command, its version was another one, or the caller may not do this. */
  refused: 3,
  /** There is no such actor, type, command, dead letter, member, or projection. */
  notFound: 4,
  /** A server or node does not answer, or is busy. The outcome of a command is unknown: send it again with the same id. */
  unavailable: 5,
  /** The user did not confirm, or could not be asked because there is no terminal and no `--yes`. */
  unconfirmed: 6,
  /** SIGINT or SIGTERM ended the verb early. */
  interrupted: 130,
} as const

export type ExitName = keyof typeof EXIT_CODES

/** A verb failed. `hint` says what the user can do; empty where `message` says it. */
export class VerbFailed extends Schema.TaggedError<VerbFailed>()("VerbFailed", {
  exit: Schema.Literals(Object.keys(EXIT_CODES) as ReadonlyArray<ExitName>),
  what: Schema.String,
  hint: Schema.String,
  /** Facts for programs, shown with `--json`. */
  facts: Schema.optionalKey(Schema.Unknown),
}) {
  override get message(): string {
    return this.hint === "" ? this.what : `${this.what}\n${this.hint}`
  }
}

/** A failure because of what the user wrote. */
export const wrongUse = (what: string, hint = ""): VerbFailed =>
  new VerbFailed({ exit: "wrongUse", what, hint })

/** An error of the runtime as the failure of a verb. */
export const verbFailureOf = (error: unknown): VerbFailed => {
  if (error instanceof VerbFailed) return error
  const known = isEverstateError(error) ? error : undefined
  return new VerbFailed({
    exit: known?.kind === "transient" ? "unavailable" : "failed",
    what: error instanceof Error ? error.message : String(error),
    hint: known !== undefined && !known.message.includes(known.hint) ? known.hint : "",
  })
}
