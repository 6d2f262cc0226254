/**
 * The handle on a running server, the same for nats-server and Postgres: stop, crash, freeze, start again.
 *
 * Owns the life of the data folder's lock: free after `stop`, kept over `kill`, taken again by `restart`. How a server
 * is launched is NatsServer.ts's and PostgresServer.ts's.
 */
import { type DataFolder, takeDataFolder } from "./DataFolder.ts"
import type { ServerName } from "./EmbeddedErrors.ts"
import type { ServerProcess } from "./ServerProcess.ts"

export interface EmbeddedServer {
  /** `nats://127.0.0.1:<port>` or `postgres://user:password@127.0.0.1:<port>/database`: the same for life. */
  readonly url: string
  readonly port: number
  /** Of the running process (for Postgres the postmaster); after a restart another one. */
  readonly pid: number
  readonly folder: string
  readonly logFile: string
  /** Version of the executable, like `2.14.0` or `18.4`. */
  readonly version: string
  /** Orderly; connections are ended, not awaited. The folder is free for others then. Does nothing when stopped. */
  stop(): Promise<void>
  /** SIGKILL to it and all of its children, as a crash. The folder stays taken, for `restart`. */
  kill(): Promise<void>
  /** SIGSTOP: alive, and silent. */
  pause(): void
  /** SIGCONT. */
  resume(): void
  /** Stops what runs, then starts again: same port, same data. Also after `stop` and `kill`. */
  restart(): Promise<void>
  [Symbol.asyncDispose](): Promise<void>
}

export interface Launched {
  readonly process: ServerProcess
  readonly port: number
}

/** Launches the server in the folder, which is released if that fails, and hands out the handle on it. */
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
