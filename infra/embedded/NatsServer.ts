/**
 * A nats-server with JetStream on file storage, as a child process on a random loopback port.
 *
 * `startNats({ folder })` → a `NatsServer` with its url and the handles that fault tests pull: stop, kill, pause,
 * resume, restart. The folder then holds `nats.conf`, `nats.log` and `jetstream/`. Life and death of the process are
 * `ServerProcess.ts`, the folder's ownership is `DataFolder.ts`, three at once are `NatsCluster.ts`.
 */
import { mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs"
import { connect } from "node:net"
import { join } from "node:path"
import { type DataFolder, takeDataFolder } from "./DataFolder.ts"
import { type EmbeddedServer, type Launched, launchServer } from "./EmbeddedServer.ts"
import { findNatsBinary } from "./NatsBinary.ts"
import { readIfThere } from "./OptionalFile.ts"
import { ignoreProgress, type OnProgress } from "./Progress.ts"
import { ServerProcess } from "./ServerProcess.ts"

export interface NatsOptions {
  /** Everything of this server is in here; created when missing. */
  readonly folder: string
  /** Fixed port; without it the server chooses a free one. `restart` keeps either. */
  readonly port?: number
  readonly serverName?: string
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
  readonly onProgress?: OnProgress
  /** Where NATS_SERVER_BIN, PATH and the cache are looked up; `process.env` by default. */
  readonly env?: NodeJS.ProcessEnv
}

export type NatsServer = EmbeddedServer

const startTimeoutMsDefault = 60_000
/** One connection's wait for the server's greeting. */
const infoTimeoutMs = 1_000

/**
 * Resolves when the server greets and says that JetStream is on. Rejects with `ServerBinaryNotFound`,
 * `IntegrityMismatch`, `DataFolderInUse` or `ServerFailedToStart`; nothing runs then.
 */
export const startNats = async (options: NatsOptions): Promise<NatsServer> => {
  const env = options.env ?? process.env
  const onProgress = options.onProgress ?? ignoreProgress
  const binary = await findNatsBinary(env, onProgress)
  const folder = await takeDataFolder("nats", options.folder)
  const logFile = join(folder.path, "nats.log")

  const launch = async (folder: DataFolder, port: number | undefined): Promise<Launched> => {
    onProgress({ server: "nats", step: "start", message: `Starting nats-server ${binary.version}` })
    await stopOrphan(folder)
    const configFile = writeConfig(folder.path, port, options)
    const process = await ServerProcess.spawn({
      server: "nats",
      command: binary.path,
      args: ["-c", configFile],
      cwd: folder.path,
      env,
      logFile,
      stopSignal: "SIGTERM",
      runAs: undefined,
    })
    const ready = await process.whenReady(async () => {
      const chosen = readChosenPort(folder.path, process.pid)
      return chosen !== undefined && (await greetsWithJetStream(chosen)) ? chosen : undefined
    }, options.startTimeoutMs ?? startTimeoutMsDefault)
    folder.record({ pid: process.pid, port: ready })
    onProgress({
      server: "nats",
      step: "ready",
      message: `nats-server ${binary.version} is ready on port ${ready}`,
    })
    return { process, port: ready }
  }

  return launchServer({
    server: "nats",
    folder,
    logFile,
    version: binary.version,
    urlOf: (port) => `nats://127.0.0.1:${port}`,
    port: options.port,
    launch,
  })
}

const portsFolderName = "ports"
const pidFileName = "nats.pid"
const configFileName = "nats.conf"

/** The server reads JSON as it reads its own format. */
const writeConfig = (folder: string, port: number | undefined, options: NatsOptions): string => {
  const portsFolder = join(folder, portsFolderName)
  rmSync(portsFolder, { recursive: true, force: true })
  mkdirSync(portsFolder)
  const { jetstream, ...extraConfig } = options.extraConfig ?? {}
  const config = {
    listen: `127.0.0.1:${port ?? -1}`,
    ports_file_dir: portsFolder,
    pid_file: join(folder, pidFileName),
    ...(options.serverName === undefined ? {} : { server_name: options.serverName }),
    ...(options.maxPayloadBytes === undefined ? {} : { max_payload: options.maxPayloadBytes }),
    jetstream: {
      store_dir: folder, // the server puts `jetstream/` under it
      ...(options.syncAlways === false ? {} : { sync_interval: "always" }),
      ...(options.storeMemoryMaxBytes === undefined ? {} : { max_memory_store: options.storeMemoryMaxBytes }),
      ...(options.storeFileMaxBytes === undefined ? {} : { max_file_store: options.storeFileMaxBytes }),
      ...(typeof jetstream === "object" ? jetstream : {}),
    },
    ...extraConfig,
  }
  const configFile = join(folder, configFileName)
  writeFileSync(configFile, `${JSON.stringify(config, null, 2)}\n`, { mode: 0o600 })
  return configFile
}

/** One that runs on this folder although no living owner claims it, even when the lock file is lost. */
const stopOrphan = async (folder: DataFolder): Promise<void> => {
  const pid = Number(readIfThere(join(folder.path, pidFileName)))
  if (pid > 0) await folder.stopOrphan(pid, (line) => line.includes(join(folder.path, configFileName)))
}

/** The server writes `<executable>_<pid>.ports` once it listens: `{ "nats": ["nats://127.0.0.1:4222"], ... }`. */
const readChosenPort = (folder: string, pid: number): number | undefined => {
  const portsFolder = join(folder, portsFolderName)
  const name = readdirSync(portsFolder).find((entry) => entry.endsWith(`_${pid}.ports`))
  const text = name === undefined ? undefined : readIfThere(join(portsFolder, name))
  const port = /"nats":\s*\[\s*"[a-z]+:\/\/127\.0\.0\.1:(\d+)"/.exec(text ?? "")?.[1]
  return port === undefined ? undefined : Number(port)
}

/** The greeting is the line `INFO {...}`; `jetstream` is in it once that is enabled and recovered. */
const greetsWithJetStream = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect({ host: "127.0.0.1", port })
    let text = ""
    const finish = (answer: boolean): void => {
      socket.destroy()
      resolve(answer)
    }
    socket.setTimeout(infoTimeoutMs, () => finish(false))
    socket.on("error", () => finish(false))
    socket.on("close", () => finish(false))
    socket.on("data", (chunk) => {
      text += chunk.toString("utf8")
      if (text.includes("\r\n")) finish(/"jetstream":\s*true/.test(text))
    })
  })
