/**
 * How often the sagas of this node started, ended, got stuck and went on, by saga type: for status and metrics.
 *
 * Owns the counts, over the events of commits that this node has stored since its start. A projection tells which sagas
 * are stuck now (docs/SAGAS.md).
 */
import type { CommitListener } from "../cell/CommitListener.ts"
import type { AnySaga } from "./AnySaga.ts"

export interface SagaCounts {
  /** The saga's type. */
  readonly name: string
  startedCount: number
  completedCount: number
  compensatedCount: number
  abortedCount: number
  /** Times a saga got stuck; the same one may be stuck more than once. */
  stuckCount: number
  /** Times the missing answer came and a stuck saga went on. */
  resumedCount: number
}

const COUNTED: ReadonlyMap<string, Exclude<keyof SagaCounts, "name">> = new Map([
  ["SagaStarted", "startedCount"],
  ["SagaCompleted", "completedCount"],
  ["SagaCompensated", "compensatedCount"],
  ["SagaAborted", "abortedCount"],
  ["SagaStuck", "stuckCount"],
  ["SagaResumed", "resumedCount"],
])

const none = (name: string): SagaCounts => ({
  name,
  startedCount: 0,
  completedCount: 0,
  compensatedCount: 0,
  abortedCount: 0,
  stuckCount: 0,
  resumedCount: 0,
})

/** A listener that counts the commits of sagas and then calls `listener`. */
export const countSagas = (
  sagas: ReadonlyArray<AnySaga>,
  listener: CommitListener,
): { readonly listener: CommitListener; readonly counts: ReadonlyArray<SagaCounts> } => {
  const counts = new Map(sagas.map(({ type }) => [type, none(type)]))
  if (counts.size === 0) return { listener, counts: [] }
  const committed: CommitListener["committed"] = (address, commit) => {
    const own = counts.get(address.type)
    if (own !== undefined) {
      for (const { proposal } of commit.entries) {
        for (const { t } of proposal.entry.ev) {
          const counted = COUNTED.get(t)
          if (counted !== undefined) own[counted]++
        }
      }
    }
    listener.committed(address, commit)
  }
  return { listener: { ...listener, committed }, counts: [...counts.values()] }
}
