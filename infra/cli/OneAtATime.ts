/**
 * Work that only one process of this machine does at a time, such as a build into one folder.
 *
 * Owns the lock, which is a file. A process that ends without removing its lock loses it.
 */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { dirname } from "node:path"
import { setTimeout as sleep } from "node:timers/promises"

/** Pause between two looks at the lock of another process, in milliseconds. */
const LOOK_MS = 100

/** Runs `work` while the file exists with the id of this process. Waits for a process that runs it already. */
export const oneAtATime = async <Done>(file: string, work: () => Promise<Done>): Promise<Done> => {
  while (!isTaken(file)) await sleep(LOOK_MS)
  try {
    return await work()
  } finally {
    rmSync(file, { force: true })
  }
}

/** Takes the lock, unless a living process has it. */
const isTaken = (file: string): boolean => {
  try {
    mkdirSync(dirname(file), { recursive: true })
    writeFileSync(file, String(process.pid), { flag: "wx" })
    return true
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== "EEXIST") throw cause
    if (!isAlive(ownerOf(file))) rmSync(file, { force: true })
    return false
  }
}

/** Id of the process that has the lock; undefined if it is being written or removed. */
const ownerOf = (file: string): number | undefined => {
  try {
    const id = Number(readFileSync(file, "utf8"))
    return id > 0 ? id : undefined
  } catch {
    return undefined // removed since: the next look finds it free
  }
}

const isAlive = (id: number | undefined): boolean => {
  if (id === undefined) return true
  try {
    process.kill(id, 0)
    return true
  } catch (cause) {
    return (cause as NodeJS.ErrnoException).code === "EPERM" // it lives, and belongs to somebody else
  }
}
