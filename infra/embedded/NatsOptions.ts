/** How an embedded nats-server is to be: its folder, port, limits, and who may connect. Starting it is `NatsServer.ts`. */
import type { OnProgress } from "./Progress.ts"

export interface NatsOptions {
  /** Everything of this server is in here; created when missing. */
  readonly folder: string
  /** Fixed port; without it the server chooses a free one. `restart` keeps either. */
  readonly port?: number
  readonly serverName?: string
  /**
   * `password` (the default): a generated one, kept in the folder; the server's url has it. `none`: every program on
   * this machine may connect. An `extraConfig` that says who may connect (`authorization`, `accounts`, `operator`) decides
   * alone.
   */
  readonly auth?: "password" | "none"
  /** Instead of a generated one, for servers that share it. URL-safe characters. */
  readonly password?: string
  /**
   * True (the default): each write is fsynced before it is acknowledged, since one machine without replicas has no
   * other copy. False: the server's own interval of 2 minutes; kill -9 loses nothing, a power cut may.
   */
  readonly syncAlways?: boolean
  /** Largest message; the server's default is 1 MiB. */
  readonly maxPayloadBytes?: number
  /** JetStream's limit on memory storage, in bytes. */
  readonly storeMemoryMaxBytes?: number
  /** JetStream's limit on file storage, in bytes. */
  readonly storeFileMaxBytes?: number
  /**
   * More of nats.conf, as JSON. Wins over what is made here; `jetstream` is merged key by key. Sizes are numbers of
   * bytes: the server reads no units inside quotes.
   */
  readonly extraConfig?: Readonly<Record<string, unknown>>
  /** Until it is ready, recovery of its streams included. */
  readonly startTimeoutMs?: number
  /**
   * True (the default): this process goes on until the server is stopped, like one that listens on a port. False: it ends
   * when it has nothing else to do, and the server with it.
   */
  readonly keepsProcess?: boolean
  readonly onProgress?: OnProgress
  /** Where NATS_SERVER_BIN, PATH and the cache are looked up; `process.env` by default. */
  readonly env?: NodeJS.ProcessEnv
}
