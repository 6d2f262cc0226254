/**
 * Plays a round on a state, within the current limits. Owns only that step of Asleep.ts and Running.ts. What
 * a round is: Round.ts.
 */
import type { Confirmed } from "./Fold.ts"
import type { CellCore } from "./Phase.ts"
import { playRound, type Round } from "./Round.ts"

/** Decides the waiting items on `confirmed`. */
export const play = ({ context, definition, address, queue }: CellCore, confirmed: Confirmed): Round => {
  const { clock, journal, commitFormat } = context
  const nowMs = clock.currentTimeMillisUnsafe()
  const limits = { commitBytesMax: journal.commitBytesMax, format: commitFormat(), nowMs }
  const round = playRound(definition, address, confirmed, queue.waiting, limits)
  queue.taken(round.taken)
  return round
}

/** Journal sequence that the state must include, for waiting items and for appends with an open outcome. */
export const neededSequence = ({ queue, appends }: CellCore): number =>
  Math.max(queue.neededSequence, appends.expectedSequence)
