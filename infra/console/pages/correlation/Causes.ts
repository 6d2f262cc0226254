/**
 * The commands of a correlation as a tree: each below the command that caused it, in the order of their time.
 *
 * Owns the tree. A command whose cause is not in the answer is a root.
 */
import type { CorrelatedCommand } from "../../api/Queries.ts"

export interface CauseRow {
  readonly command: CorrelatedCommand
  readonly depth: number
  /** Time of the command that caused it, Unix milliseconds. */
  readonly causeAt: number | undefined
}

export const causesOf = (commands: ReadonlyArray<CorrelatedCommand>): ReadonlyArray<CauseRow> => {
  const sorted = commands.toSorted(
    (left, right) => Date.parse(left.at) - Date.parse(right.at) || left.sequence - right.sequence,
  )
  const byId = new Map(sorted.map((command) => [command.commandId, command]))
  const causeOf = ({
    commandId,
    causationId,
    sequence,
  }: CorrelatedCommand): CorrelatedCommand | undefined => {
    const found = causationId === undefined ? undefined : byId.get(causationId)
    // A cause comes first. Anything else is no tree.
    return found === undefined || found.commandId === commandId || found.sequence > sequence
      ? undefined
      : found
  }
  const children = Map.groupBy(sorted, (command) => causeOf(command)?.commandId)
  const rows: Array<CauseRow> = []
  const seen = new Set<CorrelatedCommand>()
  const walk = (command: CorrelatedCommand, depth: number, causeAt: number | undefined) => {
    if (seen.has(command)) return
    seen.add(command)
    rows.push({ command, depth, causeAt })
    for (const caused of children.get(command.commandId) ?? [])
      walk(caused, depth + 1, Date.parse(command.at))
  }
  for (const root of children.get(undefined) ?? []) walk(root, 0, undefined)
  for (const command of sorted) walk(command, 0, undefined)
  return rows
}
