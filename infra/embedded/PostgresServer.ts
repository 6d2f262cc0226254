/**
 * A Postgres as a child process on a random port of 127.0.0.1: UTF-8, C locale, UTC, scram passwords, no Unix
 * socket.
 *
 * `startPostgres({ folder })` returns a `PostgresServer` with its url and the verbs that fault tests use:
 * stop, kill, pause, resume, restart. The folder then holds `data/`, `postgres.log` and `password`.
 * `PostgresData.ts` makes `data/`, `ServerProcess.ts` owns the process, `DataFolder.ts` the folder's lock,
 * `RunAs.ts` the user that the server runs as if this process is root.
 */
import { join } from "node:path"
import { Client, DatabaseError } from "pg"
import { type DataFolder, takeDataFolder } from "./DataFolder.ts"
import { ServerFailedToStart } from "./EmbeddedErrors.ts"
import { type EmbeddedServer, type Launched, launchServer } from "./EmbeddedServer.ts"
import { freePorts } from "./FreePorts.ts"
import { handedName } from "./HandedPaths.ts"
import { findPostgresBinaries, type PostgresBinaries } from "./PostgresBinaries.ts"
import {
  dataMajor,
  ensureData,
  type PostgresAccount,
  type PostgresDataOptions,
  readPostmaster,
  withDataAccess,
} from "./PostgresData.ts"
import { ignoreProgress, type OnProgress } from "./Progress.ts"
import { handOver, type RunAs, unprivilegedRunAs } from "./RunAs.ts"
import { ServerProcess } from "./ServerProcess.ts"
import { delay } from "./Until.ts"

/** Options of `startPostgres`. */
export interface PostgresOptions extends PostgresDataOptions {
  /** Folder of all files of this server; created if missing. */
  readonly folder: string
  /** Fixed port; by default a free one. `restart` keeps it in both cases. */
  readonly port?: number
  readonly connectionCountMax?: number
  /** Further settings, as `postgres -c name=value`. They override the settings made here. */
  readonly extraConfig?: Readonly<Record<string, string | number | boolean>>
  /** Longest wait until the server takes connections, including crash recovery. */
  readonly startTimeoutMs?: number
  /**
   * True (the default): this process stays alive until the server is stopped, as if it listened on a port.
   * False: it ends when it has nothing else to do, and the server ends with it.
   */
  readonly keepsProcess?: boolean
  readonly onProgress?: OnProgress
  /** Environment with POSTGRES_BIN_DIR, PATH and the cache; `process.env` by default. */
  readonly env?: NodeJS.ProcessEnv
}

/** A running Postgres. */
export type PostgresServer = EmbeddedServer

const startTimeoutMsDefault = 60_000
const connectionCountMaxDefault = 100
/** Longest wait of one connection attempt of the readiness check. */
const connectTimeoutMs = 2_000
/**
 * Attempts of a launch: another process may take the free port before it is used, and shared memory may
 * remain for a moment after a crash.
 */
const launchAttemptCountMax = 5
const launchRetryDelayMs = 300

/**
 * Resolves once a real connection to the database works. Rejects with `ServerBinaryNotFound`,
 * `IntegrityMismatch`, `DataFolderInUse` or `ServerFailedToStart`; no server runs then.
 */
export const startPostgres = async (options: PostgresOptions): Promise<PostgresServer> => {
  const env = options.env ?? process.env
  const onProgress = options.onProgress ?? ignoreProgress
  const folder = await takeDataFolder("postgres", options.folder)
  const path = folder.path
  const logFile = join(path, "postgres.log")
  const dataFolder = join(path, "data")

  const prepare = async (): Promise<Prepared> => {
    await stopOrphan(folder, dataFolder)
    const runAs = unprivilegedRunAs(path)
    const binaries = await findPostgresBinaries({ env, runAs, major: dataMajor(dataFolder), onProgress })
    const account = await ensureData({
      folder: path,
      dataFolder,
      logFile,
      binaries,
      runAs,
      options,
      env,
      onProgress,
    })
    return { runAs, binaries, account }
  }

  const launchOnce = async (
    folder: DataFolder,
    { runAs, binaries, account }: Prepared,
    port: number,
  ): Promise<ServerProcess> => {
    handOver(dataFolder, runAs)
    const process = await withDataAccess({ dataFolder, logFile, runAs }, ({ argument, cwd, fds }) =>
      ServerProcess.spawn({
        server: "postgres",
        command: binaries.postgres,
        args: ["-D", argument, ...settings(port, options)],
        cwd,
        handedFds: fds,
        env: { ...env, LC_ALL: "C", TZ: "UTC" },
        logFile,
        stopSignal: "SIGINT",
        runAs,
        keepsProcess: options.keepsProcess,
      }),
    )
    await process.whenReady(async () => {
      const postmaster = readPostmaster(dataFolder)
      if (postmaster?.pid !== process.pid || !postmaster.ready) return undefined
      try {
        return (await ensureDatabase(account, port)) ? true : undefined
      } catch (error) {
        throw process.failure(String(error))
      }
    }, options.startTimeoutMs ?? startTimeoutMsDefault)
    folder.record({ pid: process.pid, port })
    return process
  }

  const launch = async (
    folder: DataFolder,
    prepared: Prepared,
    fixedPort: number | undefined,
  ): Promise<Launched> => {
    const { version } = prepared.binaries
    for (let attempt = 1; ; attempt++) {
      onProgress({ server: "postgres", step: "start", message: `Starting Postgres ${version}` })
      const [port = 0] = fixedPort === undefined ? await freePorts(1) : [fixedPort]
      try {
        const process = await launchOnce(folder, prepared, port)
        onProgress({
          server: "postgres",
          step: "ready",
          message: `Postgres ${version} is ready on port ${port}`,
        })
        return { process, port }
      } catch (error) {
        if (attempt >= launchAttemptCountMax || !isPassing(error)) throw error
        await delay(launchRetryDelayMs)
      }
    }
  }

  let prepared: Prepared
  try {
    prepared = await prepare()
  } catch (error) {
    folder.release()
    throw error
  }
  const { account, binaries } = prepared
  return launchServer({
    server: "postgres",
    folder,
    logFile,
    version: binaries.version,
    urlOf: (port) => urlOf(account, port, account.database),
    port: options.port,
    launch: (taken, port) => launch(taken, prepared, port),
  })
}

interface Prepared {
  readonly runAs: RunAs | undefined
  readonly binaries: PostgresBinaries
  readonly account: PostgresAccount
}

const settings = (port: number, options: PostgresOptions): ReadonlyArray<string> => {
  const all = {
    listen_addresses: "127.0.0.1",
    port,
    unix_socket_directories: "",
    max_connections: options.connectionCountMax ?? connectionCountMaxDefault,
    timezone: "UTC",
    log_timezone: "UTC",
    logging_collector: "off",
    ...(options.durable === false
      ? { fsync: "off", full_page_writes: "off", synchronous_commit: "off" }
      : {}),
    ...options.extraConfig,
  }
  return Object.entries(all).flatMap(([name, value]) => ["-c", `${name}=${value}`])
}

const urlOf = ({ user, password }: PostgresAccount, port: number, database: string): string => {
  const secret = password === undefined ? "" : `:${encodeURIComponent(password)}`
  return `postgres://${encodeURIComponent(user)}${secret}@127.0.0.1:${port}/${encodeURIComponent(database)}`
}

/** SQLSTATE of "the database system is starting up". */
const startingUp = "57P03"
/** SQLSTATE of a database that already exists. */
const duplicateDatabase = "42P04"

/**
 * False while the server takes no connections yet; true once the database exists. Rejects with an error that
 * waiting does not change, for example a wrong password.
 */
const ensureDatabase = async (account: PostgresAccount, port: number): Promise<boolean> => {
  const client = new Client({
    connectionString: urlOf(account, port, "postgres"),
    connectionTimeoutMillis: connectTimeoutMs,
    ssl: false,
  })
  client.on("error", ignoreLostConnection)
  try {
    await client.connect()
  } catch (error) {
    if (error instanceof DatabaseError && error.code !== startingUp) throw error
    return false
  }
  try {
    const name = account.database
    const { rowCount } = await client.query("select 1 from pg_database where datname = $1", [name])
    if (rowCount === 0) await client.query(`create database ${client.escapeIdentifier(name)}`)
    return true
  } catch (error) {
    if (error instanceof DatabaseError && error.code === duplicateDatabase) return true
    throw error
  } finally {
    await client.end()
  }
}

/** If the server ends during the check, its process tells. */
const ignoreLostConnection = (): undefined => undefined

/**
 * Failures that pass by themselves: another process took the port, or the last backend still holds shared
 * memory.
 */
const isPassing = (error: unknown): boolean =>
  error instanceof ServerFailedToStart &&
  error.logTail.some(
    (line) => line.includes("Address already in use") || line.includes("shared memory block"),
  )

/**
 * Stops a server that runs on this data although no living owner has the lock, even if the lock file is lost.
 */
const stopOrphan = async (folder: DataFolder, dataFolder: string): Promise<void> => {
  const pid = readPostmaster(dataFolder)?.pid
  if (pid === undefined) return
  await folder.stopOrphan(
    pid,
    (line) => line.includes(`-D ${dataFolder} `) || line.includes(`-D ${handedName(0)} `),
  )
}
