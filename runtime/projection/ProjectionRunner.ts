/**
 * A projection in a system: its partitions, each run here or by another process.
 *
 * Owns their status, and read-your-writes for partitions on any node. When a partition runs:
 * ../follower/Follower.ts. How it runs: ProjectionPartition.ts.
 */
import { Clock, Effect, Option, type Scope } from "effect"
import { type Follower, FollowerParts } from "../follower/Follower.ts"
import { Journal } from "../journal/Journal.ts"
import { watchOffset } from "./OffsetWatch.ts"
import type { ProjectionDefinition } from "./Projection.ts"
import { runProjectionPartition } from "./ProjectionPartition.ts"
import { ProjectionProgress } from "./ProjectionProgress.ts"
import { type ProjectionStatus, ProjectionTimeout, projectionStatus } from "./ProjectionStatus.ts"
import { type ProjectionFailed, ReadModel } from "./ReadModel.ts"
import type { RebuildRefused } from "./Rebuild.ts"

/** Longest wait for the database before the system starts without it. */
const PREPARE_AT_START_MS = 5_000

export interface ProjectionRunner extends Follower {
  readonly projection: ProjectionDefinition
  readonly status: () => ProjectionStatus
  /**
   * Returns once everything up to `sequence` is in the tables, whichever node runs its partition. Use it to
   * read your own writes. `sequence` is the sequence of a commit of an actor type that the projection reads.
   */
  readonly waitFor: (sequence: number, timeoutMs: number) => Effect.Effect<void, ProjectionTimeout>
  /**
   * Begins the projection again: a partition that runs here empties the tables and sets the offsets of all
   * partitions to 0, between two of its own transactions. Returns once that is stored.
   */
  readonly rebuild: (partition: number) => Effect.Effect<void, RebuildRefused>
  /**
   * The projection was begun again. Partitions that run here go on from the offset that is stored; of others,
   * what this node knew is forgotten. Returns once the partitions here have read their offsets.
   */
  readonly wasRebuilt: Effect.Effect<void>
}

/**
 * Makes its tables, and runs nothing yet. It succeeds while the database is down, and fails if the read model
 * refuses the projection. The scope ends waits for partitions that other processes run.
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
  const parts = new FollowerParts(partitionCount, (partition) => {
    const progress = new ProjectionProgress(projection.name, partition, partitionCount, clock)
    const run = runProjectionPartition(projection, progress, settings).pipe(
      Effect.provideService(Journal, journal),
      Effect.provideService(ReadModel, readModel),
    )
    return { progress, run }
  })
  for (const { progress } of parts.all) {
    yield* Effect.forkScoped(watchOffset(projection, readModel, progress))
  }

  return {
    projection,
    status: () =>
      projectionStatus(
        projection,
        parts.all.map(({ progress }) => progress.status()),
      ),
    waitFor: (sequence, timeoutMs) => {
      const { progress } = parts.of(sequence)
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
    rebuild: (partition) =>
      Effect.suspend(() => {
        const { isHere, rebuild } = parts.at(partition).progress
        return isHere
          ? rebuild.order("empty")
          : Effect.fail(rebuild.refusal("NotHere", `this node does not run partition ${partition}`))
      }),
    wasRebuilt: Effect.suspend(() =>
      Effect.forEach(
        parts.all,
        ({ progress }) => {
          // A partition that is given up meanwhile reads its offset at its next owner.
          if (progress.isHere) return Effect.ignore(progress.rebuild.order("look"))
          return Effect.sync(() => progress.moveTo(0))
        },
        { concurrency: "unbounded", discard: true },
      ),
    ),
    open: parts.open,
    stopped: parts.stopped,
    skip: parts.skip,
  }
})
