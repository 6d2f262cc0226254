/**
 * No server runs as root. When this process is root, its servers run as another user: the folder's owner if that is not
 * root, or `nobody`. Owns that choice and the hand-over of folders; `NatsServer.ts` and `PostgresServer.ts` spawn
 * their processes with it.
 */
import { spawnSync } from "node:child_process"
import { chmodSync, chownSync, lstatSync, readdirSync, type Stats, statSync } from "node:fs"
import { dirname, join, resolve } from "node:path"

/** Goes into the options of `child_process.spawn` as it is. */
export interface RunAs {
  readonly uid: number
  readonly gid: number
}

/** What Linux calls nobody, where the system cannot be asked. */
const nobodyId = 65_534

const askId = (flag: "-u" | "-g"): number => {
  const { status, stdout } = spawnSync("id", [flag, "nobody"], { encoding: "utf8" })
  const id = Number(stdout)
  return status === 0 && Number.isInteger(id) ? id : nobodyId
}

/** Undefined when this process is not root: then the server simply runs as the same user. */
export const unprivilegedRunAs = (folder: string): RunAs | undefined => {
  if (process.getuid?.() !== 0) return undefined
  const { uid, gid } = statSync(folder)
  return uid === 0 ? { uid: askId("-u"), gid: askId("-g") } : { uid, gid }
}

/** Makes the folder and everything in it the user's own. Links are changed themselves, never followed. */
export const handOver = (path: string, runAs: RunAs | undefined): void => {
  if (runAs === undefined) return
  const stats = lstatSync(path)
  if (stats.isSymbolicLink()) return
  if (stats.uid !== runAs.uid || stats.gid !== runAs.gid) chownSync(path, runAs.uid, runAs.gid)
  if (stats.isDirectory()) for (const name of readdirSync(path)) handOver(join(path, name), runAs)
}

/** Whether the user may walk down to this path: every folder above it lets them through. */
export const canReach = (path: string, runAs: RunAs | undefined): boolean => {
  if (runAs === undefined) return true
  for (let folder = dirname(resolve(path)); ; folder = dirname(folder)) {
    if (!mayEnter(statSync(folder), runAs)) return false
    if (folder === dirname(folder)) return true
  }
}

const mayEnter = ({ mode, uid, gid }: Stats, runAs: RunAs): boolean =>
  (uid === runAs.uid ? mode & 0o100 : gid === runAs.gid ? mode & 0o010 : mode & 0o001) !== 0

/** Lets the user walk through the folder, which stays its owner's; others may do no more than before. */
export const letEnter = (folder: string, runAs: RunAs | undefined): void => {
  if (runAs === undefined) return
  const stats = statSync(folder)
  if (mayEnter(stats, runAs)) return
  chownSync(folder, stats.uid, runAs.gid)
  chmodSync(folder, stats.mode | 0o010)
}
