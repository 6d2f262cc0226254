/**
 * The files of an embedded nats-server: its configuration, the password that clients need, the port that it
 * chose.
 *
 * Only their owner can read `nats.conf` and `password`. If the server runs as another user than this process,
 * it owns `nats.conf`, `nats.pid`, `ports/` and `jetstream/`; the folder itself still belongs to this
 * process's user. `NatsServer.ts` runs the server.
 */
import { randomBytes } from "node:crypto"
import { mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import type { NatsOptions } from "./NatsOptions.ts"
import { readIfThere } from "./OptionalFile.ts"
import { handOver, letEnter, type RunAs } from "./RunAs.ts"

/** User and password of clients. */
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

/**
 * Settings that say who may connect. With one of them in `extraConfig`, the caller's configuration alone
 * decides.
 */
const accessSettings = ["authorization", "accounts", "operator"] as const

/** Time that a client has for its handshake, in seconds: on a busy machine the usual two are too short. */
export const HANDSHAKE_SECONDS = 30

export const newPassword = (): string => randomBytes(passwordByteCount).toString("base64url")

/**
 * The password that is kept in the folder. It is made if there is none, also for data of earlier releases.
 */
export const keptPassword = (folder: string): string => {
  const passwordFile = join(folder, passwordFileName)
  const kept = readIfThere(passwordFile)
  if (kept !== undefined && kept !== "") return kept
  const password = newPassword()
  rmSync(passwordFile, { force: true })
  writeFileSync(passwordFile, password, { mode: 0o600 })
  return password
}

/** Account of clients; undefined if the server asks for none, or if `extraConfig` decides. */
export const accountOf = (
  folder: string,
  { auth, password, extraConfig = {} }: NatsOptions,
): NatsAccount | undefined =>
  auth === "none" || accessSettings.some((setting) => setting in extraConfig)
    ? undefined
    : { user: userName, password: password ?? keptPassword(folder) }

export interface NatsConfigOptions {
  readonly folder: string
  /** Name under which the server reaches that folder. */
  readonly folderName: string
  readonly port: number | undefined
  readonly account: NatsAccount | undefined
  readonly runAs: RunAs | undefined
  readonly options: NatsOptions
}

/**
 * Writes the files that the server reads, and makes the server's user the owner of the files that it writes.
 */
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
      store_dir: folderName, // the server makes `jetstream/` in it
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
    // The server reads JSON like its own format.
    [configFileName, `${JSON.stringify(config, null, 2)}\n`],
  ] as const) {
    // The file is made anew: an existing file would keep its mode, and a link its target.
    rmSync(join(folder, name), { force: true })
    writeFileSync(join(folder, name), text, { mode: 0o600, flag: "wx" })
  }
  for (const name of [portsFolderName, storeFolderName, pidFileName, configFileName]) {
    handOver(join(folder, name), runAs)
  }
  letEnter(folder, runAs)
}

/** The pid of the server that ran here last; undefined if none is known. */
export const readPid = (folder: string): number | undefined => {
  const pid = Number(readIfThere(join(folder, pidFileName)))
  return pid > 0 ? pid : undefined
}

/**
 * Port that the server chose. It writes `<executable>_<pid>.ports` once it listens: `{ "nats":
 * ["nats://127.0.0.1:4222"], ... }`.
 */
export const readChosenPort = (folder: string, pid: number): number | undefined => {
  const portsFolder = join(folder, portsFolderName)
  const name = readdirSync(portsFolder).find((entry) => entry.endsWith(`_${pid}.ports`))
  const text = name === undefined ? undefined : readIfThere(join(portsFolder, name))
  const port = /"nats":\s*\[\s*"[a-z]+:\/\/127\.0\.0\.1:(\d+)"/.exec(text ?? "")?.[1]
  return port === undefined ? undefined : Number(port)
}
