/**
 * A program of this repository as a child process. It reports its address, and can be killed and started
 * again.
 *
 * Owns the process and its latest address. A channel to the child stays open, so that the child ends when
 * this process ends, in whatever way.
 */
import { type ChildProcess, spawn } from "node:child_process"
import { once } from "node:events"
import { createInterface } from "node:readline"
import { Effect, Schema, type Scope } from "effect"

/** Longest start, in milliseconds. */
const START_TIMEOUT_MS = 60_000

/** Longest orderly stop, in milliseconds; then the process is killed. */
const STOP_TIMEOUT_MS = 20_000

/** Last lines of the log in an error. */
const LOG_TAIL_COUNT = 20

/** The program ended, or did not report its address in time. */
export class ProgramFailed extends Schema.TaggedError<ProgramFailed>()("ProgramFailed", {
  name: Schema.String,
  reason: Schema.String,
  logTail: Schema.Array(Schema.String),
}) {
  override get message(): string {
    return [`The ${this.name} ${this.reason}.`, ...this.logTail.map((line) => `  | ${line}`)].join("\n")
  }
}

export interface ProgramOptions {
  /** Name of the program in errors. */
  readonly name: string
  readonly script: string
  readonly args: ReadonlyArray<string>
  readonly env?: NodeJS.ProcessEnv
  /** Reads the address from a line of output; `undefined` for any other line. */
  readonly addressIn: (line: string) => string | undefined
  /** Called with every line of output. */
  readonly onLine?: (line: string) => void
}

export interface ChildProgram {
  /** Address of the program, once it listens. A restart may change it. */
  readonly url: () => string
  readonly pid: () => number | undefined
  readonly isRunning: () => boolean
  /** Kills it with SIGKILL, and waits until it is gone. */
  readonly kill: Effect.Effect<void>
  /** Stops the process with SIGSTOP, connections and all; `resume` continues it with SIGCONT. */
  readonly pause: Effect.Effect<void>
  readonly resume: Effect.Effect<void>
  /** Sends SIGTERM and waits until it has ended; kills it if that takes too long. */
  readonly stop: Effect.Effect<void>
  /** Starts it again. */
  readonly start: Effect.Effect<void, ProgramFailed>
}

/** Starts the program; it ends with the scope. */
export const acquireProgram = ({
  name,
  script,
  args,
  env = {},
  addressIn,
  onLine = () => undefined,
}: ProgramOptions): Effect.Effect<ChildProgram, ProgramFailed, Scope.Scope> =>
  Effect.gen(function* () {
    let running: ChildProcess | undefined
    let log: Array<string> = []
    let url = ""
    const failed = (reason: string) =>
      new ProgramFailed({ name, reason, logTail: log.slice(-LOG_TAIL_COUNT) })

    const launch = Effect.callback<string, ProgramFailed>((resume) => {
      const child = spawn(process.execPath, [script, ...args], {
        env: { ...process.env, ...env },
        stdio: ["ignore", "pipe", "pipe", "ipc"],
        // Ctrl-C reaches this process alone, which then ends its children in order.
        detached: true,
      })
      running = child
      log = []
      const fail = (reason: string) => resume(Effect.fail(failed(reason)))
      const read = (line: string) => {
        log.push(line)
        onLine(line)
        if (log.length > LOG_TAIL_COUNT) log.shift()
        const told = addressIn(line)
        if (told !== undefined) resume(Effect.succeed(told))
      }
      for (const stream of [child.stdout, child.stderr]) {
        if (stream !== null) createInterface({ input: stream }).on("line", read)
      }
      child.once("error", (error) => fail(`did not start: ${error.message}`))
      child.once("exit", (code, signal) => fail(`ended with ${signal ?? code}`))
    }).pipe(
      Effect.timeoutOrElse({
        duration: START_TIMEOUT_MS,
        orElse: () => Effect.fail(failed(`was not there after ${START_TIMEOUT_MS} ms`)),
      }),
    )

    const start = Effect.map(launch, (told) => {
      url = told
    })
    yield* Effect.addFinalizer(() => Effect.promise(() => end(running)))
    yield* start
    return {
      url: () => url,
      pid: () => running?.pid,
      isRunning: () => running !== undefined && isRunning(running),
      kill: Effect.promise(() => signal(running, "SIGKILL")),
      pause: Effect.sync(() => void running?.kill("SIGSTOP")),
      resume: Effect.sync(() => void running?.kill("SIGCONT")),
      stop: Effect.promise(() => end(running)),
      start,
    }
  })

const isRunning = (child: ChildProcess): boolean => child.exitCode === null && child.signalCode === null

const signal = async (child: ChildProcess | undefined, name: NodeJS.Signals): Promise<void> => {
  if (child === undefined || !isRunning(child)) return
  const gone = once(child, "exit")
  child.kill(name)
  await gone
}

/** Ends the process in order, or with SIGKILL if that takes too long. */
const end = async (child: ChildProcess | undefined): Promise<void> => {
  if (child === undefined) return
  // A paused process receives no other signal.
  child.kill("SIGCONT")
  const force = setTimeout(() => child.kill("SIGKILL"), STOP_TIMEOUT_MS)
  await signal(child, "SIGTERM")
  clearTimeout(force)
}
