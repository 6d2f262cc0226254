/**
 * The commits of a correlation as a tree: each below the commit that caused it, in the order of their time.
 *
 * Owns the tree. A commit whose cause is not in the answer is a root.
 */
import type { CausedCommit } from "../../api/Queries.ts"

export interface CauseRow {
  readonly commit: CausedCommit
  readonly depth: number
  /** Time of the commit that caused it, Unix milliseconds. */
  readonly causeAt: number | undefined
}

export const causesOf = (commits: ReadonlyArray<CausedCommit>): ReadonlyArray<CauseRow> => {
  const sorted = commits.toSorted(
    (left, right) => Date.parse(left.at) - Date.parse(right.at) || left.sequence - right.sequence,
  )
  const bySequence = new Map(sorted.map((commit) => [commit.sequence, commit]))
  const byCommand = new Map(sorted.flatMap((commit) => commit.commandIds.map((id) => [id, commit] as const)))
  const causeOf = ({ sequence, cause }: CausedCommit): CausedCommit | undefined => {
    const found =
      cause === undefined
        ? undefined
        : typeof cause === "number"
          ? bySequence.get(cause)
          : byCommand.get(cause)
    return found === undefined || found.sequence >= sequence ? undefined : found
  }
  const children = Map.groupBy(sorted, (commit) => causeOf(commit)?.sequence)
  const rows: Array<CauseRow> = []
  const walk = (commit: CausedCommit, depth: number, causeAt: number | undefined) => {
    rows.push({ commit, depth, causeAt })
    for (const caused of children.get(commit.sequence) ?? []) walk(caused, depth + 1, Date.parse(commit.at))
  }
  for (const root of children.get(undefined) ?? []) walk(root, 0, undefined)
  return rows
}
