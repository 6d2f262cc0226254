/** What a start is doing, for a terminal that wants to show it. Owns the shape alone; drawing is the caller's. */
import type { ServerName } from "./EmbeddedErrors.ts"

/** One step of a start. `bytes` and `totalBytes` come with `fetch` where the source tells them. */
export interface Progress {
  readonly server: ServerName
  readonly step: "find" | "fetch" | "init" | "start" | "ready"
  readonly message: string
  readonly bytes?: number
  readonly totalBytes?: number
}

/** Called synchronously at each step; it must not throw. */
export type OnProgress = (progress: Progress) => void

/** For whoever does not want to know. */
export const ignoreProgress: OnProgress = () => undefined
