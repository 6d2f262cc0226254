/**
 * A projection's records in one partition, read ahead and cut into batches of the records that are there,
 * within the bounds.
 *
 * Owns following and decoding, which continue while the database works on the previous batch. Ends with its
 * scope. What a record becomes: DecodedRecord.ts. ProjectionPartition.ts takes the batches.
 */
import { Effect, Option, Queue, type Scope, Stream } from "effect"
import { freshRecords } from "../follower/FreshRecords.ts"
import { Journal, type JournalRefused } from "../journal/Journal.ts"
import { type DecodedRecord, decodeRecord, decodeWhole } from "./DecodedRecord.ts"
import type { ProjectionDefinition } from "./Projection.ts"

/** Batches of the journal that are read ahead. Each has at most 1,000 records and 4 MiB. */
const readAheadBatchesMax = 4

export interface BatchLimit {
  readonly records: number
  readonly events: number
  readonly bytes: number
}

export interface ProjectionFeed {
  /**
   * The next records in order. Waits for the first record and takes what is there: at least one, whatever its
   * size.
   */
  readonly take: (limit: BatchLimit) => Effect.Effect<ReadonlyArray<DecodedRecord>, JournalRefused>
  /** Puts records back at the front. */
  readonly putBack: (records: ReadonlyArray<DecodedRecord>) => void
  /** Highest sequence read so far. */
  readonly newestSequence: () => number
  /** True while `take` waits for the journal. */
  readonly isWaiting: () => boolean
}

export const makeProjectionFeed = Effect.fnUntraced(function* (options: {
  readonly projection: ProjectionDefinition
  readonly shardCount: number
  readonly partition: number
  readonly after: number
}): Effect.fn.Return<ProjectionFeed, never, Journal | Scope.Scope> {
  const { projection, shardCount, partition, after } = options
  const { readCommit } = projection
  const actors = new Map(projection.from.map((actor) => [actor.type, actor]))
  const journal = yield* Journal
  const queue = yield* Queue.bounded<ReadonlyArray<DecodedRecord>, JournalRefused>(readAheadBatchesMax)
  const within = { partition, partitionCount: journal.partitionCount }
  let newestSequence = after
  let waiting = false
  let pending: Array<DecodedRecord> = []

  const types = readCommit === undefined ? [...actors.keys()] : "all"
  yield* journal.follow({ types, after, partition }).pipe(
    Stream.runForEach((records) => {
      const decoded: Array<DecodedRecord> = []
      for (const record of freshRecords(records, newestSequence, within)) {
        newestSequence = record.sequence
        decoded.push(
          readCommit === undefined
            ? decodeRecord(actors, shardCount, record)
            : decodeWhole(readCommit, shardCount, record),
        )
      }
      return Queue.offer(queue, decoded)
    }),
    Effect.onExit((exit) =>
      exit._tag === "Failure" ? Queue.failCause(queue, exit.cause) : Queue.shutdown(queue),
    ),
    Effect.forkScoped,
  )

  const awaitRecords = Effect.suspend(() => {
    waiting = true
    return Queue.take(queue)
  }).pipe(
    Effect.ensuring(
      Effect.sync(() => {
        waiting = false
      }),
    ),
  )

  const take = Effect.fnUntraced(function* (limit: BatchLimit) {
    while (pending.length === 0) pending = [...(yield* awaitRecords)]
    while (pending.length < limit.records) {
      const more = yield* Queue.poll(queue)
      if (Option.isNone(more)) break
      pending = pending.concat(more.value)
    }
    return pending.splice(0, countWithin(pending, limit))
  })

  return {
    take,
    putBack: (records) => {
      pending = [...records, ...pending]
    },
    newestSequence: () => newestSequence,
    isWaiting: () => waiting,
  }
})

const countWithin = (records: ReadonlyArray<DecodedRecord>, limit: BatchLimit): number => {
  let count = 0
  let events = 0
  let bytes = 0
  for (const record of records) {
    events += record.events.length
    bytes += record.bytes
    if (count > 0 && (count >= limit.records || events > limit.events || bytes > limit.bytes)) break
    count++
  }
  return count
}
