/**
 * Names of the timers of a machine and of its children, which wait side by side.
 *
 * Owns that a timer is set and cancelled by the actor that it belongs to: a child's names begin with its address
 * (../machine/Family.ts), and another actor may have the same text in its own ids; and what becomes of several timers under
 * one id, which XState forgets in an order of its own. Who sets them: Intents.ts.
 */
import { type AnyEvent, INSIDE } from "../event/Event.ts"
import type { Draft, PendingTimer } from "./Pending.ts"

/** Address of the actor whose timer brings the event; "" for the machine itself. */
export const ownerOf = ({ type, from }: AnyEvent): unknown => (type === INSIDE ? from : "")

/** The name under which a timer of `owner` waits: its id, unless a timer of another actor has that name. */
export const timerNameIn = (draft: Draft, id: string, owner: unknown): string => {
  const known = draft.now.timers.get(id)
  return known === undefined || ownerOf(known.e) === owner ? id : otherName(id, owner)
}

/** Cancels the timer `id` of `owner`; absent: of a machine without children. */
export const cancelIn = (draft: Draft, id: string, owner = ""): void => {
  for (const n of namesIn(draft, id, owner)) draft.timers.delete(n)
}

/**
 * Takes the id from the timer that waits under it: the timer fires, and nothing can cancel it any more. So it is in XState
 * where a later timer takes the id, and where an earlier timer of that id fires.
 */
export const detachIn = (draft: Draft, id: string, owner: unknown): void => {
  for (const n of namesIn(draft, id, owner)) {
    const timer = draft.timers.get(n) as PendingTimer
    draft.timers.delete(n)
    draft.timers.set(`${id}#earlier:${timer.g}`, timer)
  }
}

/** The id that a timer had which {@link detachIn} has taken it from; `undefined` for any other timer. */
export const lostIdOf = (n: string): string | undefined => DETACHED.exec(n)?.[1]

const DETACHED = /^(.*)#earlier:\d+\.\d+$/s

const namesIn = (draft: Draft, id: string, owner: unknown): ReadonlyArray<string> =>
  [id, otherName(id, owner)].filter((n) => {
    const known = draft.now.timers.get(n)
    return known !== undefined && ownerOf(known.e) === owner
  })

const otherName = (id: string, owner: unknown): string => `${id} (of ${JSON.stringify(owner)})`
