/**
 * A lock that is a file with its owner's pid and start time, so that another process with the same pid is not taken
 * for the owner.
 *
 * Owns taking and releasing it. A dead owner loses the lock, and a lock that was taken in between is never removed.
 * What it guards: a folder of a server (DataFolder.ts), work that one process does at a time
 * (infra/cli/OneAtATime.ts). Processes in other containers or machines are not seen.
 */
import { linkSync, renameSync, rmSync, writeFileSync } from "node:fs"
import { readIfThere } from "./OptionalFile.ts"
import { startToken } from "./ProcessTable.ts"

/** Several processes may find a dead owner's lock at once; each loses at most once to each other process. */
const takeoverAttemptCountMax = 10

/** What a lock says of its owner. A lock may hold further fields. */
export interface LockOwner {
  readonly ownerPid: number
  readonly ownerStart: string
  readonly takenAt: string
}

/** This process as an owner. */
export const thisOwner = (): LockOwner => ({
  ownerPid: process.pid,
  ownerStart: startToken(process.pid) ?? "",
  takenAt: new Date().toISOString(),
})

/** `owner`: a living process has the lock. `stale`: the lock of a dead owner that was taken over. */
type Outcome<Lock> = { readonly owner: Lock } | { readonly stale: Lock | undefined }

/** Takes the lock, unless a living process has it. */
export const takeLock = <Lock extends LockOwner>(lockFile: string, own: Lock): Outcome<Lock> => {
  let stale: Lock | undefined
  for (let attempt = 0; ; attempt++) {
    try {
      // A link appears as a whole, and only if the name is free: so taking the lock is atomic.
      writeAtomically(lockFile, own, linkSync)
      return { stale }
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error
    }
    const current = readLock<Lock>(lockFile)
    if (current === undefined) continue // released in between
    if (attempt >= takeoverAttemptCountMax || startToken(current.ownerPid) === current.ownerStart) {
      return { owner: current }
    }
    stale = discardStale(lockFile, current) ?? stale
  }
}

/** Puts another record of the same owner into the lock. */
export const rewriteLock = (lockFile: string, record: LockOwner): void =>
  writeAtomically(lockFile, record, renameSync)

/** Removes the lock, unless it is another owner's by now. */
export const releaseLock = (lockFile: string, own: LockOwner): void => {
  if (isOf(readLock(lockFile), own)) rmSync(lockFile, { force: true })
}

const isOf = (lock: LockOwner | undefined, { ownerPid, takenAt }: LockOwner): boolean =>
  lock?.ownerPid === ownerPid && lock.takenAt === takenAt

/** Moves a dead owner's lock aside. If another process took over in between, its lock is put back. */
const discardStale = <Lock extends LockOwner>(lockFile: string, expected: Lock): Lock | undefined => {
  const aside = `${lockFile}.${process.pid}.stale`
  try {
    renameSync(lockFile, aside)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined // another process was first
    throw error
  }
  const isTheStale = isOf(readLock(aside), expected)
  if (isTheStale) rmSync(aside)
  else renameSync(aside, lockFile)
  return isTheStale ? expected : undefined
}

/** Owner of a file that a power cut has torn: the process that wrote it is dead. */
const tornLock: LockOwner = { ownerPid: 0, ownerStart: "torn", takenAt: "" }

/** The lock's record; undefined if there is no lock. */
const readLock = <Lock extends LockOwner>(lockFile: string): Lock | undefined => {
  const text = readIfThere(lockFile)
  if (text === undefined) return undefined
  try {
    const record: unknown = JSON.parse(text)
    return (isLockOwner(record) ? record : tornLock) as Lock
  } catch {
    return tornLock as Lock // JSON.parse fails only for a torn file
  }
}

const isLockOwner = (value: unknown): value is LockOwner =>
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
  record: LockOwner,
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
