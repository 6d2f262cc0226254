/**
 * How far projections and reactors are by what Postgres, the checkpoints and the journal hold, whichever node
 * runs them.
 *
 * A node knows of the partitions that it runs itself (runtime/follower/FollowerProgress.ts). Of the others a
 * gateway learns here. Owns the reads, and finding them for a system.
 */
import { Effect } from "effect"
import { Checkpoints } from "../../runtime/checkpoint/Checkpoints.ts"
import type { FollowerState } from "../../runtime/follower/FollowerStatus.ts"
import { Journal } from "../../runtime/journal/Journal.ts"
import { recordCountBetween, streamSequenceUpTo } from "../../runtime/journal/Partition.ts"
import type { ReactorDefinition } from "../../runtime/reactor/Reactor.ts"
import { positionName, readStoredPosition } from "../../runtime/reactor/StoredPosition.ts"
import type { ActorSystemService } from "../../runtime/system/ActorSystem.ts"
import { findMessage } from "../nats/connection/JetStreamApi.ts"
import { NatsConnection } from "../nats/connection/NatsConnection.ts"
import { streamName } from "../nats/journal/JournalSettings.ts"
import { journalSubjectsOf } from "../nats/journal/JournalSubject.ts"
import { PostgresPool } from "../postgres/PostgresPool.ts"

/** Longest wait for the journal, in milliseconds. */
const JOURNAL_MS = 2_000

/** How far a follower is in one partition, or in all of them. */
interface Progress {
  /** Sequence up to which it has finished everything; of several partitions, in the one furthest behind. */
  readonly position: number
  /** Records after the position, those of other actor types included; 0 if none is of the follower's types. */
  readonly lag: number
}

/** What a node knows of one partition. */
export interface KnownPartition extends Progress {
  readonly partition: number
  readonly state: FollowerState
}

/** Reads how far a follower is in a partition. Fails with a sentence. */
export type ReadProgress = (partition: number) => Effect.Effect<Progress, string>

/** The reads of one system. */
interface StoredProgress {
  readonly partitionCount: number
  readonly ofProjection: (projection: { readonly name: string; readonly version: number }) => ReadProgress
  readonly ofReactor: (reactor: ReactorDefinition) => ReadProgress
}

const known = new WeakMap<ActorSystemService, StoredProgress>()

/** The reads of a system that `layer` or `ActorSystem.start` has made; undefined for one in memory. */
export const storedProgressOf = (system: ActorSystemService): StoredProgress | undefined => known.get(system)

/** The total of all partitions: those that run on this node as it knows them, the others as they are stored. */
export const progressOfAll = (
  partitions: ReadonlyArray<KnownPartition>,
  read: ReadProgress,
): Effect.Effect<Progress, string> =>
  Effect.map(
    Effect.forEach(
      partitions,
      (known): Effect.Effect<Progress, string> =>
        known.state === "elsewhere" ? read(known.partition) : Effect.succeed(known),
    ),
    (all) => ({
      position: all.reduce((worst, next) => (next.lag > worst.lag ? next : worst)).position,
      lag: all.reduce((sum, { lag }) => sum + lag, 0),
    }),
  )

/** Makes the reads of a system that has just been built. */
export const keepStoredProgress = Effect.fnUntraced(function* (
  system: ActorSystemService,
  namespace: string,
) {
  const pool = yield* PostgresPool
  const { requests } = yield* NatsConnection
  const { partitionCount, lastSequence } = yield* Journal
  const checkpoints = yield* Checkpoints
  const subjects = journalSubjectsOf(namespace)

  /** Whether there is a record after the position below a subject. */
  const hasNext = Effect.fnUntraced(function* (partition: number, position: number, wanted: string) {
    const stream = streamName(namespace, partitionCount, partition)
    const seq = streamSequenceUpTo(position, partition, partitionCount) + 1
    return (yield* findMessage(requests, stream, { next_by_subj: wanted, seq }, JOURNAL_MS)) !== undefined
  })

  const progressAt = Effect.fnUntraced(function* (
    partition: number,
    position: number,
    wanted: ReadonlyArray<string>,
  ) {
    const next = yield* Effect.forEach(wanted, (subject) => hasNext(partition, position, subject))
    if (!next.includes(true)) return { position, lag: 0 }
    const newest = yield* lastSequence(partition)
    return { position, lag: recordCountBetween(position, newest, partitionCount) }
  })

  const subjectsOf = (types: ReadonlyArray<{ readonly type: string }>) =>
    types.map(({ type }) => subjects.ofType(type))

  known.set(system, {
    partitionCount,
    ofProjection: ({ name, version }) => {
      // Nodes of two releases may run two versions, which read other types.
      const from = system.given.projections.find(
        (each) => each.name === name && each.version === version,
      )?.from
      const wanted = from === undefined ? [subjects.all] : subjectsOf(from)
      return (partition) =>
        Effect.gen(function* () {
          const { rows } = yield* pool.query({
            text: `select sequence from ${pool.table("projections")}
              where namespace = $1 and name = $2 and version = $3 and partition = $4`,
            values: [namespace, name, version, partition],
          })
          return yield* progressAt(partition, Number(rows[0]?.["sequence"] ?? 0), wanted)
        }).pipe(Effect.mapError(({ message }) => message))
    },
    ofReactor: (reactor) => {
      const wanted = subjectsOf(reactor.from)
      return (partition) =>
        Effect.gen(function* () {
          const name = positionName(reactor.name, partition, partitionCount)
          const { after } = yield* readStoredPosition(checkpoints, reactor, name)
          return after === undefined ? { position: 0, lag: 0 } : yield* progressAt(partition, after, wanted)
        }).pipe(Effect.mapError(({ message }) => message))
    },
  })
})
