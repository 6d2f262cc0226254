/**
 * A projection's runner on a journal and a read model in memory, with faults on demand and a clock that only moves when
 * told to.
 */
import { Effect, type Exit, Layer, type Scope } from "effect"
import { TestClock } from "effect/testing"
import { Journal } from "../../../runtime/journal/Journal.ts"
import { JournalMemory } from "../../../runtime/journal/JournalMemory.ts"
import type { ProjectionDefinition } from "../../../runtime/projection/Projection.ts"
import { makeProjectionRunner, type ProjectionRunner } from "../../../runtime/projection/ProjectionRunner.ts"
import { ReadModel, type ReadModelService } from "../../../runtime/projection/ReadModel.ts"
import { makeReadModelMemory, type ReadModelMemory } from "../../../runtime/projection/ReadModelMemory.ts"
import { realDate } from "../../fixtures/time/RealDate.ts"
import { LedgerWriter, shardCount } from "./Ledger.ts"

export interface Given {
  readonly writer: LedgerWriter
  readonly readModel: ReadModelMemory
  /** Replaces parts of the read model that the runners see. */
  readonly faults: { -readonly [Verb in keyof ReadModelService]?: ReadModelService[Verb] }
  readonly applied: Array<{
    readonly partition: number
    readonly from: number
    readonly to: number
    readonly eventCount: number
  }>
  /** Makes it and runs nothing. */
  readonly make: (projection: ProjectionDefinition) => Effect.Effect<ProjectionRunner, unknown, Scope.Scope>
  /** Starts it in the scope, in all partitions. */
  readonly start: (projection: ProjectionDefinition) => Effect.Effect<ProjectionRunner, unknown, Scope.Scope>
}

export const run = (
  body: (given: Given) => Effect.Effect<void, unknown, Scope.Scope>,
  disturbed: (journal: Journal["Service"]) => Journal["Service"] = (journal) => journal,
  partitionCount = 1,
): Promise<void> =>
  Effect.runPromise(
    Effect.gen(function* () {
      const journal = disturbed(yield* Journal)
      const readModel = makeReadModelMemory()
      const faults: Given["faults"] = {}
      const applied: Array<Given["applied"][number]> = []
      const seen: ReadModelService = {
        ...readModel,
        prepare: (projection, partition) => (faults.prepare ?? readModel.prepare)(projection, partition),
        offset: (projection, partition) => (faults.offset ?? readModel.offset)(projection, partition),
        startOver: (projection, place) => (faults.startOver ?? readModel.startOver)(projection, place),
        apply: (projection, batch) =>
          (faults.apply ?? readModel.apply)(projection, batch).pipe(
            Effect.tap(() =>
              Effect.sync(() => {
                const { partition, from, to, events } = batch
                applied.push({ partition, from, to, eventCount: events.length })
              }),
            ),
          ),
      }
      const make = (projection: ProjectionDefinition) =>
        makeProjectionRunner(projection, { shardCount }).pipe(
          Effect.provideService(Journal, journal),
          Effect.provideService(ReadModel, seen),
        )
      const partitions = Array.from({ length: partitionCount }, (_, partition) => partition)
      const start = (projection: ProjectionDefinition) =>
        Effect.tap(make(projection), ({ open }) => Effect.forEach(partitions, open))
      yield* body({
        writer: new LedgerWriter(journal),
        readModel,
        faults,
        applied,
        make,
        start,
      })
    }).pipe(Effect.scoped, Effect.provide(Layer.merge(JournalMemory.layer({ partitionCount }), realDate))),
  )

/** Moves the clock in steps until `condition` holds: waits on a condition, in virtual time. */
export const until = (condition: () => boolean, stepMs = 100): Effect.Effect<void> =>
  Effect.gen(function* () {
    for (let step = 0; !condition(); step++) {
      if (step > 5_000) throw new Error("the condition never came true")
      yield* TestClock.adjust(stepMs)
    }
  })

export const virtualTime = <A, E>(effect: Effect.Effect<A, E>): Effect.Effect<A, E, Scope.Scope> =>
  Effect.gen(function* () {
    const fiber = yield* Effect.forkScoped(effect)
    yield* until(() => fiber.pollUnsafe() !== undefined)
    return yield* Effect.flatten(Effect.sync(() => fiber.pollUnsafe() as Exit.Exit<A, E>))
  })
