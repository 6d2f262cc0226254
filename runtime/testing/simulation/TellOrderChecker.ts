/**
 * Judges the order of tells: what one process has accepted for an actor is applied in the order in which it was
 * accepted, whichever road each tell took.
 *
 * It looks at tells that went to one node once, because a repeat may come first elsewhere. Of two tells it judges
 * those of which the first was answered before the second was made.
 */
import { Exit } from "effect"
import { type Attempt, describe, type Operation } from "./Client.ts"
import type { Reference } from "./Reference.ts"
import { PROMISES, Violation } from "./Violation.ts"
import type { World } from "./World.ts"

interface ToldOnce {
  readonly operation: Operation
  readonly handedOver: number
  readonly returned: number
  /** Index among the actor's commands. */
  readonly index: number
}

export interface TellOrderContext {
  readonly world: World
  readonly reference: Reference
  readonly attemptCount: (commandId: string) => number
  /** Whether the tell was refused once, was stored twice, or was lost with the mailbox. */
  readonly wasDisturbed: (key: string, commandId: string) => boolean
}

/** Checks the tells of a run. Throws {@link Violation}. */
export const checkTellOrder = (context: TellOrderContext, operations: ReadonlyArray<Operation>): void => {
  const byLane = new Map<string, Array<ToldOnce>>()
  for (const operation of operations) {
    const { answer, attempt, returned } = operation
    if (operation.request.via !== "tell" || attempt === undefined || returned === undefined) continue
    if (answer === undefined || Exit.isFailure(answer)) continue
    const told = toldOnce(context, operation, attempt, returned)
    if (told === undefined) continue
    const lane = `${attempt.process.number} ${operation.address.key}`
    byLane.set(lane, [...(byLane.get(lane) ?? []), told])
  }
  for (const lane of byLane.values()) checkLane(context, lane)
}

const toldOnce = (
  { reference, attemptCount, wasDisturbed }: TellOrderContext,
  operation: Operation,
  { handedOver }: Attempt,
  returned: number,
): ToldOnce | undefined => {
  const { address, commandId } = operation
  if (attemptCount(commandId) !== 1 || wasDisturbed(address.key, commandId)) return undefined
  const applied = reference.actor(address).commands.get(commandId)
  return applied && { operation, handedOver, returned, index: applied.index }
}

const checkLane = ({ world }: TellOrderContext, lane: ReadonlyArray<ToldOnce>): void => {
  for (const later of lane) {
    for (const earlier of lane) {
      if (earlier.returned >= later.handedOver) continue
      world.mark("two tells of one process to one actor")
      if (earlier.index < later.index) continue
      const detail = `${describe(later.operation)} was applied before ${describe(earlier.operation)}, which was told before`
      throw new Violation(PROMISES.ordered, detail)
    }
  }
}
