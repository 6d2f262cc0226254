/**
 * The arithmetic of partitions: the partition of a shard, and how places within a partition become sequences
 * of the journal.
 *
 * A place is a record's number within its partition: 1, 2, ... The journal's sequence is `place *
 * partitionCount + partition`. So a sequence names both, ascends within a partition, and with one partition
 * it is the place itself. 0 is before all records.
 */

/** The partition that holds all records of a shard. */
export const partitionOfShard = (shard: number, partitionCount: number): number => shard % partitionCount

/** The partition of a sequence. */
export const partitionOfSequence = (sequence: number, partitionCount: number): number =>
  sequence % partitionCount

export const sequenceAt = (place: number, partition: number, partitionCount: number): number =>
  place === 0 ? 0 : place * partitionCount + partition

/**
 * The last place of a partition whose sequence is not above `sequence`, which may belong to another
 * partition.
 */
export const placeUpTo = (sequence: number, partition: number, partitionCount: number): number =>
  Math.max(0, Math.floor((sequence - partition) / partitionCount))

/** Number of places between two sequences of one partition; 0 if `from` is ahead. */
export const placesBetween = (from: number, to: number, partitionCount: number): number =>
  Math.max(0, Math.floor((to - from) / partitionCount))
