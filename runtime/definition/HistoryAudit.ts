/**
 * Compares the history of an actor, whose machine is compiled from a plan, with the code. It does so whenever
 * the history is read.
 *
 * Owns the interface. A saga has one (../saga/SagaAudit.ts). A saga's history is read from the beginning each
 * time, so the result never depends on a snapshot. Who asks: ../cell/Fold.ts, ../cell/Signal.ts.
 */
import type { AnyEvent } from "../event/Event.ts"
import type { MachineState } from "../machine/Machine.ts"
import type { OutboxItem } from "../message/OutboxItem.ts"

export interface HistoryAudit {
  /** Newest version of the plan in this code. Other nodes learn it as they learn event versions. */
  readonly version: number
  /** Names of the requests that the actor made at the last event. */
  readonly asked: (state: MachineState) => ReadonlyArray<string>
  /**
   * The event that the machine takes after a stored entry if the entry has other requests than `asked` gave
   * when its events were read; `undefined` if they are equal. Throws EventUnreadable for a plan that is newer
   * than this code.
   */
  readonly found: (
    state: MachineState,
    asked: ReadonlyArray<string>,
    sent: ReadonlyArray<OutboxItem>,
  ) => AnyEvent | undefined
  /** Why this code cannot decide for the actor; `undefined` if it can. */
  readonly halted: (state: MachineState) => string | undefined
}
