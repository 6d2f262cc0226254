/**
 * The arithmetic of partitions: where a shard is kept, and how places in one partition become sequences of the journal.
 *
 * A place is 1, 2, ... within its partition; the sequence that everybody sees is `place * partitionCount + partition`.
 * So it names both, ascends within a partition, and with one partition it is the place itself. 0 is before everything.
 */

/** The partition that all of a shard is in. */
export const partitionOfShard = (shard: number, partitionCount: number): number => shard % partitionCount

/** The partition that a sequence is in. */
export const partitionOfSequence = (sequence: number, partitionCount: number): number =>
  sequence % partitionCount

export const sequenceAt = (place: number, partition: number, partitionCount: number): number =>
  place === 0 ? 0 : place * partitionCount + partition

/** The last place of a partition whose sequence is not above `sequence`, which may be one of another partition. */
export const placeUpTo = (sequence: number, partition: number, partitionCount: number): number =>
  Math.max(0, Math.floor((sequence - partition) / partitionCount))

/** How many places lie between two sequences of one partition; 0 where `from` is ahead. */
export const placesBetween = (from: number, to: number, partitionCount: number): number =>
  Math.max(0, Math.floor((to - from) / partitionCount))
