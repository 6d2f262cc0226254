/**
 * The handle on a running server, the same for nats-server and Postgres: stop, crash, freeze, start again.
 *
 * Owns when the data folder is locked: free after `stop`, kept over `kill`, taken again by `restart`.
 * NatsServer.ts and PostgresServer.ts launch the servers.
 */
import { type DataFolder, takeDataFolder } from "./DataFolder.ts"
import type { ServerName } from "./EmbeddedErrors.ts"
import type { ServerProcess } from "./ServerProcess.ts"

export interface EmbeddedServer {
  /** `nats://127.0.0.1:<port>` or `postgres://user:password@127.0.0.1:<port>/database`. It never changes. */
  readonly url: string
  readonly port: number
  /** Pid of the running process (for Postgres the postmaster); a restart changes it. */
  readonly pid: number
  readonly folder: string
  readonly logFile: string
  /** Version of the executable, like `2.14.0` or `18.4`. */
  readonly version: string
  /**
   * Stops the server in order; it closes its connections and does not wait for clients. The folder is free
   * afterwards. Does nothing if the server is stopped.
   */
  stop(): Promise<void>
  /**
   * Kills the process and all of its children with SIGKILL, like a crash. The folder stays locked, for
   * `restart`.
   */
  kill(): Promise<void>
  /** Sends SIGSTOP: the server is alive, and silent. */
  pause(): void
  /** Sends SIGCONT. */
  resume(): void
  /**
   * Stops the server if it runs, then starts it on the same port and data. Works after `stop` and `kill`,
   * too.
   */
  restart(): Promise<void>
  /** The same as `stop`, for `await using`. */
  [Symbol.asyncDispose](): Promise<void>
}

export interface Launched {
  readonly process: ServerProcess
  readonly port: number
}

/** Launches the server in the folder and returns its handle. Releases the folder if the launch fails. */
export const launchServer = async (options: {
  readonly server: ServerName
  readonly folder: DataFolder
  readonly logFile: string
  readonly version: string
  readonly urlOf: (port: number) => string
  readonly port: number | undefined
  readonly launch: (folder: DataFolder, port: number | undefined) => Promise<Launched>
}): Promise<EmbeddedServer> => {
  let { folder } = options
  let released = false
  let current: Launched
  try {
    current = await options.launch(folder, options.port)
  } catch (error) {
    folder.release()
    throw error
  }
  const { port } = current

  const server: EmbeddedServer = {
    url: options.urlOf(port),
    port,
    folder: folder.path,
    logFile: options.logFile,
    version: options.version,
    get pid() {
      return current.process.pid
    },
    stop: async () => {
      await current.process.stop()
      folder.release()
      released = true
    },
    kill: () => current.process.kill(),
    pause: () => current.process.pause(),
    resume: () => current.process.resume(),
    restart: async () => {
      await current.process.stop()
      if (released) folder = await takeDataFolder(options.server, folder.path)
      released = false
      current = await options.launch(folder, port)
    },
    [Symbol.asyncDispose]: () => server.stop(),
  }
  return server
}
