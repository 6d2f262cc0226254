/**
 * The data of an embedded Postgres: making it with `initdb`, its account, and reading its files.
 * `PostgresServer.ts` runs the server.
 */
import { spawn } from "node:child_process"
import { randomBytes } from "node:crypto"
import { closeSync, existsSync, mkdirSync, openSync, renameSync, rmSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { withHandedPaths } from "./HandedPaths.ts"
import { readIfThere } from "./OptionalFile.ts"
import type { PostgresBinaries } from "./PostgresBinaries.ts"
import type { OnProgress } from "./Progress.ts"
import { handOver, type RunAs } from "./RunAs.ts"
import { failedToStart } from "./ServerProcess.ts"

/** Options of new data. */
export interface PostgresDataOptions {
  /** Name of the only role, a superuser. Used for a new folder alone. */
  readonly user?: string
  /** Database; created if missing. */
  readonly database?: string
  /**
   * `scram` (the default): a generated password, kept in the folder. `trust`: no password. Used for a new
   * folder alone.
   */
  readonly auth?: "scram" | "trust"
  /**
   * False switches fsync, full pages and synchronous commits off: tests are faster, and data do not survive a
   * power cut.
   */
  readonly durable?: boolean
}

export interface PostgresAccount {
  readonly user: string
  readonly database: string
  /** Undefined with `trust`. */
  readonly password: string | undefined
}

const nameDefault = "everstate"
const passwordFileName = "password"
const userFileName = "user"
const passwordByteCount = 24

export interface DataAccess {
  /** Value of the argument `-D`. */
  readonly argument: string
  /** Working directory of the process. */
  readonly cwd: string
  /** Files that the process inherits from its fourth stream on. */
  readonly fds: ReadonlyArray<number>
}

/** Gives the data to a process of that user, even below a closed home folder. */
export const withDataAccess = <A>(
  { dataFolder, logFile, runAs }: Pick<EnsureDataOptions, "dataFolder" | "logFile" | "runAs">,
  use: (access: DataAccess) => Promise<A>,
): Promise<A> =>
  withHandedPaths(
    {
      runAs,
      paths: [{ path: dataFolder, kind: "folder" }],
      refuse: (reason) => failedToStart({ server: "postgres", logFile }, reason),
    },
    ([argument = dataFolder], fds) => use({ argument, cwd: fds.length === 0 ? dataFolder : "/", fds }),
  )

interface EnsureDataOptions {
  readonly folder: string
  readonly dataFolder: string
  readonly logFile: string
  readonly binaries: PostgresBinaries
  readonly runAs: RunAs | undefined
  readonly options: PostgresDataOptions
  readonly env: NodeJS.ProcessEnv
  readonly onProgress: OnProgress
}

/**
 * Makes the data if there is none. A crash in between leaves `data.partial`, which the next start deletes.
 */
export const ensureData = async (given: EnsureDataOptions): Promise<PostgresAccount> => {
  const { folder, dataFolder, options, runAs } = given
  const passwordFile = join(folder, passwordFileName)
  const userFile = join(folder, userFileName)
  const database = options.database ?? nameDefault
  if (existsSync(join(dataFolder, "PG_VERSION"))) {
    const password = readIfThere(passwordFile)
    return { user: readIfThere(userFile) ?? options.user ?? nameDefault, database, password }
  }
  given.onProgress({ server: "postgres", step: "init", message: "Making a new database" })
  const user = options.user ?? nameDefault
  const password = options.auth === "trust" ? undefined : randomBytes(passwordByteCount).toString("base64url")
  writeFileSync(userFile, user)
  if (password === undefined) rmSync(passwordFile, { force: true })
  else writeFileSync(passwordFile, password, { mode: 0o600 })

  const partial = `${dataFolder}.partial`
  rmSync(partial, { recursive: true, force: true })
  mkdirSync(partial, { mode: 0o700 })
  handOver(partial, runAs)
  await withDataAccess({ ...given, dataFolder: partial }, (access) =>
    initdb(given, access, user, password === undefined ? undefined : passwordFile),
  )
  renameSync(partial, dataFolder)
  return { user, database, password }
}

const initdb = async (
  { binaries, runAs, logFile, env, options }: EnsureDataOptions,
  { argument, cwd, fds }: DataAccess,
  user: string,
  passwordFile: string | undefined,
): Promise<void> => {
  const args = ["-D", argument, `--username=${user}`, "--encoding=UTF8", "--locale=C"]
  args.push(
    ...(passwordFile === undefined ? ["--auth=trust"] : ["--auth=scram-sha-256", "--pwfile=/dev/stdin"]),
  )
  if (options.durable === false) args.push("--no-sync")
  // Opened here, because the user may not be able to reach it.
  const log = openSync(logFile, "a")
  if (passwordFile !== undefined) handOver(passwordFile, runAs)
  const input = passwordFile === undefined ? "ignore" : openSync(passwordFile, "r")
  try {
    const how = await new Promise<string>((resolve) => {
      const child = spawn(binaries.initdb, args, {
        stdio: [input, log, log, ...fds],
        cwd,
        env: { ...env, LC_ALL: "C", TZ: "UTC" },
        ...runAs,
      })
      child.once("error", (error) => resolve(error.message))
      child.once("exit", (code, signalName) => resolve(signalName ?? `exit ${code}`))
    })
    if (how !== "exit 0") throw failedToStart({ server: "postgres", logFile }, `initdb ended with ${how}`)
  } finally {
    closeSync(log)
    if (typeof input === "number") closeSync(input)
  }
}

/** The major version that made the data; undefined if there is none. */
export const dataMajor = (dataFolder: string): number | undefined => {
  const text = readIfThere(join(dataFolder, "PG_VERSION"))
  return text === undefined ? undefined : Number.parseInt(text, 10)
}

/** Content of `postmaster.pid`: the pid in its first line, the state in its eighth. */
export const readPostmaster = (
  dataFolder: string,
): { readonly pid: number; readonly ready: boolean } | undefined => {
  const lines = readIfThere(join(dataFolder, "postmaster.pid"))?.split("\n")
  const pid = Number(lines?.[0])
  return pid > 0 ? { pid, ready: lines?.[7]?.trim() === "ready" } : undefined
}
