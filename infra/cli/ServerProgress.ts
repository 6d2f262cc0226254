/**
 * Shows on stderr what the embedded servers are doing while they start: a line a step, and on a terminal the share of
 * a download that has come so far.
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
