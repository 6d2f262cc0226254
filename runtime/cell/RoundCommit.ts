/**
 * The commit of a round: its bytes, and the actor once they are stored.
 *
 * Owns the header of a commit, and the guarantee that a cell derives the same state from its own commits as
 * replay does (Fold.ts). RoundAppend.ts stores it.
 */
import {
  type CommitHeader,
  type CommitStamp,
  type DirectoryPart,
  encodeCommit,
  type ShardMark,
} from "../commit/Commit.ts"
import type { MachineState } from "../machine/Machine.ts"
import { compactStateName } from "../machine/StateName.ts"
import type { Confirmed } from "./Fold.ts"
import type { Round } from "./Round.ts"

/** The commit of `round`, which was played on `confirmed`. */
export const commitOf = (
  confirmed: Confirmed,
  { birth, needsFormat3, entries, entriesJson }: Round,
  known: Pick<CommitHeader, "format" | "at" | "epoch"> & {
    /** The directory's part for the state that the commit leads to. */
    readonly directoryOf?: (state: MachineState) => DirectoryPart | undefined
  },
  mark: ShardMark | undefined,
): Uint8Array => {
  const { format, at, epoch } = known
  const first = confirmed.version + 1
  if (format === undefined || format === 1) return encodeCommit({ first, at, epoch }, entriesJson)
  const b = birth?.json
  const { state } = entries.at(-1)?.proposal ?? confirmed
  const done = state.status === "done"
  const failed = state.status === "error"
  return encodeCommit(
    {
      format: needsFormat3 ? 3 : 2,
      first,
      at,
      epoch,
      ...mark,
      s: compactStateName(state.value),
      done,
      failed,
      d: known.directoryOf?.(state),
      b,
    },
    entriesJson,
  )
}

/**
 * The actor once the commit of `round` with `stamp` is in the journal at `sequence`. Do not use `before`
 * afterwards.
 */
export const confirmedAt = (
  { sequence, ...stamp }: CommitStamp & { readonly sequence: number },
  before: Confirmed,
  { birth, entries }: Pick<Round, "birth" | "entries">,
): Confirmed => {
  const { recent } = before
  let { origins } = before
  for (const { waiting, proposal } of entries) {
    const { command, sent } = waiting
    if (sent !== undefined) origins = origins.add(sent.origin, sent.floor)
    if (proposal.entry.no === true) continue
    const { commandId, fingerprint } = command
    recent.add(commandId, { fingerprint, version: proposal.version, sequence, reply: proposal.entry.re })
  }
  const { state, version, pending } = entries.at(-1)?.proposal ?? before
  const { standing } = birth ?? before
  return { state, version, sequence, stamp, recent, origins, pending, standing }
}
