/**
 * The listener for the transitions that stored commits have made, because operators see how often each happens.
 *
 * Owns what a cell reports. The listener: ../directory/TransitionCounts.ts. The cell reports in Acknowledged.ts.
 */
import { RAISED, type StoredEvent } from "../event/Event.ts"
import type { MachineState } from "../machine/Machine.ts"
import type { Proposal } from "./Decide.ts"

/** One event of a stored commit, and the states before and after it. */
export type TransitionListener = (
  type: string,
  from: MachineState,
  event: string,
  to: MachineState,
  atMs: number,
) => void

/** Reports the events of a commit's entries, which were decided on `before` one after the other. */
export const tellTransitions = (
  listener: TransitionListener,
  type: string,
  before: MachineState,
  entries: ReadonlyArray<{ readonly proposal: Proposal }>,
  atMs: number,
): void => {
  let from = before
  for (const { proposal } of entries) {
    const { entry, state, between } = proposal
    let index = 0
    const events = entry.ev
    for (const stored of events) {
      // An announced event changes no state.
      if (stored.told === true) continue
      const to = between?.[index++] ?? state
      listener(type, from, eventName(stored), to, atMs)
      from = to
    }
    from = state
  }
}

/** Name of the event that the machine took. */
const eventName = ({ t, d }: StoredEvent): string => {
  if (t !== RAISED) return t
  const { event } = Object(d) as { readonly event?: { readonly type?: unknown } }
  return typeof event?.type === "string" ? event.type : t
}
