/**
 * Shows the steps of starting embedded servers on stderr: one line for a step and, on a terminal, the share
 * of a download that has arrived.
 */
import type { OnProgress } from "../embedded/Progress.ts"

const PERCENT = 100

/** A line per step on `stream`. */
export const showServerProgress = (stream: NodeJS.WriteStream): OnProgress => {
  const last = new Map<string, string>()
  return ({ server, step, message, bytes, totalBytes }) => {
    const known = `${step} ${message}`
    if (last.get(server) !== known) {
      last.set(server, known)
      stream.write(`${server.padEnd(8)} ${message}\n`)
    }
    if (stream.isTTY && bytes !== undefined && totalBytes !== undefined && totalBytes > 0) {
      stream.write(`${server.padEnd(8)} ${Math.floor((bytes / totalBytes) * PERCENT)} %\r`)
    }
  }
}
