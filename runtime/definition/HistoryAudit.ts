/**
 * Compares the history of an actor whose machine is compiled from a plan with the code, whenever the history is read.
 *
 * Owns the interface. A saga has one (../saga/SagaAudit.ts); its history is read from the beginning each time, so that what
 * is found never depends on a snapshot. Who asks: ../cell/Fold.ts, ../cell/Signal.ts.
 */

import type { AnyEvent } from "../event/Event.ts"
import type { MachineState } from "../machine/Machine.ts"
import type { OutboxItem } from "../message/OutboxItem.ts"

export interface HistoryAudit {
  /** The newest version of the plan that this code has. Other nodes are told of it, as of event versions. */
  readonly version: number
  /** Names of the requests that the last event made the actor ask for. */
  readonly asked: (state: MachineState) => ReadonlyArray<string>
  /**
   * What the machine has to be told after a stored entry: that the entry carries other requests than those `asked` for when
   * its events were read. `undefined`: nothing. Throws EventUnreadable for a plan that is newer than this code.
   */
  readonly found: (
    state: MachineState,
    asked: ReadonlyArray<string>,
    sent: ReadonlyArray<OutboxItem>,
  ) => AnyEvent | undefined
  /** Why nothing can be decided for the actor with this code; `undefined` where it can. */
  readonly halted: (state: MachineState) => string | undefined
}
