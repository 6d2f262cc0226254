/**
 * A round whose commit the journal has acknowledged, or that needs none: answers, what the commit carries, actions, snapshots.
 *
 * Owns the order of these. Who has played the round: Running.ts, Asleep.ts.
 */
import { bornFirst, runActions } from "./Actions.ts"
import { invariant } from "./Assert.ts"
import { itemsOfBirth } from "./Birth.ts"
import type { Confirmed } from "./Fold.ts"
import { type CellCore, withoutState } from "./Phase.ts"
import type { Round } from "./Round.ts"
import type { RoundAppend } from "./RoundAppend.ts"
import { confirmedAt } from "./RoundCommit.ts"
import type { SnapshotDue } from "./SnapshotDue.ts"
import { isOpen } from "./Waiting.ts"

/** The actor once the commit of `append` is stored at `sequence`. Nobody is told yet. */
export const confirmedBy = ({ cell, before, round, stamp }: RoundAppend, sequence: number): Confirmed => {
  cell.trouble.attemptCount = 0
  cell.queue.journalWorks()
  const confirmed = confirmedAt({ sequence, ...stamp }, before, round)
  invariant(confirmed.version >= before.version, "versions of an actor ascend", () => ({
    key: cell.address.key,
    before: before.version,
    stored: confirmed.version,
  }))
  return confirmed
}

/** Tells everybody whom the commit that led to `confirmed` concerns. */
export const tell = (
  { cell, before, round, stamp }: RoundAppend,
  confirmed: Confirmed,
  snapshotDue: SnapshotDue,
): void => {
  const { counts, outbox, snapshotWriter } = cell.context
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
  cell.appends.reached(sequence)
  answer(cell, round, confirmed)
  runActions(bornFirst(round), cell.context, cell, confirmed, atMs)
  if (snapshotDue.isDue(confirmed)) snapshotWriter.mark(cell)
}

/** Gives the answers of a round, which rest on `confirmed`. */
export const answer = (cell: CellCore, round: Round, confirmed: Confirmed): void => {
  cell.context.counts.answeredCount += round.answers.length
  for (const give of round.answers) give(confirmed)
  cell.queue.roundIsOver()
  // Recovered from the journal before the next round, in which reads get their answers.
  if (round.isStateSuspect) {
    cell.phase = withoutState(cell.phase)
    cell.queue.putBack(round.taken.filter(isOpen))
  }
}
