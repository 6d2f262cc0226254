/** Events of ledgers as projections get them, for the contract of read models. The projection: LedgerTotals.ts. */
import type { ProjectedEvent } from "../projection/Projection.ts"

export const projected = (
  sequence: number,
  id: string,
  event: ProjectedEvent["event"],
  version = sequence,
): ProjectedEvent => ({
  actorType: "ledger",
  id,
  version,
  sequence,
  at: 1_700_000_000_000 + sequence,
  commandId: `c-${sequence}`,
  metadata: {},
  event,
})

/** Events of one partition, applied from an offset up to the last of them. */
export const batch = (
  from: number,
  events: ReadonlyArray<ProjectedEvent>,
  to = events.at(-1)?.sequence ?? from,
  partition = 0,
) => ({
  partition,
  events,
  deadLetters: [],
  from,
  to,
})

export const opened = (owner: string) => ({ type: "Opened", owner })
export const added = (amount: number, currency = "EUR") => ({ type: "Added", amount, currency })
export const closed = { type: "Closed" }
