/**
 * The order service as a child process that can be killed and started again on the same data.
 *
 * Owns the process and the address it last told. It runs the same `start` as everybody; servers are given by
 * `NATS_URL` and `DATABASE_URL`, so they outlive it.
 */
import { type ChildProcess, spawn } from "node:child_process"
import { once } from "node:events"
import { createInterface } from "node:readline"
import { fileURLToPath } from "node:url"
import { Effect, Schema, type Scope } from "effect"

/** Longest start of the service, in milliseconds. */
const START_TIMEOUT_MS = 60_000

/** Longest orderly stop, in milliseconds; then it is killed. */
const STOP_TIMEOUT_MS = 20_000

/** Last lines of its log that an error shows. */
const LOG_TAIL_COUNT = 20

const startScript = fileURLToPath(new URL("./start.ts", import.meta.url))

/** The service ended, or did not tell its address in time. */
export class ServiceFailed extends Schema.TaggedError<ServiceFailed>()("ServiceFailed", {
  reason: Schema.String,
  logTail: Schema.Array(Schema.String),
}) {
  override get message(): string {
    return [`The service ${this.reason}.`, ...this.logTail.map((line) => `  | ${line}`)].join("\n")
  }
}

export interface DemoService {
  /** Where it listens, once it does; another address after a restart. */
  readonly url: () => string
  readonly pid: () => number | undefined
  /** SIGKILL, and wait until it is gone. */
  readonly kill: Effect.Effect<void>
  /** Starts it again on the same data. */
  readonly start: Effect.Effect<void, ServiceFailed>
}

interface Running {
  readonly child: ChildProcess
  readonly log: Array<string>
}

/** Started; ended with the scope. */
export const acquireDemoService = (servers: {
  readonly natsUrl: string
  readonly postgresUrl: string
}): Effect.Effect<DemoService, ServiceFailed, Scope.Scope> =>
  Effect.gen(function* () {
    let running: Running | undefined
    let url = ""

    const launch = Effect.callback<string, ServiceFailed>((resume) => {
      const child = spawn(process.execPath, [startScript, "--port", "0", "--json"], {
        env: { ...process.env, NATS_URL: servers.natsUrl, DATABASE_URL: servers.postgresUrl },
        stdio: ["ignore", "pipe", "pipe", "ipc"],
      })
      const log: Array<string> = []
      running = { child, log }
      const fail = (reason: string) =>
        resume(Effect.fail(new ServiceFailed({ reason, logTail: log.slice(-LOG_TAIL_COUNT) })))
      const read = (line: string) => {
        log.push(line)
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
        orElse: () =>
          Effect.fail(
            new ServiceFailed({
              reason: `was not there after ${START_TIMEOUT_MS} ms`,
              logTail: running?.log ?? [],
            }),
          ),
      }),
    )

    const start = Effect.map(launch, (told) => {
      url = told
    })
    yield* Effect.addFinalizer(() => Effect.promise(() => end(running?.child)))
    yield* start
    return {
      url: () => url,
      pid: () => running?.child.pid,
      kill: Effect.promise(() => signal(running?.child, "SIGKILL")),
      start,
    }
  })

const LogLine = Schema.fromJsonString(
  Schema.Struct({
    message: Schema.Union([Schema.String, Schema.Array(Schema.Unknown)]),
    annotations: Schema.Struct({ url: Schema.String }),
  }),
)

/** The address, where the line is the one that tells it. */
const addressIn = (line: string): string | undefined => {
  const decoded = Schema.decodeUnknownOption(LogLine)(line)
  return decoded._tag === "Some" ? decoded.value.annotations.url : undefined
}

const isRunning = (child: ChildProcess): boolean => child.exitCode === null && child.signalCode === null

const signal = async (child: ChildProcess | undefined, name: NodeJS.Signals): Promise<void> => {
  if (child === undefined || !isRunning(child)) return
  const gone = once(child, "exit")
  child.kill(name)
  await gone
}

/** Orderly, and by force where that takes too long. */
const end = async (child: ChildProcess | undefined): Promise<void> => {
  if (child === undefined) return
  const force = setTimeout(() => child.kill("SIGKILL"), STOP_TIMEOUT_MS)
  await signal(child, "SIGTERM")
  clearTimeout(force)
}
