/**
 * Runs the actions that transitions asked for, once their commit is stored.
 *
 * Owns that they are best effort by contract (docs/ARCHITECTURE.md): one that throws shows in the counts, the commit stands.
 */
import type { CapturedAction } from "../machine/Intent.ts"
import type { CellCounts } from "./CellCounts.ts"

export const runActions = (actions: ReadonlyArray<CapturedAction>, counts: CellCounts): void => {
  for (const action of actions) {
    try {
      action.run()
    } catch {
      counts.actionFailedCount++
    }
  }
}
