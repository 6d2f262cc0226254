/**
 * The files of an embedded nats-server: its configuration, the password that clients need, the port that it chose.
 *
 * `nats.conf` and `password` are for their owners' eyes alone. Where the server runs as another user than this process,
 * it owns `nats.conf`, `nats.pid`, `ports/` and `jetstream/`; the folder itself stays this process's.
 * Running the server is `NatsServer.ts`.
 */
import { randomBytes } from "node:crypto"
import { mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import type { NatsOptions } from "./NatsOptions.ts"
import { readIfThere } from "./OptionalFile.ts"
import { handOver, letEnter, type RunAs } from "./RunAs.ts"

/** Who a client has to be. */
export interface NatsAccount {
  readonly user: string
  readonly password: string
}

export const configFileName = "nats.conf"
const portsFolderName = "ports"
const pidFileName = "nats.pid"
const storeFolderName = "jetstream"
const passwordFileName = "password"
const passwordByteCount = 24
const userName = "everstate"

/** Settings that say who may connect: with one of them the configuration of the caller decides alone. */
const accessSettings = ["authorization", "accounts", "operator"] as const

/** How long a client may take to say who it is, in seconds: a busy machine takes longer than the usual two. */
export const HANDSHAKE_SECONDS = 30

export const newPassword = (): string => randomBytes(passwordByteCount).toString("base64url")

/** The password that is kept in the folder. It is made where there is none, also for data of earlier releases. */
export const keptPassword = (folder: string): string => {
  const passwordFile = join(folder, passwordFileName)
  const kept = readIfThere(passwordFile)
  if (kept !== undefined && kept !== "") return kept
  const password = newPassword()
  rmSync(passwordFile, { force: true })
  writeFileSync(passwordFile, password, { mode: 0o600 })
  return password
}

/** Undefined: the server asks for nothing, or for what its `extraConfig` says. */
export const accountOf = (
  folder: string,
  { auth, password, extraConfig = {} }: NatsOptions,
): NatsAccount | undefined =>
  auth === "none" || accessSettings.some((setting) => setting in extraConfig)
    ? undefined
    : { user: userName, password: password ?? keptPassword(folder) }

export interface NatsConfigOptions {
  readonly folder: string
  /** What the server calls that folder. */
  readonly folderName: string
  readonly port: number | undefined
  readonly account: NatsAccount | undefined
  readonly runAs: RunAs | undefined
  readonly options: NatsOptions
}

/** Writes what the server reads, and makes what it writes into, its own. */
export const writeConfig = ({
  folder,
  folderName,
  port,
  account,
  runAs,
  options,
}: NatsConfigOptions): void => {
  const { jetstream, ...extraConfig } = options.extraConfig ?? {}
  const config = {
    listen: `127.0.0.1:${port ?? -1}`,
    ports_file_dir: join(folderName, portsFolderName),
    pid_file: join(folderName, pidFileName),
    ...(account === undefined ? {} : { authorization: { ...account, timeout: HANDSHAKE_SECONDS } }),
    ...(options.serverName === undefined ? {} : { server_name: options.serverName }),
    ...(options.maxPayloadBytes === undefined ? {} : { max_payload: options.maxPayloadBytes }),
    jetstream: {
      store_dir: folderName, // the server puts `jetstream/` under it
      ...(options.syncAlways === false ? {} : { sync_interval: "always" }),
      ...(options.storeMemoryMaxBytes === undefined ? {} : { max_memory_store: options.storeMemoryMaxBytes }),
      ...(options.storeFileMaxBytes === undefined ? {} : { max_file_store: options.storeFileMaxBytes }),
      ...(typeof jetstream === "object" ? jetstream : {}),
    },
    ...extraConfig,
  }
  const portsFolder = join(folder, portsFolderName)
  rmSync(portsFolder, { recursive: true, force: true })
  mkdirSync(portsFolder, { mode: 0o700 })
  mkdirSync(join(folder, storeFolderName), { recursive: true })
  for (const [name, text] of [
    [pidFileName, ""],
    // The server reads JSON as it reads its own format.
    [configFileName, `${JSON.stringify(config, null, 2)}\n`],
  ] as const) {
    // Made anew: an existing file would keep its mode, and a link its target.
    rmSync(join(folder, name), { force: true })
    writeFileSync(join(folder, name), text, { mode: 0o600, flag: "wx" })
  }
  for (const name of [portsFolderName, storeFolderName, pidFileName, configFileName]) {
    handOver(join(folder, name), runAs)
  }
  letEnter(folder, runAs)
}

/** The pid of the server that ran here last; undefined when none is known. */
export const readPid = (folder: string): number | undefined => {
  const pid = Number(readIfThere(join(folder, pidFileName)))
  return pid > 0 ? pid : undefined
}

/** The server writes `<executable>_<pid>.ports` once it listens: `{ "nats": ["nats://127.0.0.1:4222"], ... }`. */
export const readChosenPort = (folder: string, pid: number): number | undefined => {
  const portsFolder = join(folder, portsFolderName)
  const name = readdirSync(portsFolder).find((entry) => entry.endsWith(`_${pid}.ports`))
  const text = name === undefined ? undefined : readIfThere(join(portsFolder, name))
  const port = /"nats":\s*\[\s*"[a-z]+:\/\/127\.0\.0\.1:(\d+)"/.exec(text ?? "")?.[1]
  return port === undefined ? undefined : Number(port)
}
