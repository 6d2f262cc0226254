/**
 * One server as a child process: its start behind a gate, its signals, its end. It knows nothing of NATS or
 * Postgres; `NatsServer.ts` and `PostgresServer.ts` say what to run and when it is ready.
 *
 * The server's start waits behind the gate until its watchdog knows its pid (`Watchdog.ts`), so a crash of
 * this process leaves no server behind at any moment. The server runs in its own session: Ctrl-C reaches the
 * application alone, which may then drain while its servers run.
 */
import { type ChildProcess, spawn } from "node:child_process"
import { closeSync, existsSync, openSync, readFileSync, renameSync, statSync } from "node:fs"
import { ServerFailedToStart, type ServerName } from "./EmbeddedErrors.ts"
import { childrenOf, isAlive, signal } from "./ProcessTable.ts"
import type { RunAs } from "./RunAs.ts"
import { delay, pollIntervalMs, until } from "./Until.ts"
import { Watchdog } from "./Watchdog.ts"

/** Longest orderly stop; then SIGKILL. */
export const stopTimeoutMs = 10_000
/** Lines of the log in a `ServerFailedToStart`. */
const logTailLineCount = 20
/** Size above which the next start renames the log to `.old`, in place of the earlier one. */
const logMaxBytes = 16 * 1024 * 1024

export interface ServerCommand {
  readonly server: ServerName
  readonly command: string
  readonly args: ReadonlyArray<string>
  readonly cwd: string
  readonly env: NodeJS.ProcessEnv
  readonly logFile: string
  /** Signal of an orderly stop. */
  readonly stopSignal: "SIGTERM" | "SIGINT"
  readonly runAs: RunAs | undefined
  /** True (the default): this process stays alive as long as the server runs. */
  readonly keepsProcess?: boolean | undefined
  /** Open files that the server inherits as number 3 and following. */
  readonly handedFds?: ReadonlyArray<number>
}

/** `$1..` is the server's command. One line opens the gate; at end of file the server is never started. */
const gateScript = 'read -r go && exec "$@" </dev/null'

/** Running servers of this process. The exit listener is set exactly while there are any. */
const running = new Set<ServerProcess>()

/** Stops the servers at once on an exit that runs listeners, in addition to the watchdogs. */
const stopAllOnExit = (): void => {
  for (const server of running) server.signalStop()
}

const enrol = (server: ServerProcess): void => {
  if (running.size === 0) process.once("exit", stopAllOnExit)
  running.add(server)
}

const strike = (server: ServerProcess): void => {
  running.delete(server)
  if (running.size === 0) process.off("exit", stopAllOnExit)
}

export class ServerProcess {
  readonly pid: number
  readonly #child: ChildProcess
  readonly #command: StartedCommand
  readonly #watchdog: Watchdog
  /** Resolves with how the process ended: `exit 1`, `SIGKILL`. Never rejects. */
  readonly #ended: Promise<string>
  #endedHow: string | undefined

  private constructor(child: ChildProcess, pid: number, command: StartedCommand, watchdog: Watchdog) {
    this.pid = pid
    this.#child = child
    this.#command = command
    this.#watchdog = watchdog
    this.#ended = new Promise((resolve) => {
      child.once("exit", (code, signalName) => {
        this.#endedHow = signalName ?? `exit ${code}`
        watchdog.dismiss()
        strike(this)
        resolve(this.#endedHow)
      })
    })
    enrol(this)
  }

  /**
   * Starts the process. Rejects with `ServerFailedToStart` if it cannot be spawned. Does not wait until it is
   * ready.
   */
  static async spawn(given: ServerCommand): Promise<ServerProcess> {
    const command = { ...given, logStartBytes: beginLog(given.logFile) }
    const watchdog = await Watchdog.start(command.stopSignal).catch((error: unknown) => {
      throw failedToStart(command, `/bin/sh does not run: ${error}`)
    })
    try {
      const child = await spawnBehindGate(command)
      if (child.pid === undefined) throw failedToStart(command, "it got no pid")
      const server = new ServerProcess(child, child.pid, command, watchdog)
      await watchdog.guard(child.pid)
      child.stdin?.end("go\n")
      // This process may then end while the server runs; the watchdog stops the server afterwards.
      if (command.keepsProcess === false) child.unref()
      return server
    } catch (error) {
      watchdog.dismiss()
      throw error
    }
  }

  get alive(): boolean {
    return this.#endedHow === undefined
  }

  /**
   * Sends the stop signal. Synchronous, for use in an exit listener. Resumes a paused server first, because
   * it would not receive the signal.
   */
  signalStop(): void {
    if (!this.alive) return
    this.resume()
    signal(this.pid, this.#command.stopSignal)
  }

  /**
   * Stops in order, and with SIGKILL after `stopTimeoutMs`. Resolves when the process has ended; its children
   * end before it.
   */
  async stop(): Promise<void> {
    if (!this.alive) return
    this.signalStop()
    const timer = setTimeout(() => this.#killTree(), stopTimeoutMs)
    await this.#awaitEnd()
    clearTimeout(timer)
  }

  /** Kills the process and its children with SIGKILL, as a power cut would. Resolves when they are gone. */
  async kill(): Promise<void> {
    if (!this.alive) return
    const children = this.#killTree()
    await this.#awaitEnd()
    await until(() => children.every((pid) => !isAlive(pid)), stopTimeoutMs)
  }

  /** Sends SIGSTOP to the process, then to its children: Postgres serves each connection in a child. */
  pause(): void {
    if (!this.alive) return
    signal(this.pid, "SIGSTOP")
    const children = childrenOf(this.pid)
    for (const pid of children) signal(pid, "SIGSTOP")
    this.#watchdog.notePaused(children)
  }

  resume(): void {
    if (!this.alive) return
    for (const pid of childrenOf(this.pid)) signal(pid, "SIGCONT")
    signal(this.pid, "SIGCONT")
    this.#watchdog.notePaused([])
  }

  /**
   * Polls `ready` until it returns a value. Rejects with `ServerFailedToStart` if the process ends first, or
   * after `timeoutMs`; the process is killed then. An error of `ready` ends the wait, too.
   */
  async whenReady<A>(ready: () => Promise<A | undefined>, timeoutMs: number): Promise<A> {
    const deadline = performance.now() + timeoutMs
    try {
      while (this.alive) {
        const value = await ready()
        if (value !== undefined && this.alive) return value
        if (performance.now() > deadline) throw this.failure(`it was not ready within ${timeoutMs} ms`)
        await delay(pollIntervalMs)
      }
    } catch (error) {
      await this.kill()
      throw error
    }
    throw this.failure(`it ended with ${this.#endedHow}`)
  }

  /** An error with the end of this process's log. */
  failure(reason: string): ServerFailedToStart {
    return failedToStart(this.#command, reason)
  }

  #killTree(): ReadonlyArray<number> {
    signal(this.pid, "SIGSTOP") // so that it makes no more children while they are listed
    const children = childrenOf(this.pid)
    for (const pid of [this.pid, ...children]) signal(pid, "SIGKILL")
    return children
  }

  async #awaitEnd(): Promise<void> {
    this.#child.ref()
    await this.#ended
  }
}

interface StartedCommand extends ServerCommand {
  /** Size of the log at the start: earlier failures in it are not this start's. */
  readonly logStartBytes: number
}

/** Prepares the log and returns its size, at which this start's lines begin. */
const beginLog = (logFile: string): number => {
  const size = statSync(logFile, { throwIfNoEntry: false })?.size ?? 0
  if (size <= logMaxBytes) return size
  renameSync(logFile, `${logFile}.old`)
  return 0
}

/** The end of a log, oldest line first; empty if the process ended before it wrote one. */
const readLogTail = (logFile: string, startBytes: number): ReadonlyArray<string> => {
  const text = readFileSync(logFile).subarray(startBytes).toString("utf8").trimEnd()
  return text === "" ? [] : text.split("\n").slice(-logTailLineCount)
}

/** Without `logStartBytes` the whole log belongs to this start. */
export const failedToStart = (
  {
    server,
    logFile,
    logStartBytes = 0,
  }: Pick<StartedCommand, "server" | "logFile"> & Partial<StartedCommand>,
  reason: string,
): ServerFailedToStart =>
  new ServerFailedToStart({
    server,
    reason,
    logFile,
    logTail: existsSync(logFile) ? readLogTail(logFile, logStartBytes) : [],
    hint: `Its log is ${logFile}.`,
  })

const spawnBehindGate = (command: StartedCommand): Promise<ChildProcess> => {
  const log = openSync(command.logFile, "a")
  try {
    const child = spawn("/bin/sh", ["-c", gateScript, "everstate-gate", command.command, ...command.args], {
      stdio: ["pipe", log, log, ...(command.handedFds ?? [])],
      detached: true,
      cwd: command.cwd,
      env: command.env,
      ...command.runAs,
    })
    child.stdin?.on("error", ignoreEndAtGate)
    return new Promise((resolve, reject) => {
      child.once("spawn", () => resolve(child))
      child.once("error", (error) => reject(failedToStart(command, error.message)))
    })
  } finally {
    closeSync(log)
  }
}

/** The process ended at the gate: its exit tells why. */
const ignoreEndAtGate = (): undefined => undefined
