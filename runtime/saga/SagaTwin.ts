/**
 * A saga of a former definition as the present definition reads it. The stored history is read again after
 * every event.
 *
 * Owns the comparison for `checkSaga(saga, { former })`. How the runtime compares: SagaAudit.ts.
 */
import { type AnyEvent, readEvent } from "../event/Event.ts"
import type { MachineState } from "../machine/Machine.ts"
import type { OutboxItem } from "../message/OutboxItem.ts"
import type { AnySaga } from "./AnySaga.ts"

export interface SagaTwin {
  /** The present definition. */
  readonly saga: AnySaga
  readonly state: MachineState
}

/**
 * The twin after an event that led the former definition to `formerState`, or why the twin would be stuck
 * from then on.
 */
export const twinAfter = (
  { saga, state }: SagaTwin,
  sagaId: string,
  former: AnySaga,
  formerState: MachineState,
  event: AnyEvent,
): SagaTwin | string => {
  const { machine, audit } = saga.actor
  const next = machine.transition(state, asStored(saga, former, event), sagaId)
  machine.takeIntents()
  if (next === undefined) return `its history has ${event.type} where the machine does not take it`
  if (audit === undefined) return { saga, state: next }
  const halted = audit.halted(next)
  if (halted !== undefined) return halted
  const sent = (former.actor.audit?.asked(formerState) ?? []).map(
    (n): OutboxItem => ({ k: "tell", to: former.type, c: { type: "" }, n }),
  )
  const found = audit.found(next, audit.asked(next), sent)
  if (found === undefined) return { saga, state: next }
  const unfit = machine.transition(next, found, sagaId) ?? next
  machine.takeIntents()
  return audit.halted(unfit) ?? "its history is not that of its plan"
}

/** The form of the stored event. Only a saga's first event changes its form. */
const asStored = (saga: AnySaga, former: AnySaga, event: AnyEvent): AnyEvent => {
  const stored = former.actor.events?.[event.type]
  if (stored === undefined) return event
  const { type, ...payload } = event
  return readEvent(saga.type, saga.actor.events, { t: type, v: stored.version, d: payload })
}
