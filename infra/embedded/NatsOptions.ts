/**
 * Options of an embedded nats-server: its folder, port, limits, and who may connect. `NatsServer.ts` starts
 * it.
 */
import type { OnProgress } from "./Progress.ts"

/** Options of `startNats`. */
export interface NatsOptions {
  /** Folder of all files of this server; created if missing. */
  readonly folder: string
  /** Fixed port; by default the server chooses a free one. `restart` keeps it in both cases. */
  readonly port?: number
  readonly serverName?: string
  /**
   * `password` (the default): a generated password, kept in the folder and part of the server's url. `none`:
   * every program on this machine may connect. If `extraConfig` says who may connect (`authorization`,
   * `accounts`, `operator`), it alone decides.
   */
  readonly auth?: "password" | "none"
  /** Password to use instead of a generated one, for servers that share it. URL-safe characters. */
  readonly password?: string
  /**
   * True (the default): each write is fsynced before it is acknowledged, because one machine without replicas
   * has no other copy. False: the server syncs in its own interval of 2 minutes; kill -9 loses nothing, a
   * power cut may.
   */
  readonly syncAlways?: boolean
  /** Largest message, in bytes; the server's default is 1 MiB. */
  readonly maxPayloadBytes?: number
  /** JetStream's limit on memory storage, in bytes. */
  readonly storeMemoryMaxBytes?: number
  /** JetStream's limit on file storage, in bytes. */
  readonly storeFileMaxBytes?: number
  /**
   * Further settings of nats.conf, as JSON. They override the settings made here; `jetstream` is merged key
   * by key. Sizes are numbers of bytes, because the server reads no units inside quotes.
   */
  readonly extraConfig?: Readonly<Record<string, unknown>>
  /** Longest wait until the server is ready, including the recovery of its streams. */
  readonly startTimeoutMs?: number
  /**
   * True (the default): this process stays alive until the server is stopped, as if it listened on a port.
   * False: it ends when it has nothing else to do, and the server ends with it.
   */
  readonly keepsProcess?: boolean
  readonly onProgress?: OnProgress
  /** Environment with NATS_SERVER_BIN, PATH and the cache; `process.env` by default. */
  readonly env?: NodeJS.ProcessEnv
}
