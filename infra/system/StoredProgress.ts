/**
 * How far projections are by what Postgres and the journal hold, whichever node runs them.
 *
 * A node knows of a projection that it runs itself (runtime/projection/ProjectionStatus.ts). Of the others a
 * gateway learns here. Owns the two reads, and finding them for a system.
 */
import { Effect } from "effect"
import { Journal } from "../../runtime/journal/Journal.ts"
import { recordCountBetween, streamSequenceUpTo } from "../../runtime/journal/Partition.ts"
import type { ActorSystemService } from "../../runtime/system/ActorSystem.ts"
import { findMessage } from "../nats/connection/JetStreamApi.ts"
import { NatsConnection } from "../nats/connection/NatsConnection.ts"
import { streamName } from "../nats/journal/JournalSettings.ts"
import { journalSubjectsOf } from "../nats/journal/JournalSubject.ts"
import { PostgresPool } from "../postgres/PostgresPool.ts"

/** Longest wait for the journal, in milliseconds. */
const JOURNAL_MS = 2_000

interface StoredProgress {
  /** Offset of the partition that is furthest behind. */
  readonly offset: number
  /** Records after the offsets, those of other actor types included; 0 if none is of the projection's types. */
  readonly lag: number
}

interface Named {
  readonly name: string
  readonly version: number
}

/** Reads how far a projection is. Fails with a sentence. */
type ReadProgress = (projection: Named) => Effect.Effect<StoredProgress, string>

const known = new WeakMap<ActorSystemService, ReadProgress>()

/** The reads of a system that `layer` or `ActorSystem.start` has made; undefined for one in memory. */
export const storedProgressOf = (system: ActorSystemService): ReadProgress | undefined => known.get(system)

/** Makes the reads of a system that has just been built. */
export const keepStoredProgress = Effect.fnUntraced(function* (
  system: ActorSystemService,
  namespace: string,
) {
  const pool = yield* PostgresPool
  const { requests } = yield* NatsConnection
  const { partitionCount, lastSequence } = yield* Journal
  const subjects = journalSubjectsOf(namespace)

  /** Whether there is a record after the offset below a subject. */
  const hasNext = Effect.fnUntraced(function* (partition: number, offset: number, wanted: string) {
    const stream = streamName(namespace, partitionCount, partition)
    const seq = streamSequenceUpTo(offset, partition, partitionCount) + 1
    return (yield* findMessage(requests, stream, { next_by_subj: wanted, seq }, JOURNAL_MS)) !== undefined
  })

  known.set(system, ({ name, version }) =>
    Effect.gen(function* () {
      const from = system.given.projections.find((each) => each.name === name)?.from
      const wanted = from === undefined ? [subjects.all] : from.map(({ type }) => subjects.ofType(type))
      const { rows } = yield* pool.query({
        text: `select partition, sequence from ${pool.table("projections")}
          where namespace = $1 and name = $2 and version = $3`,
        values: [namespace, name, version],
      })
      const partitions = yield* Effect.forEach(rows, (row) =>
        Effect.gen(function* () {
          const [partition, offset] = [Number(row["partition"]), Number(row["sequence"])]
          const next = yield* Effect.forEach(wanted, (subject) => hasNext(partition, offset, subject))
          const newest = yield* lastSequence(partition)
          return {
            offset,
            lag: next.includes(true) ? recordCountBetween(offset, newest, partitionCount) : 0,
          }
        }),
      )
      return partitions.reduce(
        (sum, { offset, lag }, index) => ({
          offset: index === 0 || lag > sum.lag ? offset : sum.offset,
          lag: sum.lag + lag,
        }),
        { offset: 0, lag: 0 },
      )
    }).pipe(Effect.mapError(({ message }) => message)),
  )
})
