/**
 * The arithmetic of partitions: the partition of a shard, and how sequences of a partition's stream become
 * sequences of the journal.
 *
 * A stream sequence is a record's number within its partition: 1, 2, ... The journal's sequence is `stream
 * sequence * partitionCount + partition`. So a sequence names both, ascends within a partition, and with one
 * partition it is the stream sequence itself. 0 is before all records.
 */

/** The partition that holds all records of a shard. */
export const partitionOfShard = (shard: number, partitionCount: number): number => shard % partitionCount

/** The partition of a sequence. */
export const partitionOfSequence = (sequence: number, partitionCount: number): number =>
  sequence % partitionCount

export const sequenceAt = (streamSequence: number, partition: number, partitionCount: number): number =>
  streamSequence === 0 ? 0 : streamSequence * partitionCount + partition

/**
 * The last stream sequence of a partition whose sequence is not above `sequence`, which may belong to another
 * partition.
 */
export const streamSequenceUpTo = (sequence: number, partition: number, partitionCount: number): number =>
  Math.max(0, Math.floor((sequence - partition) / partitionCount))

/** Number of records between two sequences of one partition; 0 if `from` is ahead. */
export const recordCountBetween = (from: number, to: number, partitionCount: number): number =>
  Math.max(0, Math.floor((to - from) / partitionCount))
