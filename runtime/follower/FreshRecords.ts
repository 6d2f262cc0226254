/**
 * The records of a page of the journal that a follower has not had yet.
 *
 * Owns the check that they come in ascending order, from the follower's own partition: a follower that skipped a record
 * or took one twice would not notice it later.
 */
import { invariant } from "../invariant/Invariant.ts"
import type { JournalRecord } from "../journal/Journal.ts"
import { partitionOfSequence } from "../journal/Partition.ts"

/** The partition that a follower reads, of how many. */
export interface FollowedPartition {
  readonly partition: number
  readonly partitionCount: number
}

/** The records after `position`, which may have come before; a journal may give records twice. */
export const freshRecords = (
  records: ReadonlyArray<JournalRecord>,
  position: number,
  { partition, partitionCount }: FollowedPartition,
): ReadonlyArray<JournalRecord> => {
  let before = 0
  for (const { key, sequence } of records) {
    const isHere = partitionOfSequence(sequence, partitionCount) === partition
    invariant(isHere && sequence > before, "followAscends", () => ({ key, sequence, before, partition }))
    before = sequence
  }
  return records.filter(({ sequence }) => sequence > position)
}
