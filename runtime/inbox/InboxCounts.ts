/** Counters of a node's inbox since its start, for status and metrics. */
export interface InboxCounts {
  /** Messages that were handed out. */
  receivedCount: number
  /** Messages that are finished: applied, or without effect. */
  settledCount: number
  /** Messages that were put back to be tried again. */
  retriedCount: number
  /** Messages that became dead letters, and tells of this process that their actors refused. */
  deadLetterCount: number
}

export const noInboxCounts = (): InboxCounts => ({
  receivedCount: 0,
  settledCount: 0,
  retriedCount: 0,
  deadLetterCount: 0,
})
