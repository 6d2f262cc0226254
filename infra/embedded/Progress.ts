/** The progress of a start, for a terminal that shows it. Owns the shape alone; the caller draws it. */
import type { ServerName } from "./EmbeddedErrors.ts"

/** One step of a start. A `fetch` has `bytes` and `totalBytes` if the source tells them. */
export interface Progress {
  readonly server: ServerName
  readonly step: "find" | "fetch" | "init" | "start" | "ready"
  readonly message: string
  readonly bytes?: number
  readonly totalBytes?: number
}

/** Called synchronously at each step; it must not throw. */
export type OnProgress = (progress: Progress) => void

/** Ignores all progress. */
export const ignoreProgress: OnProgress = () => undefined
