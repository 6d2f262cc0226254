/**
 * The columns of the directory that a commit carries, if the actor type has any.
 *
 * Owns what happens when the definition cannot give them: the commit says so, the failure is counted, and the log says it
 * once in a while. What a column may hold: ../definition/DirectoryColumns.ts.
 */
import type { DirectoryPart } from "../commit/Commit.ts"
import { computedColumns } from "../definition/DirectoryColumns.ts"
import { about } from "../log/LogSubject.ts"
import { logSampled } from "../log/SampledLog.ts"
import type { MachineState } from "../machine/Machine.ts"
import type { CellCore } from "./Phase.ts"

export const directoryPartOf = (
  { definition: { type, directory }, address, context }: CellCore,
  state: MachineState,
): DirectoryPart | undefined => {
  if (directory === undefined) return undefined
  const { stored, failure } = computedColumns(directory, address.id, state)
  if (failure !== undefined) {
    context.counts.columnsFailedCount++
    const line = `${type}/${address.id} has no columns in the directory: ${failure}`
    context.fork(logSampled(`columns of ${type} failed`, line).pipe(about({ actor: address })))
  }
  return stored
}
