/**
 * The right to run a server on a folder. The lock file `everstate.lock` (LockFile.ts) names the owning process, and its
 * server's pid and port. A folder with a live owner is refused with `DataFolderInUse`. A dead owner leaves the folder
 * free, and a server that survived its owner is stopped first. Processes in other containers or machines are not seen:
 * a folder belongs to one machine.
 */
import { mkdirSync } from "node:fs"
import { join, resolve } from "node:path"
import { DataFolderInUse, type ServerName } from "./EmbeddedErrors.ts"
import { type LockOwner, releaseLock, rewriteLock, takeLock, thisOwner } from "./LockFile.ts"
import { childrenOf, commandLine, isAlive, signal, startToken } from "./ProcessTable.ts"
import { stopTimeoutMs } from "./ServerProcess.ts"
import { until } from "./Until.ts"

/** The lock of a folder, with the server that runs on it. */
interface LockRecord extends LockOwner {
  readonly serverPid?: number
  readonly serverStart?: string
  readonly port?: number
}

const lockFileName = "everstate.lock"

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
  const own: LockRecord = thisOwner()
  const outcome = takeLock(lockFile, own)
  if ("owner" in outcome) throw inUse(server, path, outcome.owner)
  const previous = outcome.stale
  const folderTaken: DataFolder = {
    path,
    record: ({ pid, port }) => {
      const record: LockRecord = { ...own, serverPid: pid, serverStart: startToken(pid) ?? "", port }
      rewriteLock(lockFile, record)
    },
    stopOrphan: async (pid, describes) => {
      if (isAlive(pid) && describes(commandLine(pid))) await stopProcess(pid)
    },
    release: () => releaseLock(lockFile, own),
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

const inUse = (server: ServerName, folder: string, current: LockRecord): DataFolderInUse =>
  new DataFolderInUse({
    server,
    folder,
    ownerPid: current.ownerPid,
    ...(current.port === undefined ? {} : { port: current.port }),
    takenAt: current.takenAt,
    hint: "Stop that process, choose another folder, or point NATS_URL / DATABASE_URL at the servers that it runs; their passwords are in files of that name.",
  })

const stopProcess = async (pid: number): Promise<void> => {
  for (const one of [...childrenOf(pid), pid]) signal(one, "SIGCONT")
  signal(pid, "SIGINT") // orderly for both servers; Postgres does not wait for its clients
  if (await until(() => !isAlive(pid), stopTimeoutMs)) return
  signal(pid, "SIGKILL")
  await until(() => !isAlive(pid), stopTimeoutMs)
}
