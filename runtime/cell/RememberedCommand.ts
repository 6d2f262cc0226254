/** What is remembered of one applied command. */
export interface RecentCommand {
  readonly fingerprint: string
  /** Version of its last event. */
  readonly version: number
  /** Journal sequence of its commit. */
  readonly sequence: number
  readonly reply: unknown
}

/** The same with its id. */
export interface Remembered extends RecentCommand {
  readonly commandId: string
}
