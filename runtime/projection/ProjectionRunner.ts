/**
 * A projection as a system holds it: its partitions, each run here or by another process.
 *
 * Owns that a partition is run once at a time, however often it is opened and closed, the status of all of them, and
 * read-your-writes wherever a partition is run. How one is run: ProjectionPartition.ts. Who opens them: the system.
 */
import { Clock, Effect, Option, type Scope, Semaphore } from "effect"
import { Journal } from "../journal/Journal.ts"
import { partitionOfSequence } from "../journal/Partition.ts"
import { watchOffset } from "./OffsetWatch.ts"
import type { ProjectionDefinition } from "./Projection.ts"
import { runProjectionPartition } from "./ProjectionPartition.ts"
import { ProjectionProgress } from "./ProjectionProgress.ts"
import { type ProjectionStatus, ProjectionTimeout, projectionStatus } from "./ProjectionStatus.ts"
import { type ProjectionFailed, ReadModel } from "./ReadModel.ts"
import { type SkipOrder, SkipRefused, type SkipReport, type StoppedRecord } from "./RecordSkip.ts"

/** Longest wait for the database before the system starts without it. */
const PREPARE_AT_START_MS = 5_000

export interface ProjectionRunner {
  readonly projection: ProjectionDefinition
  readonly status: () => ProjectionStatus
  /**
   * Returns once everything up to `sequence` is in the tables, whoever runs its partition: read your writes.
   * `sequence` is that of a commit of an actor type that the projection reads.
   */
  readonly waitFor: (sequence: number, timeoutMs: number) => Effect.Effect<void, ProjectionTimeout>
  /**
   * Runs a partition here. The end of the scope stops it after the batch in work, and waits for that. A partition that
   * is run already is taken up by the next one when it has stopped.
   */
  readonly open: (partition: number) => Effect.Effect<void, never, Scope.Scope>
  /** The record at which a partition that is run here stands still. */
  readonly stopped: (partition: number) => StoppedRecord | undefined
  /** Has a partition that is run here step past the record at which it stands still. Returns once it is past it. */
  readonly skip: (partition: number, order: SkipOrder) => Effect.Effect<SkipReport, SkipRefused>
}

/**
 * Makes its tables, and runs nothing yet. A database that is down does not fail this, a projection that the read model
 * refuses does. The scope ends those who wait for partitions that are run elsewhere.
 */
export const makeProjectionRunner = Effect.fnUntraced(function* (
  projection: ProjectionDefinition,
  settings: { readonly shardCount: number },
): Effect.fn.Return<ProjectionRunner, ProjectionFailed, Journal | ReadModel | Scope.Scope> {
  const journal = yield* Journal
  const readModel = yield* ReadModel
  const clock = yield* Clock.Clock
  yield* readModel.prepare(projection, 0).pipe(
    Effect.timeoutOption(PREPARE_AT_START_MS),
    Effect.catchTag("ReadModelUnavailable", () => Effect.succeed(Option.none())),
  )
  const { partitionCount } = journal
  const places = Array.from({ length: partitionCount }, (_, partition) => {
    const progress = new ProjectionProgress(partition, partitionCount, clock)
    const run = runProjectionPartition(projection, progress, settings).pipe(
      Effect.provideService(Journal, journal),
      Effect.provideService(ReadModel, readModel),
    )
    return { progress, once: Semaphore.makeUnsafe(1).withPermit(run) }
  })
  const placeAt = (partition: number) => {
    const place = places[partition]
    if (place === undefined) throw new RangeError(`partition ${partition} of ${partitionCount}`)
    return place
  }
  for (const { progress } of places) {
    yield* Effect.forkScoped(watchOffset(projection, readModel, progress))
  }

  return {
    projection,
    status: () =>
      projectionStatus(
        projection,
        places.map(({ progress }) => progress.status()),
      ),
    waitFor: (sequence, timeoutMs) => {
      const { progress } = placeAt(partitionOfSequence(sequence, partitionCount))
      const inVain = Effect.suspend(() => {
        const status = projectionStatus(projection, [progress.status()])
        return Effect.fail(
          new ProjectionTimeout({ projection: projection.name, sequence, timeoutMs, status }),
        )
      })
      return progress
        .reached(sequence)
        .pipe(Effect.timeoutOrElse({ duration: timeoutMs, orElse: () => inVain }))
    },
    open: (partition) =>
      Effect.asVoid(Effect.forkScoped(placeAt(partition).once, { startImmediately: true })),
    stopped: (partition) => placeAt(partition).progress.skip.stopped,
    skip: (partition, order) => {
      const { progress } = placeAt(partition)
      return progress.isHere
        ? progress.skip.order(order, () => progress.offset)
        : Effect.fail(new SkipRefused({ sequence: order.sequence, detail: "this node does not run it" }))
    },
  }
})
