/**
 * A command whose verbs are its second words, as `everstate sagas`.
 *
 * Owns what happens without a second word, and where flags come in its place: the command line is wrong, and the user is
 * told the verb that he most likely looks for.
 */
import { Context, Effect } from "effect"
import { type CliOutput, Command } from "effect/cli"
import { type VerbFailed, wrongUse } from "./VerbFailed.ts"

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

/** Marks the commands that `verbGroup` makes, for {@link verbBehindFlags}. */
class VerbGroup extends Context.Service<VerbGroup, GroupTexts>()("everstate/bin/VerbGroup") {}

/** The command without its verbs; `Command.withSubcommands` adds them. */
export const verbGroup = <const Name extends string>(texts: GroupTexts & { readonly name: Name }) => {
  const { name, description, short, first, does } = texts
  return Command.make(name, {}, () =>
    Effect.fail(needsVerb(name, `\`everstate ${name} ${first}\` ${does}`)),
  ).pipe(
    Command.withDescription(description),
    Command.withShortDescription(short),
    Command.withExamples([{ command: `everstate ${name} ${first}` }]),
    Command.annotate(VerbGroup, texts),
  )
}

const needsVerb = (name: string, what: string): VerbFailed =>
  wrongUse(`everstate ${name} needs a verb.`, `${what}; \`everstate ${name} --help\` has all verbs.`)

/**
 * The failure of a group that was given flags before its verb, or without one; `undefined` for another mistake.
 * `args`: the whole command line after `everstate`.
 */
export const verbBehindFlags = (
  { helpDoc, errors: [mistake] }: CliOutput.Presenter.InvalidInvocation,
  args: ReadonlyArray<string>,
): VerbFailed | undefined => {
  const group = Context.getOrUndefined(helpDoc.annotations, VerbGroup)
  if (group === undefined || mistake?._tag !== "UnrecognizedOption") return undefined
  const { name, first } = group
  const given = args.slice(args.indexOf(name) + 1)
  const verbs = (helpDoc.subcommands ?? []).flatMap(({ commands }) => commands.map((verb) => verb.name))
  const verb = given.find((arg) => verbs.includes(arg))
  const rest = given.filter((arg) => arg !== verb).map(quoted)
  const line = ["everstate", name, verb ?? first, ...rest].join(" ")
  return needsVerb(name, `Write the verb before its flags, as in \`${line}\``)
}

/** The argument as a shell takes it for one word. */
const quoted = (arg: string): string =>
  /^[\w@%+=:,./-]+$/.test(arg) ? arg : `'${arg.replaceAll("'", "'\\''")}'`
