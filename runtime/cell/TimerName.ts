/**
 * Names of the timers of a machine and of its children, which share one list.
 *
 * Owns two rules. A timer is set and cancelled only by the actor that it belongs to: a child's names begin
 * with its address (../machine/Family.ts), because another actor may use the same text in its own ids. And
 * several timers may have had one id, because XState forgets an id when a later timer takes it. Intents.ts
 * sets timers.
 */
import { type AnyEvent, INSIDE } from "../event/Event.ts"
import type { Draft, PendingTimer } from "./Pending.ts"

/** Address of the actor whose timer brings the event; "" for the machine itself. */
export const ownerOf = ({ type, from }: AnyEvent): unknown => (type === INSIDE ? from : "")

/** The name of a timer of `owner`: its id, unless a timer of another actor has that name. */
export const timerNameIn = (draft: Draft, id: string, owner: unknown): string => {
  const known = draft.now.timers.get(id)
  return known === undefined || ownerOf(known.e) === owner ? id : otherName(id, owner)
}

/** Cancels the timer `id` of `owner`; without an owner, of a machine without children. */
export const cancelIn = (draft: Draft, id: string, owner = ""): void => {
  for (const n of namesIn(draft, id, owner)) draft.timers.delete(n)
}

/**
 * Takes the id from the timer that waits under it, so that the timer fires and cannot be cancelled any more.
 * XState does the same when a later timer takes the id, and when an earlier timer of that id fires.
 */
export const detachIn = (draft: Draft, id: string, owner: unknown): void => {
  for (const n of namesIn(draft, id, owner)) {
    const timer = draft.timers.get(n) as PendingTimer
    draft.timers.delete(n)
    draft.timers.set(`${id}#earlier:${timer.g}`, timer)
  }
}

/** The id that {@link detachIn} took from a timer; `undefined` for any other timer. */
export const lostIdOf = (n: string): string | undefined => DETACHED.exec(n)?.[1]

const DETACHED = /^(.*)#earlier:\d+\.\d+$/s

const namesIn = (draft: Draft, id: string, owner: unknown): ReadonlyArray<string> =>
  [id, otherName(id, owner)].filter((n) => {
    const known = draft.now.timers.get(n)
    return known !== undefined && ownerOf(known.e) === owner
  })

const otherName = (id: string, owner: unknown): string => `${id} (of ${JSON.stringify(owner)})`
