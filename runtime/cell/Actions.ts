/**
 * Runs the actions that transitions asked for, once their commit is stored.
 *
 * Owns the contract that actions are best effort (docs/ARCHITECTURE.md): an action that throws is counted,
 * and the commit stands. An event that an action sends to its own actor (`self.send`) comes to the actor as a
 * separate message. A crash loses that event until it is stored.
 */
import { Exit } from "effect"
import type { ActorAddress } from "../address/ActorAddress.ts"
import type { ActorDefinition } from "../definition/Actor.ts"
import type { AnyEvent } from "../event/Event.ts"
import { plainJson } from "../json/Json.ts"
import type { ActionSelf, CapturedAction } from "../machine/Intent.ts"
import { selfSentId } from "../message/OutboxItem.ts"
import type { CellCounts } from "./CellCounts.ts"
import type { Confirmed } from "./Fold.ts"
import { type Waiting, WaitingCommand } from "./Waiting.ts"

export interface ActionPorts {
  readonly counts: CellCounts
  /** Hands an item to its actor. */
  readonly offer: (definition: ActorDefinition, address: ActorAddress, waiting: Waiting) => void
}

/** The birth or the events that asked for actions. */
interface Acting {
  readonly proposal: { readonly actions: ReadonlyArray<CapturedAction> }
}

/** What asked for actions in a round, with the birth first. */
export const bornFirst = ({
  birth,
  entries,
}: {
  readonly birth: Acting["proposal"] | undefined
  readonly entries: ReadonlyArray<Acting>
}): ReadonlyArray<Acting> => (birth === undefined ? entries : [{ proposal: birth }, ...entries])

interface ActionOwner {
  readonly definition: ActorDefinition
  readonly address: ActorAddress
}

/** Runs the actions of the commit that led to `confirmed` and was decided at `atMs`. */
export const runActions = (
  entries: ReadonlyArray<Acting>,
  ports: ActionPorts,
  owner: ActionOwner,
  confirmed: Confirmed,
  atMs: number,
): void => {
  let self: ActionSelf | undefined
  for (const { proposal } of entries) {
    for (const action of proposal.actions) {
      self ??= selfOf(ports, owner, confirmed, atMs)
      try {
        action.run(self)
      } catch {
        ports.counts.actionFailedCount++
      }
    }
  }
}

const selfOf = (
  { counts, offer }: ActionPorts,
  { definition, address }: ActionOwner,
  { state, sequence }: Confirmed,
  atMs: number,
): ActionSelf => {
  let sentCount = 0
  const send = (given: AnyEvent): void => {
    const event = eventIn(given)
    const signal = {
      _tag: "Signal",
      kind: "self",
      commandId: selfSentId(sequence, atMs, sentCount++),
      fingerprint: "",
      metadata: undefined,
      name: event.type,
      since: sequence,
      event,
    } as const
    const answered = (exit: Exit.Exit<unknown, unknown>): void => {
      if (Exit.isFailure(exit)) counts.actionFailedCount++
    }
    offer(definition, address, new WaitingCommand(signal, undefined, answered, true))
  }
  return { id: address.id, send, state }
}

/** A copy of the event, because its sender may change the original later. */
const eventIn = (given: unknown): AnyEvent => {
  const event = plainJson(given) as Partial<AnyEvent> | null
  if (typeof event?.type !== "string") throw new TypeError("Only event objects may be sent to an actor.")
  return event as AnyEvent
}
