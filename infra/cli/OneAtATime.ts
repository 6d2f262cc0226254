/**
 * Work that only one process of this machine does at a time, such as a build into one folder.
 *
 * Owns the waiting. The lock, which a process that ends without releasing it loses: infra/embedded/LockFile.ts.
 */
import { mkdirSync } from "node:fs"
import { dirname } from "node:path"
import { setTimeout as sleep } from "node:timers/promises"
import { releaseLock, takeLock, thisOwner } from "../embedded/LockFile.ts"

/** Pause between two looks at the lock of another process, in milliseconds. */
const LOOK_MS = 100

/** Runs `work` while this process has the lock. Waits for a process that runs it already. */
export const oneAtATime = async <Done>(file: string, work: () => Promise<Done>): Promise<Done> => {
  mkdirSync(dirname(file), { recursive: true })
  const own = thisOwner()
  while ("owner" in takeLock(file, own)) await sleep(LOOK_MS)
  try {
    return await work()
  } finally {
    releaseLock(file, own)
  }
}
