/**
 * Runs `everstate` in this process: settings of the command line, how errors are shown, exit codes, signals.
 *
 * How any program runs and ends is infra/cli/Program.ts; exit codes are in VerbFailed.ts.
 */
import { Console, Layer, Logger, References } from "effect"
import { CliConfig, CliError, CliOutput, GlobalFlag } from "effect/cli"
import { isEverstateError } from "../../runtime/error/EverstateError.ts"
import { explained, runProgram } from "../cli/Program.ts"
import { everstateCommand } from "./EverstateCommand.ts"
import { EXIT_CODES, VerbFailed } from "./VerbFailed.ts"
import { verbBehindFlags } from "./VerbGroup.ts"

/** Verbs that run until a signal ends them, which is no failure of theirs. */
const FOREGROUND = ["servers", "dev"]

/** Exit code of the process after this error. */
export const exitCodeOf = (error: unknown): number => {
  if (error instanceof VerbFailed) return EXIT_CODES[error.exit]
  if (CliError.isCliError(error)) {
    // `everstate` alone shows its help.
    return error._tag === "ShowHelp" && error.errors.length === 0 ? EXIT_CODES.done : EXIT_CODES.wrongUse
  }
  return isEverstateError(error) && error.kind === "transient" ? EXIT_CODES.unavailable : EXIT_CODES.failed
}

/** What is written to stderr of a failure. */
export const reportOf = (error: unknown, isJson: boolean): string => {
  if (!isJson) return explained(error)
  const { message, hint } =
    error instanceof VerbFailed ? { message: error.what, hint: error.hint } : factsOf(error)
  const facts = error instanceof VerbFailed && error.facts !== undefined ? { facts: error.facts } : {}
  return JSON.stringify({ error: message, hint, exitCode: exitCodeOf(error), ...facts })
}

const factsOf = (error: unknown) => ({
  message: explained(error),
  hint: isEverstateError(error) ? error.hint : "",
})

/** Flags of a verb that does not exist are unknown, too, which says nothing new. */
const toldOf = (errors: ReadonlyArray<CliError.CliError>): ReadonlyArray<CliError.CliError> => {
  const verbs = errors.filter(({ _tag }) => _tag === "UnknownSubcommand")
  return verbs.length > 0 ? verbs : errors
}

/**
 * A wrong command line is told on stderr in a few lines, so that nothing but results is on stdout; with `--json`
 * in one line of JSON, as every failure.
 */
const presenterFor = (args: ReadonlyArray<string>) =>
  CliOutput.layerPresenter({
    present: (event) => {
      if (event._tag !== "InvalidInvocation") return CliOutput.defaultPresenter.present(event)
      const missing = verbBehindFlags(event, args)
      if (missing !== undefined) return Console.error(reportOf(missing, isJson(args)))
      const texts = toldOf(event.errors).map(({ message }) => message)
      const hint = `See ${event.commandPath.join(" ")} --help`
      return isJson(args)
        ? Console.error(JSON.stringify({ error: texts.join("\n"), hint, exitCode: EXIT_CODES.wrongUse }))
        : Console.error(`${texts.join("\n")}\n\n${hint}`)
    },
  })

const { Help, Version, Completions } = GlobalFlag
const config = CliConfig.layer({ builtIns: [Help, Version, Completions] })

/** Logs go to stderr, because stdout has results alone. `doctor` tells what a warning would. */
const logs = Layer.merge(
  Logger.layer([Logger.withConsoleError(Logger.formatLogFmt)]),
  Layer.succeed(References.MinimumLogLevel, "Error"),
)

/** Built-in flags of every verb, the presentation of help and errors, and logs, for a command line. */
export const settingsFor = (args: ReadonlyArray<string>) => Layer.mergeAll(presenterFor(args), config, logs)

/** Runs the verb that the arguments of the process name. */
export const runEverstate = (): void => {
  // A reader that closes the pipe early, such as `head`, has what it wants.
  process.stdout.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code === "EPIPE") process.exit(EXIT_CODES.done)
    throw error
  })
  const args = process.argv.slice(2)
  const verb = args.find((argument) => !argument.startsWith("-"))
  const isForeground = verb !== undefined && FOREGROUND.includes(verb)
  runProgram(everstateCommand, {
    signalExitCode: isForeground ? EXIT_CODES.done : EXIT_CODES.interrupted,
    onSignal: () => {
      if (isForeground && !isJson(args)) console.error("\nStopping in order; once more to stop at once.")
    },
    exitCodeOf,
    report: (error) => console.error(reportOf(error, isJson(args))),
    settings: settingsFor(args),
  })
}

const isJson = (args: ReadonlyArray<string>): boolean => args.includes("--json")
