/**
 * An actor whose history cannot be read.
 *
 * Owns the consequences. If the trouble may pass, the cell tries again for as long as a caller waits. If not,
 * the cell becomes Quarantined and tells all waiting callers why. Either way it starts over from the journal.
 * Recovering.ts and Running.ts read.
 */
import { Effect } from "effect"
import { about } from "../log/LogSubject.ts"
import { logSampled } from "../log/SampledLog.ts"
import { monotonicMs } from "../time/MonotonicTime.ts"
import { type ActorQuarantined, unavailable } from "./AskError.ts"
import { pauseAfter } from "./JournalTrouble.ts"
import { moveOut } from "./MoveOut.ts"
import { type CellCore, withoutState } from "./Phase.ts"
import type { RecoveryError } from "./Recovery.ts"

/**
 * Time in milliseconds for which a quarantined actor answers from memory before its history is read again.
 */
const QUARANTINE_RECHECK_MS = 5_000

export const unreadable = (cell: CellCore, error: RecoveryError): Effect.Effect<void> => {
  const { queue, appends, trouble } = cell
  cell.phase = withoutState(cell.phase)
  const isWorthTrying = queue.isSomeOpen || appends.isAnyUnresolved
  if (error._tag === "JournalUnavailable" && isWorthTrying) {
    queue.unread(error)
    return pauseAfter(++trouble.attemptCount)
  }
  if (error._tag === "ActorQuarantined") return quarantine(cell, error)
  const hint = "Try again with the same commandId: it is applied at most once."
  const stored = queue.mayHoldStored ? "Unknown" : "No"
  queue.failWaiting(unavailable(cell.address, stored, error.message, hint))
  return appends.isAnyUnresolved ? pauseAfter(++trouble.attemptCount) : Effect.void
}

const quarantine = (cell: CellCore, error: ActorQuarantined): Effect.Effect<void> => {
  const { context, queue } = cell
  cell.appends.abandon()
  if (context.unreadable(cell.definition, cell.shardIndex, error)) return Effect.sync(() => moveOut(cell))
  const recheckAtMs = monotonicMs(context.clock) + QUARANTINE_RECHECK_MS
  const { birth } = withoutState(cell.phase)
  cell.phase = { _tag: "Quarantined", error, recheckAtMs, birth }
  queue.failWaiting(error)
  return logSampled("actor quarantined", error.message, { level: "Error" }).pipe(
    about({ actor: cell.address }),
  )
}
