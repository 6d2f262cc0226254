/**
 * Questions about processes of this machine that Node does not answer: is a process alive, is it still the
 * same process, what does it run, which are its children. Linux answers from /proc, other systems from `ps`.
 * `ServerProcess.ts` and `DataFolder.ts` send signals.
 */
import { spawnSync } from "node:child_process"
import { existsSync, readdirSync, readFileSync } from "node:fs"

const hasProc = existsSync("/proc/self/stat")

/** Fields of /proc/<pid>/stat, counted from the state, which follows the command in parentheses. */
const statField = { state: 0, parentPid: 1, startTicks: 19 } as const

const readStat = (pid: number | string): ReadonlyArray<string> | undefined => {
  try {
    const line = readFileSync(`/proc/${pid}/stat`, "utf8")
    return line.slice(line.lastIndexOf(")") + 2).split(" ")
  } catch {
    return undefined // there is no such process
  }
}

const ps = (...args: ReadonlyArray<string>): string =>
  spawnSync("ps", args, { encoding: "utf8" }).stdout ?? ""

/** False for a zombie, too: a dead process that its parent has not waited for holds nothing. */
export const isAlive = (pid: number): boolean => {
  if (hasProc) {
    const state = readStat(pid)?.[statField.state]
    return state !== undefined && state !== "Z" && state !== "X"
  }
  const state = ps("-o", "stat=", "-p", String(pid)).trim()
  return state !== "" && !state.startsWith("Z")
}

/**
 * A token that changes when the pid is given to another process: the process's start time, as the system
 * tells it. Undefined if there is no such process.
 */
export const startToken = (pid: number): string | undefined => {
  if (!isAlive(pid)) return undefined
  if (hasProc) return readStat(pid)?.[statField.startTicks]
  const started = ps("-o", "lstart=", "-p", String(pid)).trim()
  return started === "" ? undefined : started
}

/** The command line with single spaces; empty if unknown. */
export const commandLine = (pid: number): string => {
  if (!hasProc) return ps("-ww", "-o", "command=", "-p", String(pid)).trim()
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ").trim()
  } catch {
    return "" // the process has ended in the meantime
  }
}

/** Direct children of a process. */
export const childrenOf = (parentPid: number): ReadonlyArray<number> => {
  if (hasProc) {
    return readdirSync("/proc")
      .filter((name) => /^\d+$/.test(name) && readStat(name)?.[statField.parentPid] === String(parentPid))
      .map(Number)
  }
  return ps("-axo", "pid=,ppid=")
    .split("\n")
    .map((line) => line.trim().split(/\s+/).map(Number))
    .flatMap(([pid, ppid]) => (pid !== undefined && ppid === parentPid ? [pid] : []))
}

/** Sends a signal; false if there is no such process. */
export const signal = (pid: number, name: NodeJS.Signals): boolean => {
  try {
    return process.kill(pid, name)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ESRCH") return false
    throw error
  }
}
