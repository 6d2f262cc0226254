/**
 * A nats-server with JetStream on file storage, as a child process on a random loopback port, behind a
 * password.
 *
 * `startNats({ folder })` returns a `NatsServer` with its url and the verbs that fault tests use: stop, kill,
 * pause, resume, restart. The folder then holds `nats.conf`, `nats.log`, `password` and `jetstream/`
 * (`NatsConfig.ts`). `ServerProcess.ts` owns the process, `DataFolder.ts` the folder's lock, `RunAs.ts` the
 * user that the server runs as if this process is root, `NatsCluster.ts` several servers at once.
 */
import { connect } from "node:net"
import { join } from "node:path"
import { type DataFolder, takeDataFolder } from "./DataFolder.ts"
import { type EmbeddedServer, type Launched, launchServer } from "./EmbeddedServer.ts"
import { handedName, withHandedPaths } from "./HandedPaths.ts"
import { findNatsBinary, type NatsBinary } from "./NatsBinary.ts"
import {
  accountOf,
  configFileName,
  type NatsAccount,
  readChosenPort,
  readPid,
  writeConfig,
} from "./NatsConfig.ts"
import type { NatsOptions } from "./NatsOptions.ts"
import { ignoreProgress } from "./Progress.ts"
import { type RunAs, unprivilegedRunAs } from "./RunAs.ts"
import { failedToStart, ServerProcess } from "./ServerProcess.ts"

/** A running nats-server. */
export interface NatsServer extends EmbeddedServer {
  /** Options for `connect` of the NATS client, which takes no password in an address, as `url` has it. */
  readonly login: { readonly servers: string; readonly user?: string; readonly pass?: string }
}

const startTimeoutMsDefault = 60_000
/** Longest wait of one connection for the server's greeting. */
const infoTimeoutMs = 1_000

/**
 * Resolves once the server greets and says that JetStream is on. Rejects with `ServerBinaryNotFound`,
 * `IntegrityMismatch`, `DataFolderInUse` or `ServerFailedToStart`; no server runs then.
 */
export const startNats = async (options: NatsOptions): Promise<NatsServer> => {
  const env = options.env ?? process.env
  const onProgress = options.onProgress ?? ignoreProgress
  const folder = await takeDataFolder("nats", options.folder)
  const { path } = folder
  const logFile = join(path, "nats.log")
  const prepare = async (): Promise<Prepared> => {
    await stopOrphan(folder)
    const runAs = unprivilegedRunAs(path)
    const binary = await findNatsBinary(env, onProgress, runAs)
    return { runAs, binary, account: accountOf(path, options) }
  }

  let prepared: Prepared
  try {
    prepared = await prepare()
  } catch (error) {
    folder.release()
    throw error
  }
  const { runAs, binary, account } = prepared

  const launch = async (folder: DataFolder, port: number | undefined): Promise<Launched> => {
    onProgress({ server: "nats", step: "start", message: `Starting nats-server ${binary.version}` })
    await stopOrphan(folder)
    const process = await withHandedPaths(
      {
        runAs,
        paths: [
          { path, kind: "folder" },
          { path: binary.path, kind: "file" },
        ],
        refuse: (reason) => failedToStart({ server: "nats", logFile }, reason),
      },
      ([folderName = path, command = binary.path], fds) => {
        writeConfig({ folder: path, folderName, port, account, runAs, options })
        return ServerProcess.spawn({
          server: "nats",
          command,
          args: ["-c", join(folderName, configFileName)],
          cwd: folderName === path ? path : "/",
          handedFds: fds,
          env,
          logFile,
          stopSignal: "SIGTERM",
          runAs,
          keepsProcess: options.keepsProcess,
        })
      },
    )
    const ready = await process.whenReady(async () => {
      const chosen = readChosenPort(path, process.pid)
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

  const server = await launchServer({
    server: "nats",
    folder,
    logFile,
    version: binary.version,
    urlOf: (port) =>
      `nats://${account === undefined ? "" : `${account.user}:${account.password}@`}127.0.0.1:${port}`,
    port: options.port,
    launch,
  })
  const servers = `nats://127.0.0.1:${server.port}`
  const credentials = account === undefined ? {} : { user: account.user, pass: account.password }
  return Object.assign(server, { login: { servers, ...credentials } })
}

interface Prepared {
  readonly runAs: RunAs | undefined
  readonly binary: NatsBinary
  readonly account: NatsAccount | undefined
}

/**
 * Stops a server that runs on this folder although no living owner has the lock, even if the lock file is
 * lost.
 */
const stopOrphan = async (folder: DataFolder): Promise<void> => {
  const pid = readPid(folder.path)
  if (pid === undefined) return
  await folder.stopOrphan(
    pid,
    (line) =>
      line.includes(join(folder.path, configFileName)) ||
      line.includes(`-c ${handedName(0)}/${configFileName}`),
  )
}

/** The greeting is the line `INFO {...}`. It has `jetstream` once JetStream is enabled and recovered. */
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
