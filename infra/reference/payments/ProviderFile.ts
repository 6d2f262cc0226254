/**
 * The fake payment provider's books on disk: a line of JSON for every operation, written before it is
 * answered.
 *
 * Owns reading and appending. A line that a crash cut off is removed, because its operation was never
 * answered. ProviderLedger.ts owns the meaning of the lines.
 */
import { appendFileSync, existsSync, readFileSync, truncateSync } from "node:fs"
import type { ProviderEntry } from "./ProviderLedger.ts"

export class ProviderFile {
  readonly #path: string

  constructor(path: string) {
    this.#path = path
  }

  /** All booked operations, oldest first. */
  read(): ReadonlyArray<ProviderEntry> {
    if (!existsSync(this.#path)) return []
    const bytes = readFileSync(this.#path)
    const whole = bytes.subarray(0, bytes.lastIndexOf("\n") + 1)
    if (whole.length < bytes.length) truncateSync(this.#path, whole.length)
    return whole
      .toString()
      .split("\n")
      .filter((line) => line !== "")
      .map((line) => JSON.parse(line) as ProviderEntry)
  }

  append(entry: ProviderEntry): void {
    appendFileSync(this.#path, `${JSON.stringify(entry)}\n`)
  }
}
