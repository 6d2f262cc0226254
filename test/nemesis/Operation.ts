/** One thing that a client did: what it asked, when, and what came of it. Times are of `performance.now()`. */
export interface Operation {
  readonly actor: string
  readonly invokedMs: number
  /** Infinity: nobody knows whether it has ended. */
  returnedMs: number
  /** Absent: a read. */
  readonly add?: { readonly commandId: string; readonly by: number }
  outcome: Outcome | undefined
}

export type Outcome =
  | { readonly version: number; readonly total: number; readonly isDuplicate: boolean }
  | { readonly error: string; readonly isTransient: boolean; readonly isNotStored: boolean }

/** It was answered as asked. */
export const isDone = (operation: Operation): boolean =>
  operation.outcome !== undefined && "version" in operation.outcome
