/** What a node's inbox has done since its start, for status and metrics. */
export interface InboxCounts {
  /** Messages that were handed out. */
  receivedCount: number
  /** Messages that are done with: applied, or of no effect any more. */
  settledCount: number
  /** Messages that were put back to be tried again. */
  retriedCount: number
  deadLetterCount: number
}

export const noInboxCounts = (): InboxCounts => ({
  receivedCount: 0,
  settledCount: 0,
  retriedCount: 0,
  deadLetterCount: 0,
})
