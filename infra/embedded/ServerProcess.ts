/**
 * One server as a child process: born behind a gate, watched over, signalled, buried. It knows nothing of NATS or
 * Postgres; `NatsServer.ts` and `PostgresServer.ts` say what to run and when it is ready.
 *
 * Nothing outlives the parent, however that ends. A watchdog (a shell, some 100 KB) holds the read end of a pipe
 * from this process; when the pipe closes, even by `kill -9`, it stops the server. The server's own start waits
 * behind a gate until its watchdog has been told its pid, so no moment is left in which a crash leaks it.
 * Both run in sessions of their own: Ctrl-C reaches the application alone, which may then drain with its servers up.
 */
import { type ChildProcess, spawn } from "node:child_process"
import { closeSync, openSync, readFileSync } from "node:fs"
import { ServerFailedToStart, type ServerName } from "./EmbeddedErrors.ts"
import { childrenOf, isAlive, signal } from "./ProcessTable.ts"
import type { RunAs } from "./RunAs.ts"

/** How long a polite stop may take before SIGKILL. */
export const stopTimeoutMs = 10_000
/** How often a condition outside this process is looked at. */
export const pollIntervalMs = 20
/** How many lines of the log a `ServerFailedToStart` carries. */
export const logTailLineCount = 20

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
}

/** `$1..` is the server's command. The gate opens with one line; at end of file the server is never born. */
const gateScript = 'read -r go && exec "$@" </dev/null'

/**
 * `$1` is the stop signal. The first line is the server's pid; the second, `done`, comes when the server has ended
 * on its own. End of file instead means that the parent died.
 */
const watchdogScript = `
read -r pid || exit 0
read -r word && exit 0
kill -CONT "$pid" 2>/dev/null
kill -"$1" "$pid" 2>/dev/null || exit 0
tries=0
while kill -0 "$pid" 2>/dev/null && [ "$tries" -lt 50 ]; do sleep 0.1; tries=$((tries + 1)); done
kill -KILL "$pid" 2>/dev/null
exit 0`

/** Servers of this process; the exit listener is there exactly while this is not empty. */
const running = new Set<ServerProcess>()

/** A second rope beside the watchdogs: on an exit that runs listeners, the servers hear of it at once. */
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
  /** Resolves, never rejects, when the process has ended, with how: `exit 1`, `SIGKILL`. */
  readonly ended: Promise<string>
  endedHow: string | undefined
  readonly #child: ChildProcess
  readonly #command: ServerCommand

  private constructor(child: ChildProcess, pid: number, command: ServerCommand, watchdog: ChildProcess) {
    this.#child = child
    this.#command = command
    this.pid = pid
    this.ended = new Promise((resolve) => {
      child.once("exit", (code, signalName) => {
        this.endedHow = signalName ?? `exit ${code}`
        watchdog.stdin?.end("done\n")
        strike(this)
        resolve(this.endedHow)
      })
    })
  }

  static async spawn(command: ServerCommand): Promise<ServerProcess> {
    const watchdog = spawn("/bin/sh", ["-c", watchdogScript, "everstate-watchdog", command.stopSignal.slice(3)], {
      stdio: ["pipe", "ignore", "ignore"],
      detached: true,
      cwd: "/",
    })
    await spawned(watchdog, command)
    // A broken pipe here means that someone killed the watchdog; the exit listener is still there.
    watchdog.stdin?.on("error", () => {})
    const log = openSync(command.logFile, "a")
    try {
      const child = spawn("/bin/sh", ["-c", gateScript, "everstate-gate", command.command, ...command.args], {
        stdio: ["pipe", log, log],
        detached: true,
        cwd: command.cwd,
        env: command.env,
        ...command.runAs,
      })
      await spawned(child, command)
      const pid = child.pid
      if (pid === undefined) throw failedToStart(command, "it got no pid")
      const server = new ServerProcess(child, pid, command, watchdog)
      enrol(server)
      child.stdin?.on("error", () => {}) // it ended at the gate: `ended` tells
      await new Promise<void>((resolve) => watchdog.stdin?.write(`${pid}\n`, () => resolve()))
      child.stdin?.end("go\n")
      // A forgotten server must not keep its process alive; the watchdog ends it after.
      child.unref()
      watchdog.unref()
      unrefStream(watchdog.stdin)
      return server
    } catch (error) {
      watchdog.stdin?.end()
      throw error
    } finally {
      closeSync(log)
    }
  }

  get alive(): boolean {
    return this.endedHow === undefined
  }

  /** Synchronous and fit for an exit listener. A paused server is woken, or it would not hear the rest. */
  signalStop(): void {
    if (!this.alive) return
    this.resume()
    signal(this.pid, this.#command.stopSignal)
  }

  /** Orderly, and after `stopTimeoutMs` not so. Resolves when the process and its children are gone. */
  async stop(): Promise<void> {
    if (!this.alive) return
    this.signalStop()
    const timer = setTimeout(() => this.#killTree(), stopTimeoutMs)
    await this.#awaitEnd()
    clearTimeout(timer)
  }

  /** SIGKILL to the process and its children, as a power cut would. Resolves when they are gone. */
  async kill(): Promise<void> {
    if (!this.alive) return
    const children = this.#killTree()
    await this.#awaitEnd()
    await until(() => children.every((pid) => !isAlive(pid)), stopTimeoutMs)
  }

  /** SIGSTOP to the process, then to its children: Postgres serves each connection in one. */
  pause(): void {
    if (!this.alive) return
    signal(this.pid, "SIGSTOP")
    for (const pid of childrenOf(this.pid)) signal(pid, "SIGSTOP")
  }

  resume(): void {
    if (!this.alive) return
    for (const pid of childrenOf(this.pid)) signal(pid, "SIGCONT")
    signal(this.pid, "SIGCONT")
  }

  /**
   * Polls `ready` until it returns a value. Rejects with `ServerFailedToStart` when the process ends first, or after
   * `timeoutMs`; it is killed then. What `ready` throws ends the wait as well.
   */
  async whenReady<A>(ready: () => Promise<A | undefined>, timeoutMs: number): Promise<A> {
    const deadline = performance.now() + timeoutMs
    try {
      while (this.alive) {
        const value = await ready()
        if (value !== undefined && this.alive) return value
        if (performance.now() > deadline) throw failedToStart(this.#command, `it was not ready within ${timeoutMs} ms`)
        await delay(pollIntervalMs)
      }
    } catch (error) {
      await this.kill()
      throw error
    }
    throw failedToStart(this.#command, `it ended with ${this.endedHow}`)
  }

  #killTree(): ReadonlyArray<number> {
    signal(this.pid, "SIGSTOP") // so that it forks no more while we look
    const children = childrenOf(this.pid)
    for (const pid of [this.pid, ...children]) signal(pid, "SIGKILL")
    return children
  }

  async #awaitEnd(): Promise<void> {
    this.#child.ref()
    await this.ended
  }
}

/** The end of a log file, oldest line first; empty when there is none yet. */
export const readLogTail = (logFile: string): ReadonlyArray<string> => {
  try {
    return readFileSync(logFile, "utf8").trimEnd().split("\n").slice(-logTailLineCount)
  } catch {
    return [] // it did not live long enough to write one
  }
}

export const failedToStart = (
  command: Pick<ServerCommand, "server" | "logFile">,
  reason: string,
): ServerFailedToStart =>
  new ServerFailedToStart({
    server: command.server,
    reason,
    logFile: command.logFile,
    logTail: readLogTail(command.logFile),
    hint: `Its log is ${command.logFile}.`,
  })

export const delay = (durationMs: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, durationMs))

/** True once the condition holds, false after `timeoutMs`. */
export const until = async (condition: () => boolean, timeoutMs: number): Promise<boolean> => {
  const deadline = performance.now() + timeoutMs
  while (!condition()) {
    if (performance.now() > deadline) return false
    await delay(pollIntervalMs)
  }
  return true
}

const spawned = (child: ChildProcess, command: ServerCommand): Promise<void> =>
  new Promise((resolve, reject) => {
    child.once("spawn", resolve)
    child.once("error", (error) => reject(failedToStart(command, error.message)))
  })

/** Node types a child's stdin as a plain stream; beneath is a socket, which can be unreferenced. */
const unrefStream = (stream: unknown): void => {
  if (stream !== null && typeof stream === "object" && "unref" in stream && typeof stream.unref === "function") {
    stream.unref()
  }
}
