/**
 * A cell plays a round on a state, within the limits of now. Owns nothing but that step of Asleep.ts and Running.ts; what a
 * round is: Round.ts.
 */
import type { Confirmed } from "./Fold.ts"
import type { CellCore } from "./Phase.ts"
import { playRound, type Round } from "./Round.ts"

/** Decides what waits on `confirmed`. */
export const play = ({ context, definition, address, queue }: CellCore, confirmed: Confirmed): Round => {
  const { clock, journal, commitFormat } = context
  const nowMs = clock.currentTimeMillisUnsafe()
  const limits = { commitBytesMax: journal.commitBytesMax, format: commitFormat(), nowMs }
  const round = playRound(definition, address, confirmed, queue.waiting, limits)
  queue.taken(round.taken)
  return round
}

/** Journal sequence that the state must include, for what waits and for appends whose outcome is open. */
export const neededSequence = ({ queue, appends }: CellCore): number =>
  Math.max(queue.neededSequence, appends.expectedSequence)
