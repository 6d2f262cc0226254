/**
 * The right to run a server on a folder. The lock file `everstate.lock` names the owning process (pid and
 * start time, so that another process with the same pid is not taken for it), and its server's pid and port.
 * A folder with a live owner is refused with `DataFolderInUse`. A dead owner leaves the folder free, and a
 * server that survived its owner is stopped first. Processes in other containers or machines are not seen: a
 * folder belongs to one machine.
 */
import { linkSync, mkdirSync, renameSync, rmSync, writeFileSync } from "node:fs"
import { join, resolve } from "node:path"
import { DataFolderInUse, type ServerName } from "./EmbeddedErrors.ts"
import { readIfThere } from "./OptionalFile.ts"
import { childrenOf, commandLine, isAlive, signal, startToken } from "./ProcessTable.ts"
import { stopTimeoutMs } from "./ServerProcess.ts"
import { until } from "./Until.ts"

interface LockRecord {
  readonly ownerPid: number
  readonly ownerStart: string
  readonly takenAt: string
  readonly serverPid?: number
  readonly serverStart?: string
  readonly port?: number
}

const lockFileName = "everstate.lock"
/** Several processes may find a dead owner's lock at once; each loses at most once to each other process. */
const takeoverAttemptCountMax = 10

export interface DataFolder {
  readonly path: string
  /** Writes the running server into the lock, for the process that finds it after a crash. */
  record(server: { readonly pid: number; readonly port: number }): void
  /** Stops a server that outlived its owner, if `describes` recognises its command line. */
  stopOrphan(pid: number, describes: (commandLine: string) => boolean): Promise<void>
  release(): void
}

/** Creates the folder if it is missing, and takes it for this process. */
export const takeDataFolder = async (server: ServerName, folder: string): Promise<DataFolder> => {
  const path = resolve(folder)
  mkdirSync(path, { recursive: true })
  const lockFile = join(path, lockFileName)
  const own: LockRecord = {
    ownerPid: process.pid,
    ownerStart: startToken(process.pid) ?? "",
    takenAt: new Date().toISOString(),
  }
  const previous = acquire(server, path, lockFile, own)
  const folderTaken: DataFolder = {
    path,
    record: ({ pid, port }) => {
      const record: LockRecord = { ...own, serverPid: pid, serverStart: startToken(pid) ?? "", port }
      writeAtomically(lockFile, record, renameSync)
    },
    stopOrphan: async (pid, describes) => {
      if (isAlive(pid) && describes(commandLine(pid))) await stopProcess(pid)
    },
    release: () => {
      const current = readLock(lockFile)
      if (current?.ownerPid === own.ownerPid && current.takenAt === own.takenAt)
        rmSync(lockFile, { force: true })
    },
  }
  if (previous?.serverPid === undefined || startToken(previous.serverPid) !== previous.serverStart)
    return folderTaken
  try {
    await stopProcess(previous.serverPid)
    return folderTaken
  } catch (error) {
    folderTaken.release()
    throw error
  }
}

/** Takes the lock, or throws. Returns the dead owner's record if there was one. */
const acquire = (
  server: ServerName,
  folder: string,
  lockFile: string,
  own: LockRecord,
): LockRecord | undefined => {
  let stale: LockRecord | undefined
  for (let attempt = 0; ; attempt++) {
    try {
      // A link appears as a whole, and only if the name is free: so taking the lock is atomic.
      writeAtomically(lockFile, own, linkSync)
      return stale
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error
    }
    const current = readLock(lockFile)
    if (current === undefined) continue // released in between
    if (attempt >= takeoverAttemptCountMax || startToken(current.ownerPid) === current.ownerStart) {
      throw inUse(server, folder, current)
    }
    stale = discardStale(lockFile, current) ?? stale
  }
}

/** Moves a dead owner's lock aside. If another process took over in between, its lock is put back. */
const discardStale = (lockFile: string, expected: LockRecord): LockRecord | undefined => {
  const aside = `${lockFile}.${process.pid}.stale`
  try {
    renameSync(lockFile, aside)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined // another process was first
    throw error
  }
  const moved = readLock(aside)
  const isTheStale = moved?.ownerPid === expected.ownerPid && moved.takenAt === expected.takenAt
  if (isTheStale) rmSync(aside)
  else renameSync(aside, lockFile)
  return isTheStale ? expected : undefined
}

const inUse = (server: ServerName, folder: string, current: LockRecord): DataFolderInUse =>
  new DataFolderInUse({
    server,
    folder,
    ownerPid: current.ownerPid,
    ...(current.port === undefined ? {} : { port: current.port }),
    takenAt: current.takenAt,
    hint: "Stop that process, choose another folder, or point NATS_URL / DATABASE_URL at the servers that it runs; their passwords are in files of that name.",
  })

/** Record of a file that a power cut has torn: the process that wrote it is dead. */
const tornLock: LockRecord = { ownerPid: 0, ownerStart: "torn", takenAt: "" }

/** The lock's record; undefined if there is no lock. */
const readLock = (lockFile: string): LockRecord | undefined => {
  const text = readIfThere(lockFile)
  if (text === undefined) return undefined
  try {
    const record: unknown = JSON.parse(text)
    return isLockRecord(record) ? record : tornLock
  } catch {
    return tornLock // JSON.parse fails only for a torn file
  }
}

const isLockRecord = (value: unknown): value is LockRecord =>
  typeof value === "object" &&
  value !== null &&
  "ownerPid" in value &&
  typeof value.ownerPid === "number" &&
  "ownerStart" in value &&
  typeof value.ownerStart === "string" &&
  "takenAt" in value &&
  typeof value.takenAt === "string"

const writeAtomically = (
  lockFile: string,
  record: LockRecord,
  place: (from: string, to: string) => void,
): void => {
  const draft = `${lockFile}.${process.pid}.draft`
  writeFileSync(draft, `${JSON.stringify(record)}\n`)
  try {
    place(draft, lockFile)
  } finally {
    rmSync(draft, { force: true })
  }
}

const stopProcess = async (pid: number): Promise<void> => {
  for (const one of [...childrenOf(pid), pid]) signal(one, "SIGCONT")
  signal(pid, "SIGINT") // orderly for both servers; Postgres does not wait for its clients
  if (await until(() => !isAlive(pid), stopTimeoutMs)) return
  signal(pid, "SIGKILL")
  await until(() => !isAlive(pid), stopTimeoutMs)
}
