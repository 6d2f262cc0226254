/**
 * Runs and ends a program of this folder.
 *
 * Owns signals, exit codes and how a failure is printed: the first SIGINT or SIGTERM stops in order, the
 * second ends at once. A typed error is printed as a message, a defect as a stack.
 */
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as NodeServices from "@effect/platform-node/NodeServices"
import { Cause, Effect, Exit, Layer } from "effect"
import { CliError, Command } from "effect/cli"
import { HttpServerError } from "effect/http"
import { packageVersion } from "./PackageVersion.ts"

/** Exit code of a program that a signal ended early. */
export const EXIT_INTERRUPTED = 130

/**
 * Signals within this time count as one, because a Ctrl-C reaches the program from the terminal and again
 * through npm.
 */
const SAME_SIGNAL_MS = 500

interface RunOptions {
  /** Exit code after a signal and an orderly end. */
  readonly signalExitCode: number
  /** Called at the first signal. */
  readonly onSignal?: () => void
  /** Exit code after a typed error; 1 by default. */
  readonly exitCodeOf?: (error: unknown) => number
  /** Shows a typed error that the command line has not shown itself; by default its message on stderr. */
  readonly report?: (error: unknown) => void
  /** Settings of the command line: its built-in flags, how it presents help and errors. */
  readonly settings?: Layer.Layer<never>
}

/** Options of a program that removes servers and folders before it ends. */
export const cleansUp: RunOptions = {
  signalExitCode: EXIT_INTERRUPTED,
  onSignal: () => console.error("\nCleaning up; once more to leave at once."),
}

/**
 * Lets signals end this process at once. For work that runs without a pause: no handler would run meanwhile, and
 * with one the system does nothing by itself.
 */
export const endAtSignals = (): void => {
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.removeAllListeners(signal)
}

/** Runs the command with the arguments of the process until it ends or a signal ends it. */
export const runProgram = <Name extends string, Input, E, ContextInput>(
  command: Command.Command<Name, Input, ContextInput, E, Command.Environment>,
  {
    signalExitCode,
    onSignal = () => undefined,
    exitCodeOf = () => 1,
    report = (error) => console.error(explained(error)),
    settings = Layer.empty,
  }: RunOptions,
): void => {
  let firstAt: number | undefined
  const signalled = () => {
    if (firstAt === undefined) {
      firstAt = performance.now()
      onSignal()
    } else if (performance.now() - firstAt > SAME_SIGNAL_MS) {
      process.exit(EXIT_INTERRUPTED)
    }
  }
  process.on("SIGINT", signalled)
  process.on("SIGTERM", signalled)

  const program = Command.run(command, { version: packageVersion }).pipe(
    Effect.tapCause((cause) => Effect.sync(() => complain(cause, report))),
    Effect.provide(Layer.merge(NodeServices.layer, settings)),
  )
  NodeRuntime.runMain(program, {
    disableErrorReporting: true,
    teardown: (exit, onExit) => {
      if (Exit.isSuccess(exit)) return onExit(Number(process.exitCode ?? 0))
      if (Cause.hasInterruptsOnly(exit.cause)) return onExit(signalExitCode)
      const failure = failureIn(exit.cause)
      onExit(failure === undefined ? 1 : exitCodeOf(failure.error))
    },
  })
}

const failureIn = (cause: Cause.Cause<unknown>) => cause.reasons.find((reason) => reason._tag === "Fail")

const complain = (cause: Cause.Cause<unknown>, report: (error: unknown) => void): void => {
  if (Cause.hasInterruptsOnly(cause)) return
  const failure = failureIn(cause)
  if (failure === undefined) return console.error(Cause.pretty(cause))
  // The command line has shown its own errors, with the help.
  if (CliError.isCliError(failure.error)) return
  report(failure.error)
}

/** Message for a user, with a hint if the user can do something. */
export const explained = (error: unknown): string => {
  if (error instanceof HttpServerError.ServeError) return portComplaint(error.cause)
  if (isTagged(error, "PostgresUnavailable")) {
    return `${error.message}. Is DATABASE_URL right and the server up? Without DATABASE_URL one is started for you.`
  }
  if (isTagged(error, "NatsUnavailable")) {
    return `${error.message} Without NATS_URL a server is started for you.`
  }
  return error instanceof Error ? error.message : String(error)
}

const isTagged = (error: unknown, tag: string): error is Error =>
  error instanceof Error && "_tag" in error && error._tag === tag

const portComplaint = (cause: unknown): string => {
  const { code, port, message } = cause as { code?: string; port?: number; message?: string }
  if (code === "EADDRINUSE")
    return `Port ${port} is in use. Give another with --port, or --port 0 for any free one.`
  if (code === "EACCES") return `Port ${port} is not for this user. Give one above 1023 with --port.`
  return `The server cannot listen: ${message ?? String(cause)}`
}
