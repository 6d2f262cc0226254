/**
 * Questions before a verb destroys or changes something, and who does it and why.
 *
 * Owns the flags `--yes`, `--by` and `--note`.
 */
import { userInfo } from "node:os"
import { Config, Effect, Schema } from "effect"
import { Flag, Prompt, TerminalCapabilities } from "effect/cli"
import { Json } from "./Output.ts"
import type { Order } from "./Remote.ts"
import { VerbFailed } from "./VerbFailed.ts"

/** Text that a header can carry. */
const OneLine = Schema.String.check(
  Schema.isPattern(/^\P{Cc}*$/u, { expected: "one line of text, without control characters" }),
)

/** A flag whose text goes in a header. */
export const lineFlag = (name: string) => Flag.String(name).pipe(Flag.withSchema(OneLine))

const byFlag = lineFlag("by").pipe(
  Flag.withDescription("Who does it; recorded (default: EVERSTATE_BY, or the user of this machine)"),
  Flag.withFallbackConfig(Config.String("EVERSTATE_BY")),
  Flag.withDefault(""),
)

/** The flag of verbs that are kept with a reason. */
export const noteFlag = lineFlag("note").pipe(Flag.withDescription("Why; recorded"), Flag.withDefault(""))

/** Flags of every operator's verb. */
export const operatorFlags = {
  yes: Flag.Boolean("yes").pipe(
    Flag.withAlias("y"),
    Flag.withDescription("Do it without asking"),
    Flag.withDefault(false),
  ),
  by: byFlag,
  note: noteFlag,
}

export interface Signature {
  readonly by: string
  readonly note: string
}

/** Who and why, as the system records it. */
export const signed = ({ by, note }: Signature): Signature => ({ by: by === "" ? machineUser() : by, note })

const machineUser = (): string => {
  try {
    return userInfo().username
  } catch {
    return "unknown" // the user has no entry in the machine's list of users
  }
}

/** The headers that tell a gateway who and why. */
export const signatureHeaders = (signature: Signature): NonNullable<Order["headers"]> => {
  const { by, note } = signed(signature)
  return { "x-user": by, "everstate-note": note === "" ? undefined : note }
}

/** Asks unless `yes`. Fails where the user says no, or cannot be asked. */
export const confirm = Effect.fnUntraced(function* (question: string, { yes }: { readonly yes: boolean }) {
  if (yes) return
  const { canPrompt } = yield* TerminalCapabilities.TerminalCapabilities
  if (!canPrompt || (yield* Json)) {
    return yield* new VerbFailed({
      exit: "unconfirmed",
      what: `${question} Nobody can be asked here, because this is no terminal.`,
      hint: "Give --yes to do it without asking.",
    })
  }
  // Ctrl-C at the question is a no.
  const isSure = yield* Prompt.run(Prompt.Confirm({ message: question, initial: false })).pipe(
    Effect.catchTag("QuitError", () => Effect.succeed(false)),
  )
  if (!isSure) {
    return yield* new VerbFailed({ exit: "unconfirmed", what: "Nothing was done.", hint: "" })
  }
})
