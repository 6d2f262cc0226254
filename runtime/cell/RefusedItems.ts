/**
 * The commands and messages that fail when the journal refuses the commit of a round.
 *
 * Owns the order of messages in this case: a message that waits behind a refused one fails as well, and both
 * come again in their order. RefusedRound.ts gives the errors.
 */
import type { Round } from "./Round.ts"
import { isCommand, type Waiting, type WaitingCommand } from "./Waiting.ts"

/**
 * Each item of the commit. For a fence, which carries no item: each command that would have been refused
 * after it. If the refusal may pass, also the messages that wait in `queue`, because they would overtake
 * earlier ones if stored now.
 */
export const refusedItems = (
  round: Round,
  queue: ReadonlyArray<Waiting>,
  mayPass: boolean,
): ReadonlySet<WaitingCommand> => {
  const isFence = round.entries.length === 0
  const carried = isFence ? round.taken.filter(isCommand) : round.entries.map(({ waiting }) => waiting)
  if (!mayPass || !carried.some(isMessage)) return new Set(carried)
  return new Set([...carried, ...[...round.taken, ...queue].filter(isMessage)])
}

const isMessage = (item: Waiting): item is WaitingCommand => isCommand(item) && item.isMessage
