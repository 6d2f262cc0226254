/**
 * An append whose outcome is open: the journal did not say whether the commit is stored.
 *
 * Owns what happens to its round: the items wait again, and a pause begins. The phase that played the round
 * then reads what the journal holds and decides again. Commands that were stored are found by their ids.
 */
import { Effect } from "effect"
import type { AppendUnknown } from "../journal/Journal.ts"
import { pauseAfter } from "./JournalTrouble.ts"
import type { CellCore } from "./Phase.ts"
import type { Round } from "./Round.ts"

/** Puts the items of `round` back. The effect waits a little. */
export const unknownOutcome = (cell: CellCore, round: Round, error: AppendUnknown): Effect.Effect<void> => {
  cell.appends.unknown()
  for (const { waiting } of round.entries) waiting.wasAttempted = true
  // The commit may make the actor forget their ids.
  for (const repeat of round.repeats) repeat()
  cell.queue.putBack(round.taken)
  cell.queue.unconfirmed(error)
  const { trouble } = cell
  const isFaster = error.reason === "WrongSequence" && trouble.attemptCount === 0
  return isFaster ? Effect.sync(() => void trouble.attemptCount++) : pauseAfter(trouble.attemptCount++)
}
