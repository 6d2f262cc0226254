/**
 * A reactor as a system holds it: its partitions, each run here or by another process.
 *
 * Owns that a partition is run once at a time, however often it is opened and closed, the status of all of them, and
 * events that are handed back. How one is run: ReactorPartition.ts. Who opens them: the system.
 */
import { Clock, Effect, type Scope, Semaphore } from "effect"
import { Checkpoints } from "../checkpoint/Checkpoints.ts"
import { DeadLetters } from "../deadletter/DeadLetters.ts"
import { EventPublisher } from "../integration/EventPublisher.ts"
import { Journal } from "../journal/Journal.ts"
import { partitionOfSequence } from "../journal/Partition.ts"
import { Mailbox } from "../mailbox/Mailbox.ts"
import type { DispatchPorts } from "../outbox/Dispatcher.ts"
import { type SkipOrder, SkipRefused, type SkipReport, type StoppedRecord } from "../projection/RecordSkip.ts"
import { Reacting, type ReactorPlace, type ReactorRedriveFailed } from "./Reacting.ts"
import type { ReactorDefinition } from "./Reactor.ts"
import { runReactorPartition } from "./ReactorPartition.ts"
import { ReactorProgress } from "./ReactorProgress.ts"
import { type ReactorStatus, reactorStatus } from "./ReactorStatus.ts"

export interface ReactorRunner {
  readonly reactor: ReactorDefinition
  readonly status: () => ReactorStatus
  /**
   * Reads the event at `place` from the journal and reacts to it once more, under the same message ids. Works wherever
   * its partition is run.
   */
  readonly redrive: (place: ReactorPlace) => Effect.Effect<void, ReactorRedriveFailed>
  /**
   * Runs a partition here. The end of the scope stops it and stores its position, and waits for that. A partition that
   * is run already is taken up by the next one when it has stopped.
   */
  readonly open: (partition: number) => Effect.Effect<void, never, Scope.Scope>
  /** The record at which a partition that is run here stands still. */
  readonly stopped: (partition: number) => StoppedRecord | undefined
  /** Has a partition that is run here step past the record at which it stands still. Returns once it is past it. */
  readonly skip: (partition: number, order: SkipOrder) => Effect.Effect<SkipReport, SkipRefused>
}

type Ports = Journal | Mailbox | Checkpoints | DeadLetters | EventPublisher

/** Runs nothing yet. */
export const makeReactorRunner = Effect.fnUntraced(function* (
  reactor: ReactorDefinition,
  settings: { readonly namespace: string; readonly shardCount: number },
): Effect.fn.Return<ReactorRunner, never, Ports> {
  const journal = yield* Journal
  const checkpoints = yield* Checkpoints
  const clock = yield* Clock.Clock
  const ports: DispatchPorts = {
    ...settings,
    mailbox: yield* Mailbox,
    publisher: yield* EventPublisher,
    deadLetters: yield* DeadLetters,
  }
  const { partitionCount } = journal
  const places = Array.from({ length: partitionCount }, (_, partition) => {
    const progress = new ReactorProgress(partition, partitionCount, clock)
    const reacting = new Reacting(reactor, ports, progress)
    const run = runReactorPartition(reactor, reacting, progress).pipe(
      Effect.provideService(Journal, journal),
      Effect.provideService(Checkpoints, checkpoints),
    )
    return { progress, reacting, once: Semaphore.makeUnsafe(1).withPermit(run) }
  })
  const placeAt = (partition: number) => {
    const place = places[partition]
    if (place === undefined) throw new RangeError(`partition ${partition} of ${partitionCount}`)
    return place
  }
  return {
    reactor,
    status: () =>
      reactorStatus(
        reactor.name,
        places.map(({ progress }) => progress.status()),
      ),
    redrive: (place) =>
      placeAt(partitionOfSequence(place.sequence, partitionCount)).reacting.redrive(journal, place),
    open: (partition) =>
      Effect.asVoid(Effect.forkScoped(placeAt(partition).once, { startImmediately: true })),
    stopped: (partition) => placeAt(partition).progress.skip.stopped,
    skip: (partition, order) => {
      const { progress } = placeAt(partition)
      return progress.isHere
        ? progress.skip.order(order, () => progress.position)
        : Effect.fail(new SkipRefused({ sequence: order.sequence, detail: "this node does not run it" }))
    },
  }
})
