/**
 * What a cell does with a round whose commit the journal has acknowledged, or that needs no commit: it runs
 * the actions, gives the answers, marks a snapshot, and tells the outbox what the commit carries.
 *
 * Owns the order of these steps. The callers are Running.ts and Asleep.ts.
 */
import { invariant } from "../invariant/Invariant.ts"
import { bornFirst, runActions } from "./Actions.ts"
import { itemsOfBirth } from "./Birth.ts"
import type { Confirmed } from "./Fold.ts"
import { type CellCore, withoutState } from "./Phase.ts"
import type { Round } from "./Round.ts"
import type { RoundAppend } from "./RoundAppend.ts"
import { confirmedAt } from "./RoundCommit.ts"
import type { SnapshotDue } from "./SnapshotDue.ts"
import { tellTransitions } from "./TransitionListener.ts"
import { isOpen } from "./Waiting.ts"

/**
 * The actor's state once the commit of `append` is stored at `sequence`. Tells neither callers nor the outbox
 * yet.
 */
export const confirmedBy = ({ cell, before, round, stamp }: RoundAppend, sequence: number): Confirmed => {
  cell.trouble.attemptCount = 0
  cell.queue.journalWorks()
  const confirmed = confirmedAt({ sequence, ...stamp }, before, round)
  invariant(confirmed.version >= before.version, "versionsAscend", () => ({
    key: cell.address.key,
    before: before.version,
    stored: confirmed.version,
  }))
  return confirmed
}

/** Tells the outbox, the callers and the snapshot writer of the commit that led to `confirmed`. */
export const tell = (
  { cell, before, round, stamp }: RoundAppend,
  confirmed: Confirmed,
  snapshotDue: SnapshotDue,
): void => {
  const { counts, outbox, snapshotWriter, transitions } = cell.context
  const { sequence } = confirmed
  const eventCount = confirmed.version - before.version
  counts.committedCount++
  counts.eventCount += eventCount
  snapshotDue.stored(eventCount)
  const { era, atMs } = stamp
  outbox.committed(cell.address, {
    sequence,
    era,
    atMs,
    born: itemsOfBirth(round.birth),
    entries: round.entries,
  })
  if (transitions !== undefined && eventCount > 0) {
    const { state } = round.birth ?? before
    tellTransitions(transitions, cell.definition.type, state, round.entries, atMs)
  }
  cell.appends.reached(sequence)
  const { entries, isStateSuspect } = round
  cell.context.changes.changed(cell.address, { before, after: confirmed, atMs, entries, isStateSuspect })
  answer(cell, round, confirmed)
  runActions(bornFirst(round), cell.context, cell, confirmed, atMs)
  if (snapshotDue.isDue(confirmed)) snapshotWriter.mark(cell)
}

/** Gives the answers of a round whose state is `confirmed`. */
export const answer = (cell: CellCore, round: Round, confirmed: Confirmed): void => {
  cell.context.counts.answeredCount += round.answers.length
  for (const give of round.answers) give(confirmed)
  cell.queue.roundIsOver()
  // The cell reads the actor from the journal before the next round, which answers the reads.
  if (round.isStateSuspect) {
    cell.phase = withoutState(cell.phase)
    cell.queue.putBack(round.taken.filter(isOpen))
  }
}
