/**
 * Quarantined: this code cannot read the actor's history.
 *
 * Before: Recovering.ts or Running.ts, when a record could not be applied (Unreadable.ts). After:
 * Recovering.ts, after a few seconds, because a snapshot or a repaired journal may help.
 *
 * Owns that each item for such an actor fails at once, with the reason.
 */
import { monotonicMs } from "../time/MonotonicTime.ts"
import type { CellCore, Quarantined } from "./Phase.ts"
import { recovering } from "./Recovering.ts"
import type { Step } from "./Wait.ts"

export const quarantined = (cell: CellCore, phase: Quarantined): Step => {
  if (monotonicMs(cell.context.clock) >= phase.recheckAtMs) return recovering(cell, phase)
  cell.queue.failWaiting(phase.error)
  return undefined
}
