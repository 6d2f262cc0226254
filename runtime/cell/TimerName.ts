/**
 * Names of the timers of a machine and of its children, which wait side by side.
 *
 * Owns that a timer is set and cancelled by the actor that it belongs to: a child's names begin with its address
 * (../machine/Family.ts), and another actor may have the same text in its own ids. Who sets them: Intents.ts.
 */
import { type AnyEvent, INSIDE } from "../event/Event.ts"
import type { Draft } from "./Pending.ts"

/** Address of the actor whose timer brings the event; "" for the machine itself. */
export const ownerOf = ({ type, from }: AnyEvent): unknown => (type === INSIDE ? from : "")

/** The name under which a timer of `owner` waits: its id, unless a timer of another actor has that name. */
export const timerNameIn = (draft: Draft, id: string, owner: unknown): string => {
  const known = draft.now.timers.get(id)
  return known === undefined || ownerOf(known.e) === owner ? id : otherName(id, owner)
}

/** Cancels the timer `id` of `owner`; absent: of a machine without children. */
export const cancelIn = (draft: Draft, id: string, owner = ""): void => {
  for (const n of [id, otherName(id, owner)]) {
    const known = draft.now.timers.get(n)
    if (known !== undefined && ownerOf(known.e) === owner) draft.timers.delete(n)
  }
}

const otherName = (id: string, owner: unknown): string => `${id} (of ${JSON.stringify(owner)})`
