/**
 * The user that servers run as. No server runs as root: if this process is root, its servers run as the
 * folder's owner or, if that is root, as `nobody`. Owns that choice, and giving folders to the user;
 * `NatsServer.ts` and `PostgresServer.ts` spawn their processes with it.
 */
import { spawnSync } from "node:child_process"
import { chmodSync, chownSync, lstatSync, readdirSync, type Stats, statSync } from "node:fs"
import { dirname, join, resolve } from "node:path"

/** Options for `child_process.spawn`. */
export interface RunAs {
  readonly uid: number
  readonly gid: number
}

/** Id of `nobody` on Linux, if the system cannot be asked. */
const nobodyId = 65_534

const askId = (flag: "-u" | "-g"): number => {
  const { status, stdout } = spawnSync("id", [flag, "nobody"], { encoding: "utf8" })
  const id = Number(stdout)
  return status === 0 && Number.isInteger(id) ? id : nobodyId
}

/** Undefined if this process is not root: servers then run as the same user. */
export const unprivilegedRunAs = (folder: string): RunAs | undefined => {
  if (process.getuid?.() !== 0) return undefined
  const { uid, gid } = statSync(folder)
  return uid === 0 ? { uid: askId("-u"), gid: askId("-g") } : { uid, gid }
}

/**
 * Makes the user the owner of the folder and of everything in it. Links are changed themselves, never
 * followed.
 */
export const handOver = (path: string, runAs: RunAs | undefined): void => {
  if (runAs === undefined) return
  const stats = lstatSync(path)
  if (stats.isSymbolicLink()) return
  if (stats.uid !== runAs.uid || stats.gid !== runAs.gid) chownSync(path, runAs.uid, runAs.gid)
  if (stats.isDirectory()) for (const name of readdirSync(path)) handOver(join(path, name), runAs)
}

/** True if the user can reach this path: every folder above it lets the user through. */
export const canReach = (path: string, runAs: RunAs | undefined): boolean => {
  if (runAs === undefined) return true
  for (let folder = dirname(resolve(path)); ; folder = dirname(folder)) {
    if (!mayEnter(statSync(folder), runAs)) return false
    if (folder === dirname(folder)) return true
  }
}

const mayEnter = ({ mode, uid, gid }: Stats, runAs: RunAs): boolean =>
  (uid === runAs.uid ? mode & 0o100 : gid === runAs.gid ? mode & 0o010 : mode & 0o001) !== 0

/** Lets the user pass through the folder. Its owner stays the same, and other users get no further rights. */
export const letEnter = (folder: string, runAs: RunAs | undefined): void => {
  if (runAs === undefined) return
  const stats = statSync(folder)
  if (mayEnter(stats, runAs)) return
  chownSync(folder, stats.uid, runAs.gid)
  chmodSync(folder, stats.mode | 0o010)
}
