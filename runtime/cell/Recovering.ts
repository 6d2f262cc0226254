/**
 * Recovering: the actor's history is read from its snapshot and the journal.
 *
 * Before: Asleep.ts, or Quarantined.ts after its pause. After: Running.ts; the phase before, if the journal
 * does not answer; Quarantined.ts, if the history cannot be read.
 *
 * Owns the way into memory. Recovery.ts reads a history. Unreadable.ts handles a history that cannot be read.
 */
import { Effect } from "effect"
import type { Asleep, CellCore, Quarantined } from "./Phase.ts"
import { type Recovered, recover } from "./Recovery.ts"
import { SnapshotDue } from "./SnapshotDue.ts"
import { unreadable } from "./Unreadable.ts"
import { EffectWait, type Step } from "./Wait.ts"
import { timersWithout } from "./Waiting.ts"

export const recovering = (cell: CellCore, from: Asleep | Quarantined): Step => {
  const { context, definition, address, appends } = cell
  cell.phase = { _tag: "Recovering", from }
  const toldUpTo = from.birth?.toldUpTo ?? appends.toldUpTo
  const recovered = context.recoveryGate(recover(context, definition, address, toldUpTo))
  return new EffectWait(
    context.fork,
    Effect.matchEffect(recovered, {
      onFailure: (error) => unreadable(cell, error),
      onSuccess: (found) => Effect.sync(() => awake(cell, from, found)),
    }),
  )
}

const awake = (cell: CellCore, { birth }: Asleep | Quarantined, { confirmed, snapshot }: Recovered): void => {
  const { context, definition, address, queue, appends, trouble } = cell
  context.counts.activatedCount++
  birth?.read(confirmed, queue.waiting[0])
  trouble.attemptCount = 0
  queue.journalWorks()
  const snapshotDue = new SnapshotDue(definition)
  cell.phase = { _tag: "Running", confirmed, snapshotDue, behindCount: 0 }
  appends.reached(confirmed.sequence)
  context.changes.caughtUp(address, confirmed)
  snapshotDue.recovered(confirmed, snapshot)
  const { pending, sequence } = confirmed
  if (pending.timers.size > 0) {
    context.outbox.activated(address, timersWithout(pending.timers, queue.waiting), sequence)
  }
  if (snapshotDue.isDue(confirmed)) context.snapshotWriter.mark(cell)
}
