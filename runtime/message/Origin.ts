/**
 * The origin of a message, and what its sender knows to be settled. With both facts a message is applied
 * once.
 *
 * Owns both facts and their rows in messages, commits and snapshots. Who remembers them: ../cell/Origins.ts.
 */
import { isStorableText } from "../json/StorableText.ts"
import { isTime } from "../time/Time.ts"

/** Identifies a message by its sender, commit and item. No two messages have the same origin. */
export interface Origin {
  /** Slot of the sender, such as `shard.3`. */
  readonly source: string
  /** Era of the sender's commit: one ownership of the shard. 0 for sources that have one writer. */
  readonly era: number
  /** Journal sequence of the commit. */
  readonly sequence: number
  /** Index of the item in the commit, over all entries. */
  readonly index: number
  /**
   * Time of the commit, Unix milliseconds. It tells commits apart if a journal lost its newest records and
   * gives a sequence again.
   */
  readonly atMs: number
}

/**
 * A source's statement to one receiver: for every commit of the source that was written in `era`, has a
 * sequence up to `sequence` and a time up to `atMs`, all messages to this receiver are settled. It is a fact
 * and stays true.
 */
export interface Floor {
  readonly era: number
  readonly sequence: number
  /** Time of the newest covered commit, Unix milliseconds. */
  readonly atMs: number
}

/** Stored form of an {@link Origin}: `[source, era, sequence, index, atMs]`. */
export type OriginRow = readonly [string, number, number, number, number]

/** Stored form of a {@link Floor}: `[era, sequence, atMs]`. */
export type FloorRow = readonly [number, number, number]

/** Stored form of an origin in a commit entry, followed by the floor's row if the message had a floor. */
export type CarriedRow = OriginRow | readonly [...OriginRow, ...FloorRow]

/** Longest name of a source, in UTF-16 code units. */
export const SOURCE_LENGTH_MAX = 200

const ORIGIN_FIELDS = 5
const FLOOR_FIELDS = 3

export const rowOfOrigin = ({ source, era, sequence, index, atMs }: Origin): OriginRow => [
  source,
  era,
  sequence,
  index,
  atMs,
]

export const rowOfFloor = ({ era, sequence, atMs }: Floor): FloorRow => [era, sequence, atMs]

export const rowCarried = (origin: Origin, floor: Floor | undefined): CarriedRow => {
  const row = rowOfOrigin(origin)
  return floor === undefined ? row : [...row, ...rowOfFloor(floor)]
}

/** The origin in a row that {@link isOriginRow} or {@link isCarriedRow}. */
export const originOf = ([source, era, sequence, index, atMs]: OriginRow | CarriedRow): Origin => ({
  source,
  era,
  sequence,
  index,
  atMs,
})

/** The floor in a row that {@link isFloorRow}. */
export const floorOf = ([era, sequence, atMs]: FloorRow): Floor => ({ era, sequence, atMs })

/** The floor in a row that {@link isCarriedRow}, if it has one. */
export const floorCarried = (row: CarriedRow): Floor | undefined => {
  if (row.length === ORIGIN_FIELDS) return undefined
  const [, , , , , era, sequence, atMs] = row
  return { era, sequence, atMs }
}

export const isSource = (value: unknown): value is string =>
  typeof value === "string" && value !== "" && value.length <= SOURCE_LENGTH_MAX && isStorableText(value)

/** Whether an unknown value is the row of an origin. */
export const isOriginRow = (value: unknown): value is OriginRow =>
  Array.isArray(value) && value.length === ORIGIN_FIELDS && hasOrigin(value)

/** Whether an unknown value is the row of a floor. */
export const isFloorRow = (value: unknown): value is FloorRow =>
  Array.isArray(value) && value.length === FLOOR_FIELDS && hasFloor(value, 0)

/** Whether an unknown value is the row of an origin, with or without the row of a floor. */
export const isCarriedRow = (value: unknown): value is CarriedRow =>
  Array.isArray(value) &&
  hasOrigin(value) &&
  (value.length === ORIGIN_FIELDS ||
    (value.length === ORIGIN_FIELDS + FLOOR_FIELDS && hasFloor(value, ORIGIN_FIELDS)))

/** Eras, sequences and indices are whole numbers from 0. */
const isCount = (value: unknown): boolean => Number.isSafeInteger(value) && (value as number) >= 0

const hasOrigin = ([source, era, sequence, index, atMs]: ReadonlyArray<unknown>): boolean =>
  isSource(source) && isCount(era) && isCount(sequence) && isCount(index) && isTime(atMs)

const hasFloor = (row: ReadonlyArray<unknown>, from: number): boolean =>
  isCount(row[from]) && isCount(row[from + 1]) && isTime(row[from + 2])
