/**
 * Pages of single shards, cut from pages of their whole partition. Shards that want the same part of a partition share its
 * pages, so one pass serves all shards that are read from the beginning.
 *
 * Owns the pages under way: who waits, who is served first, and the progress in the log. A server finds the records of one
 * shard by its index of all actors, once for each page. That costs as much as ten to twenty pages of a partition
 * (docs/BENCHMARKS.md, "A large journal"), so it is left to a few shards that have far to read.
 */
import { Clock, Effect, Exit, FiberSet, type Scope } from "effect"
import { shardOf } from "../address/ActorAddress.ts"
import { monotonicMs } from "../time/MonotonicTime.ts"
import type { JournalReadError, JournalRecord, JournalService } from "./Journal.ts"
import { partitionOfShard, recordCountBetween } from "./Partition.ts"
import { somePage } from "./RecordPage.ts"

/** Records of a partition up to which a read is short. Short reads go first, because little keeps their shards waiting. */
export const SHORT_READ_MAX = 10_000

/** Shards with a long read that share its pages. Fewer of them get pages of their own records. */
export const SHARED_BY_MIN = 4

/** Pause between two lines about a long read, in milliseconds. */
const SAY_EVERY_MS = 10_000

/** A part of a shard's journal. The leader must have told `upTo` as the sequence of a record of the shard. */
export interface ShardRange {
  readonly shard: number
  readonly after: number
  readonly upTo: number
}

export interface ShardPage {
  /** Records of the shard; there may be none. */
  readonly records: ReadonlyArray<JournalRecord>
  /** Sequence up to which the shard is read now. */
  readonly upTo: number
}

/** One page of the shard's records with `after < sequence <= upTo`, ascending. */
export type ShardPages = (range: ShardRange) => Effect.Effect<ShardPage, JournalReadError>

interface Waiting extends ShardRange {
  readonly answer: (page: Effect.Effect<ShardPage, JournalReadError>) => void
}

/** A page of a partition: all of its records with `after < sequence <= upTo`. */
class PartitionPage {
  readonly after: number
  readonly upTo: number
  readonly #byShard: ReadonlyMap<number, ReadonlyArray<JournalRecord>>

  constructor(after: number, records: ReadonlyArray<JournalRecord>, shardCount: number) {
    this.after = after
    this.upTo = records.at(-1)?.sequence ?? after
    this.#byShard = Map.groupBy(records, ({ key }) => shardOf(key, shardCount))
  }

  /** The part of the page in the range; `undefined` if the page does not begin the range. */
  partOf({ shard, after, upTo }: ShardRange): ShardPage | undefined {
    if (after < this.after || after >= this.upTo) return undefined
    const isWanted = ({ sequence }: JournalRecord) => sequence > after && sequence <= upTo
    return { records: (this.#byShard.get(shard) ?? []).filter(isWanted), upTo: Math.min(upTo, this.upTo) }
  }
}

/** Pages of the shards of a journal. */
export const makeShardPages = Effect.fnUntraced(function* (
  journal: JournalService,
  shardCount: number,
): Effect.fn.Return<ShardPages, never, Scope.Scope> {
  const { partitionCount } = journal
  const clock = yield* Clock.Clock
  const fork = yield* FiberSet.makeRuntime<never>()
  const partitions = Array.from({ length: partitionCount }, () => ({
    waiting: new Set<Waiting>(),
    isReading: false,
    sayAtMs: Number.NEGATIVE_INFINITY,
  }))
  type Partition = (typeof partitions)[number]

  const isShort = ({ after, upTo }: ShardRange): boolean =>
    recordCountBetween(after, upTo, partitionCount) <= SHORT_READ_MAX

  /** Long reads are served from the lowest one on, so that they come together. */
  const firstOf = (waiting: ReadonlyArray<Waiting>): Waiting | undefined => {
    const short = waiting.filter(isShort)
    const next = short.length > 0 ? short : waiting
    return next.reduce<Waiting | undefined>(
      (first, each) => (first === undefined || each.after < first.after ? each : first),
      undefined,
    )
  }

  const sayProgress = (partition: Partition, { after, upTo }: ShardRange) =>
    Effect.suspend(() => {
      const nowMs = monotonicMs(clock)
      if (nowMs < partition.sayAtMs) return Effect.void
      partition.sayAtMs = nowMs + SAY_EVERY_MS
      const shards = new Set(Array.from(partition.waiting, ({ shard }) => shard))
      return Effect.logInfo(
        `Reading the journal for the outboxes of ${shards.size} shards: at sequence ${after} of ${upTo}.`,
      )
    })

  /** Whether so few shards read far that they are served one by one. */
  const isAlone = ({ waiting }: Partition, first: Waiting): boolean =>
    !isShort(first) && Array.from(waiting).filter((each) => !isShort(each)).length < SHARED_BY_MIN

  /** A page of the shard's own records. */
  const readOwn = Effect.fnUntraced(function* (partition: Partition, one: Waiting) {
    const { shard, after, upTo } = one
    const page = Effect.map(
      somePage(journal.scan({ shard, after, upTo }), `shard ${shard} after ${after}`),
      (records): ShardPage => ({ records, upTo: records.at(-1)?.sequence ?? after }),
    )
    const exit = yield* Effect.exit(page)
    if (partition.waiting.delete(one)) one.answer(exit)
  })

  const readShared = Effect.fnUntraced(function* (partition: Partition, first: Waiting) {
    const { after } = first
    const upTo = Math.max(...Array.from(partition.waiting, (each) => each.upTo))
    const scan = somePage(journal.scan({ after, upTo }), `shard ${first.shard} after ${after}`)
    const exit = yield* Effect.exit(scan)
    if (Exit.isFailure(exit)) {
      for (const { answer } of takeAll(partition)) answer(Effect.failCause(exit.cause))
      return
    }
    const page = new PartitionPage(after, exit.value, shardCount)
    for (const waiting of Array.from(partition.waiting)) {
      const part = page.partOf(waiting)
      if (part === undefined) continue
      partition.waiting.delete(waiting)
      waiting.answer(Effect.succeed(part))
    }
  })

  const readAll = Effect.fnUntraced(function* (partition: Partition) {
    partition.isReading = true
    while (true) {
      // All shards that want something now join the next page.
      yield* Effect.yieldNow
      const first = firstOf(Array.from(partition.waiting))
      if (first === undefined) break
      if (!isShort(first)) yield* sayProgress(partition, first)
      yield* isAlone(partition, first) ? readOwn(partition, first) : readShared(partition, first)
    }
    partition.isReading = false
  })

  return (range) =>
    Effect.callback((resume) => {
      const partition = partitions[partitionOfShard(range.shard, partitionCount)] as Partition
      const waiting = { ...range, answer: resume }
      partition.waiting.add(waiting)
      if (!partition.isReading) fork(readAll(partition))
      return Effect.sync(() => partition.waiting.delete(waiting))
    })
})

const takeAll = ({ waiting }: { readonly waiting: Set<Waiting> }): ReadonlyArray<Waiting> => {
  const all = Array.from(waiting)
  waiting.clear()
  return all
}
