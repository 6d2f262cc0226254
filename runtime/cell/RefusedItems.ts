/**
 * The commands and messages that fail when the journal refuses the commit of a round.
 *
 * Owns the order of messages there: a message that waits behind a refused one fails, too, and both come again in their
 * order. What fails how: RefusedRound.ts.
 */
import type { Round } from "./Round.ts"
import { isCommand, type Waiting, type WaitingCommand } from "./Waiting.ts"

/**
 * Each item of the commit; of a fence, which carries no item, each command that would have been refused behind it. While
 * the refusal may pass, also the messages that wait in `queue`: stored now, they would be ahead of earlier ones.
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
