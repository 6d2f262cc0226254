/**
 * The journal in memory, for unit tests and simulation: it keeps the contract of the real journal, but
 * nothing is durable.
 *
 * Owns one array of records for each partition, and the records of each actor. Next:
 * test/contract/Journal.contract.ts, which runs on this journal and on the real one.
 */
import { Effect, Latch, Layer, Stream } from "effect"
import type { ActorAddress } from "../address/ActorAddress.ts"
import {
  AppendUnknown,
  JOURNAL_PAGE_BYTES_MAX,
  JOURNAL_PAGE_RECORDS_MAX,
  Journal,
  type JournalRecord,
  JournalRefused,
  type JournalService,
} from "./Journal.ts"
import { partitionOfSequence, partitionOfShard, sequenceAt, streamSequenceUpTo } from "./Partition.ts"

/** Largest commit by default: the limit of a nats-server with default settings. */
const commitBytesMaxDefault = 1024 * 1024 - 1024

export interface JournalMemoryOptions {
  readonly commitBytesMax?: number
  /** Number of partitions, default 1. */
  readonly partitionCount?: number
}

interface StoredRecord extends JournalRecord {
  readonly type: string
  readonly shard: number
}

/**
 * The journal in memory, with functions for tests: look at an earlier time, read pages, cut the newest
 * records off.
 */
export interface JournalMemory extends JournalService {
  /** The actor's last record at the time when its partition ended at `journalSequence`. */
  readonly lastAt: (address: ActorAddress, journalSequence: number) => JournalRecord | undefined
  /** One page of all records of `types` after `after` in a partition (default 0); empty at the end. */
  readonly page: (
    types: ReadonlySet<string> | "all",
    after: number,
    partition?: number,
  ) => ReadonlyArray<JournalRecord>
  /**
   * Forgets the partition's records after `journalSequence`, like a server that lost records that it had not
   * synced.
   */
  readonly truncate: (journalSequence: number) => void
}

/** The longest run of `records` from `start` that fits into a page. */
const pageOf = (
  records: ReadonlyArray<StoredRecord>,
  start: number,
  isWanted: (record: StoredRecord) => boolean,
) => {
  const page: Array<JournalRecord> = []
  let bytes = 0
  for (let index = start; index < records.length && page.length < JOURNAL_PAGE_RECORDS_MAX; index++) {
    const record = records[index]
    if (record === undefined || !isWanted(record)) continue
    bytes += record.data.length
    if (page.length > 0 && bytes > JOURNAL_PAGE_BYTES_MAX) break
    page.push({ key: record.key, sequence: record.sequence, data: record.data })
  }
  return page
}

/** An empty journal. */
export const makeJournalMemory = (options: JournalMemoryOptions = {}): JournalMemory => {
  const commitBytesMax = options.commitBytesMax ?? commitBytesMaxDefault
  const partitionCount = options.partitionCount ?? 1
  /** Records by partition; a record's index is its number within the partition − 1. */
  const partitions = Array.from({ length: partitionCount }, (): Array<StoredRecord> => [])
  const byActor = new Map<string, Array<StoredRecord>>()
  const grown = Latch.makeUnsafe(false)

  const recordsOf = (partition: number): Array<StoredRecord> => {
    const records = partitions[partition]
    if (records === undefined) throw new RangeError(`partition ${partition} of ${partitionCount}`)
    return records
  }
  const partitionOf = (sequence: number): number => partitionOfSequence(sequence, partitionCount)
  /** Index of the first record of a partition after `sequence`. */
  const indexAfter = (sequence: number, partition: number): number =>
    streamSequenceUpTo(sequence, partition, partitionCount)

  const append = (address: ActorAddress, expectedSequence: number, data: Uint8Array) =>
    Effect.suspend((): Effect.Effect<number, AppendUnknown | JournalRefused> => {
      if (data.length > commitBytesMax) {
        const detail = `the commit has ${data.length} bytes, the journal takes ${commitBytesMax}`
        const hint = "Split the work into smaller commands."
        return Effect.fail(new JournalRefused({ reason: "TooLarge", detail, hint }))
      }
      const own = byActor.get(address.key) ?? []
      const lastSequence = own.at(-1)?.sequence ?? 0
      if (lastSequence !== expectedSequence) {
        const detail = `${address.key} is at ${lastSequence}, expected ${expectedSequence}`
        return Effect.fail(new AppendUnknown({ reason: "WrongSequence", detail }))
      }
      const { key, type, shard } = address
      const partition = partitionOfShard(shard, partitionCount)
      const records = recordsOf(partition)
      const sequence = sequenceAt(records.length + 1, partition, partitionCount)
      const record = { key, type, shard, sequence, data: data.slice() }
      records.push(record)
      own.push(record)
      byActor.set(address.key, own)
      return Effect.as(grown.open, sequence)
    })

  const follow: JournalService["follow"] = (from) =>
    Stream.suspend(() => {
      const types = from.types === "all" ? undefined : new Set(from.types)
      const records = recordsOf(from.partition)
      let position = from.after
      const takeBatch = Effect.gen(function* () {
        while (true) {
          const start = indexAfter(position, from.partition)
          const page = pageOf(records, start, (record) => types?.has(record.type) ?? true)
          position = Math.max(position, (page.at(-1) ?? records.at(-1))?.sequence ?? 0)
          if (page.length > 0) return page
          grown.closeUnsafe()
          yield* grown.await
        }
      })
      return Stream.fromEffectRepeat(takeBatch)
    })

  return {
    partitionCount,
    commitBytesMax,
    appendTimeoutMs: 0,
    append,
    last: (address) => Effect.sync(() => byActor.get(address.key)?.at(-1)),
    read: (address, range) =>
      Effect.sync(() => {
        const isWanted = (record: StoredRecord) =>
          record.sequence > range.after && record.sequence <= range.upTo
        return pageOf(byActor.get(address.key) ?? [], 0, isWanted)
      }),
    scan: (range) =>
      Effect.sync(() => {
        const isWanted = ({ sequence, shard }: StoredRecord) =>
          sequence <= range.upTo && (range.shard === undefined || shard === range.shard)
        const partition =
          range.shard === undefined ? partitionOf(range.upTo) : partitionOfShard(range.shard, partitionCount)
        return pageOf(recordsOf(partition), indexAfter(range.after, partition), isWanted)
      }),
    follow,
    lastSequence: (partition) => Effect.sync(() => recordsOf(partition).at(-1)?.sequence ?? 0),
    lastOfShard: (shard) =>
      Effect.sync(() => {
        const records = recordsOf(partitionOfShard(shard, partitionCount))
        return records.findLast((record) => record.shard === shard)?.sequence ?? 0
      }),
    check: Effect.void,
    lastAt: (address, journalSequence) =>
      byActor.get(address.key)?.findLast((record) => record.sequence <= journalSequence),
    page: (types, after, partition = 0) =>
      pageOf(
        recordsOf(partition),
        indexAfter(after, partition),
        (record) => types === "all" || types.has(record.type),
      ),
    truncate: (journalSequence) => {
      const partition = partitionOf(journalSequence)
      const records = recordsOf(partition)
      records.length = Math.min(records.length, indexAfter(journalSequence, partition))
      for (const own of byActor.values()) {
        if (partitionOf(own.at(-1)?.sequence ?? 0) !== partition) continue
        while ((own.at(-1)?.sequence ?? 0) > journalSequence) own.pop()
      }
    },
  }
}

export const JournalMemory = {
  /** An empty journal. */
  layer: (options: JournalMemoryOptions = {}): Layer.Layer<Journal> =>
    Layer.sync(Journal, () => makeJournalMemory(options)),
}
