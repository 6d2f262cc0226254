/**
 * A command whose verbs are its second words, as `everstate sagas`.
 *
 * Owns what happens without a second word: the command line is wrong, and the user is told the verb that he
 * most likely looks for.
 */
import { Effect } from "effect"
import { Command } from "effect/cli"
import { wrongUse } from "./VerbFailed.ts"

interface GroupTexts {
  readonly name: string
  readonly description: string
  /** Description in the list of all commands. */
  readonly short: string
  /** The verb that is looked for most, with its arguments: `list`, `list TYPE`. */
  readonly first: string
  /** What that verb does: `lists what operators did`. */
  readonly does: string
}

/** The command without its verbs; `Command.withSubcommands` adds them. */
export const verbGroup = <const Name extends string>({
  name,
  description,
  short,
  first,
  does,
}: GroupTexts & { readonly name: Name }) =>
  Command.make(name, {}, () =>
    Effect.fail(
      wrongUse(
        `everstate ${name} needs a verb.`,
        `\`everstate ${name} ${first}\` ${does}; \`everstate ${name} --help\` has all verbs.`,
      ),
    ),
  ).pipe(
    Command.withDescription(description),
    Command.withShortDescription(short),
    Command.withExamples([{ command: `everstate ${name} ${first}` }]),
  )
