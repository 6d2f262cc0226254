/**
 * Judges the order of tells: what one process has accepted for an actor is applied in the order in which it was
 * accepted, whichever road each tell took.
 *
 * It looks at tells that went to one node once, because a repeat may come first elsewhere. Of two tells it judges
 * those of which the first was answered before the second was made.
 */
import { Exit } from "effect"
import { type Attempt, type Clients, describe, type Operation } from "./Client.ts"
import type { DeliveryChecker } from "./DeliveryChecker.ts"
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

/** Checks the tells of a run in which messages arrive in sending order. Throws {@link Violation}. */
export const checkTellOrder = (
  world: World,
  reference: Reference,
  clients: Pick<Clients, "operations" | "attemptCount">,
  deliveries: Pick<DeliveryChecker, "isOrdered" | "wasDisturbed">,
): void => {
  if (!deliveries.isOrdered) return
  const byLane = new Map<string, Array<ToldOnce>>()
  for (const operation of clients.operations) {
    const { answer, attempt, returned, commandId, address, request } = operation
    if (request.via !== "tell" || attempt === undefined || returned === undefined) continue
    if (answer === undefined || Exit.isFailure(answer)) continue
    if (clients.attemptCount(commandId) !== 1 || deliveries.wasDisturbed(address.key, commandId)) continue
    const told = toldOnce(reference, operation, attempt, returned)
    if (told === undefined) continue
    const lane = `${attempt.process.number} ${address.key}`
    byLane.set(lane, [...(byLane.get(lane) ?? []), told])
  }
  for (const lane of byLane.values()) checkLane(world, lane)
}

const toldOnce = (
  reference: Reference,
  operation: Operation,
  { handedOver }: Attempt,
  returned: number,
): ToldOnce | undefined => {
  const applied = reference.actor(operation.address).commands.get(operation.commandId)
  return applied && { operation, handedOver, returned, index: applied.index }
}

const checkLane = (world: World, lane: ReadonlyArray<ToldOnce>): void => {
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
