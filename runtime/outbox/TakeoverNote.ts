/**
 * Where the next owner of a shard continues sending, according to a takeover note, the shard's last commit,
 * and the position of the first release.
 *
 * Owns the note's form and the choice. The journal alone is enough, because its last commit carries the
 * watermark; the note saves reading what is settled or parked above it.
 */
import type { OwedPlace, ParkedRange } from "./Exceptions.ts"

/** The note, as JSON in a checkpoint. */
export interface TakeoverNote {
  /** Slot of the note; absent in notes of earlier nodes. */
  readonly slot?: string
  /** Epoch and era of its writer. */
  readonly epoch: number
  readonly era: number
  /** Sequence up to which everything is settled, parked or owed. */
  readonly passed: number
  readonly parked: ReadonlyArray<ParkedRange>
  readonly owed: ReadonlyArray<OwedPlace>
}

/** The watermark that the shard's last commit carries. */
export interface CommitMark {
  readonly epoch: number
  readonly era: number
  readonly settled: number
}

export interface TakeoverPoint {
  /** Sequence after which the journal is read and sent. */
  readonly after: number
  readonly parked: ReadonlyArray<ParkedRange>
  readonly owed: ReadonlyArray<OwedPlace>
}

/** Name of the note of a slot's outbox. */
export const takeoverNoteName = (slot: string): string => `outbox.2.${slot}`

/** Name of the position that nodes of the first release read and write. */
export const legacyPositionName = (slot: string): string => `outbox.${slot}`

/**
 * Where to begin in a journal whose shard ends at `end`. The later epoch knows more. A note beyond the end
 * belongs to a journal that has lost its end. A note behind the commits of its own epoch says less than they
 * do. Without a mark the last owner may have been a node of the first release, which moves only the legacy
 * position. That position does not name its slot, so nothing of an unmarked shard counts as settled by it.
 */
export const takeoverPoint = (
  end: number,
  note: TakeoverNote | undefined,
  found: CommitMark | "unmarked" | undefined,
  legacyPosition: number,
): TakeoverPoint => {
  const mark = found === "unmarked" ? undefined : found
  const settled = found === "unmarked" ? 0 : Math.min(mark?.settled ?? legacyPosition, end)
  if (note === undefined || note.passed > end) return { after: settled, parked: [], owed: [] }
  // A lease store that lost its end gives an epoch to two owners, whose eras differ.
  const isOfAnother = mark !== undefined && (note.epoch < mark.epoch || isTwin(note, mark))
  if (isOfAnother) return { after: settled, parked: [], owed: [] }
  const isThere = ({ from, upTo }: ParkedRange) => from <= upTo && upTo <= end
  return {
    after: Math.max(note.passed, settled),
    parked: note.parked.filter(isThere),
    owed: note.owed.filter(({ sequence }) => sequence <= end),
  }
}

const isTwin = (note: TakeoverNote, mark: CommitMark): boolean =>
  note.epoch === mark.epoch && note.era !== mark.era

const isPlace = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0

const isRange = (value: unknown): value is ParkedRange => {
  const { receiver, receiverShard, from, upTo, position } = (value ?? {}) as {
    readonly [Field in keyof ParkedRange]?: unknown
  }
  return typeof receiver === "string" && [receiverShard, from, upTo, position].every(isPlace)
}

const isOwed = (value: unknown): value is OwedPlace => {
  const { sequence, index } = (value ?? {}) as { readonly [Field in keyof OwedPlace]?: unknown }
  return isPlace(sequence) && isPlace(index)
}

/**
 * The note of the slot in its checkpoint; `undefined` for content that no node writes, and for the note of
 * another slot.
 */
export const takeoverNoteIn = (stored: unknown, slot: string): TakeoverNote | undefined => {
  if (typeof stored !== "object" || stored === null) return undefined
  const {
    slot: of = slot,
    epoch,
    era,
    passed,
    parked,
    owed,
  } = stored as { readonly [Field in keyof TakeoverNote]?: unknown }
  if (of !== slot) return undefined
  if (!(isPlace(epoch) && isPlace(era) && isPlace(passed) && Array.isArray(parked) && Array.isArray(owed)))
    return undefined
  return parked.every(isRange) && owed.every(isOwed) ? { epoch, era, passed, parked, owed } : undefined
}
